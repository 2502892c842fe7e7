"""dbt alone, in this process, over what raw holds."""

import pytest

from warehouse.connection import dbt_environment
from warehouse.settings import DBT_PROJECT, ROOT, Target


def dbt_build(target: Target, *selected: str) -> None:
    """Build the selected seeds and models, without their tests; fails when a node does."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    arguments = ["build", "--quiet", "--target", target, "--target-path", f"target/{target}"]
    arguments += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(ROOT)]
    arguments += ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    with pytest.MonkeyPatch.context() as environment:
        for name, value in dbt_environment(target).items():
            environment.setenv(name, value)
        try:
            outcome = dbtRunner().invoke([*arguments, "--select", *selected])
        finally:
            if target == "duckdb":  # dbt would keep the file open
                DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.exception:
        raise outcome.exception
    results = getattr(outcome.result, "results", [])
    failed = {r.node.name: r.message for r in results if r.status not in ("success", "skipped")}
    assert results
    assert outcome.success, failed
