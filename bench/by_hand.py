"""`python -m bench.by_hand`: the SQL of the last build, run in its order without dbt.

Tables and views are made in a schema of their own, of what the build made, with their indexes;
of a test the rows are counted.
"""

import json
import time
from graphlib import TopologicalSorter
from typing import Any

import typer
from dbt.cli.main import dbtRunner

from flows.dbt_session import dbt_session
from flows.options import Target as TargetOption
from ingestion.sample_portal.generator import quoted
from warehouse.connection import Connection, connect, spatial_extension
from warehouse.settings import DBT_PROJECT, Target, resolve_target

_SCHEMA = "by_hand"
# What has rows of its own; functions have none, and a test's are counted.
_MATERIALIZED = ("table", "incremental", "view", "test")


def main(target: TargetOption = None) -> None:
    """Run all of it and write the seconds that it took."""
    resolved = resolve_target(target)
    nodes = _compiled(resolved)
    with connect(resolved) as connection:
        connection.execute(f"drop schema if exists {_SCHEMA} cascade")
        connection.execute(f"create schema {_SCHEMA}")
    started = time.perf_counter()
    with connect(resolved) as connection:
        if resolved == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        for node in nodes:
            _run(connection, node)
    seconds = time.perf_counter() - started
    with connect(resolved) as connection:
        connection.execute(f"drop schema {_SCHEMA} cascade")
    typer.echo(json.dumps({"nodes": len(nodes), "seconds": seconds}))


def _compiled(target: Target) -> list[Any]:
    """The models and tests with their SQL as dbt compiles it, each after what it reads."""
    call = ["--quiet", "compile", "--full-refresh", "--target", target]
    with dbt_session(target):
        outcome: Any = dbtRunner().invoke([*call, "--project-dir", str(DBT_PROJECT)])
    if not outcome.success:
        raise SystemExit(f"dbt: {outcome.exception}")
    nodes = {
        result.node.unique_id: result.node
        for result in outcome.result.results
        if result.node.compiled_code and result.node.config.materialized in _MATERIALIZED
    }
    order = TopologicalSorter({name: node.depends_on.nodes for name, node in nodes.items()})
    return [nodes[name] for name in order.static_order() if name in nodes]


def _run(connection: Connection, node: Any) -> None:
    sql, name = node.compiled_code, quoted(node.name)
    if node.resource_type == "test":
        connection.fetch(f"select count(*) as failures from ({sql}) as failing")
        return
    kind = "view" if node.config.materialized == "view" else "table"
    connection.execute(f"create {kind} {_SCHEMA}.{name} as {sql}")
    if connection.target == "postgis":
        for index in node.config.get("indexes") or []:
            columns = ", ".join(index["columns"])
            connection.execute(
                f"create index on {_SCHEMA}.{name} using {index.get('type') or 'btree'} ({columns})"
            )


if __name__ == "__main__":
    typer.run(main)
