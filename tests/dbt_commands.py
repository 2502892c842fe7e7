"""dbt as a person calls it, in this process, where a second call is quick."""

import os
import shutil
from pathlib import Path
from typing import Any, cast

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from flows.build import make_source_tables
from warehouse.connection import dbt_environment
from warehouse.settings import DBT_PROJECT, Target

_PARSED = "partial_parse.msgpack"


def dbt(target: Target, *arguments: str, project: Path = DBT_PROJECT) -> dict[str, Any]:
    """Run a command of dbt on the test's warehouse; the result of each node by its name.

    As in a run, the tables of `ops` that the models read are made before.

    `failures` of a test's result are its failing rows. The nodes may fail; that dbt cannot run
    them is an error.
    """
    make_source_tables(target)
    # What a run has parsed need not be parsed again, nor what a copy has in common with it.
    ours = Path(os.environ["DBT_TARGET_PATH"], target)
    parsed = ours if project == DBT_PROJECT else project / "target" / target
    if parsed != ours and not parsed.exists() and (ours / _PARSED).exists():
        parsed.mkdir(parents=True)
        shutil.copy(ours / _PARSED, parsed)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in dbt_environment(target).items():
            environment.setenv(name, value)
        try:
            outcome = dbtRunner().invoke(
                [
                    "--quiet",
                    *arguments,
                    "--no-write-json",
                    *("--log-level-file", "none"),
                    "--target",
                    target,
                    "--project-dir",
                    str(project),
                    "--target-path",
                    str(parsed),
                ]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert outcome.exception is None, outcome.exception
    return {result.node.name: result for result in cast(Any, outcome.result).results}
