"""`python -m bench.by_hand`: the SQL of the last build, run in its order without dbt.

Tables and views are made in a schema of their own, of what the build made, with their indexes
and statistics; of a test the rows are counted.
"""

import json
import time
from contextlib import closing
from graphlib import TopologicalSorter
from typing import Any

import psycopg2
import typer
from dbt.cli.main import dbtRunner

from flows.dbt_session import dbt_session
from flows.options import Target as TargetOption
from ingestion.sample_portal.generator import quoted
from warehouse.connection import open_duckdb, spatial_extension
from warehouse.settings import DBT_PROJECT, Target, resolve_target

_SCHEMA = "by_hand"
# What has rows of its own, which are kept, or of a test counted; functions have none.
_KINDS = {"model": ("table", "incremental", "view"), "test": ("test",)}

# The macro of a model's pre-hook that tells PostgreSQL not to sort what it joins.
_JOIN_BY_HASH = "join_by_hash"


def main(target: TargetOption = None) -> None:
    """Run all of it and write the seconds that it took."""
    resolved = resolve_target(target)
    nodes = _compiled(resolved)
    with closing(_session(resolved)) as session:
        cursor = session.cursor()
        cursor.execute(f"drop schema if exists {_SCHEMA} cascade")
        cursor.execute(f"create schema {_SCHEMA}")
        started = time.perf_counter()
        if resolved == "duckdb":
            cursor.execute(f"load '{spatial_extension()}'")
        for node in nodes:
            _run(cursor, node, resolved)
        seconds = time.perf_counter() - started
        rows = _rows_as_dbt_has(cursor, [node for node in nodes if _is_model(node)])
        cursor.execute(f"drop schema {_SCHEMA} cascade")
    typer.echo(json.dumps({"nodes": len(nodes), "rows": rows, "seconds": seconds}))


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
        if result.node.config.materialized in _KINDS.get(result.node.resource_type, ())
    }
    order = TopologicalSorter({name: node.depends_on.nodes for name, node in nodes.items()})
    return [nodes[name] for name in order.static_order() if name in nodes]


def _session(target: Target) -> Any:
    """A session as one has by hand, in which each statement is committed by itself."""
    if target == "duckdb":
        return open_duckdb()
    session = psycopg2.connect("")
    session.autocommit = True
    return session


def _run(cursor: Any, node: Any, target: Target) -> None:
    sql, name = node.compiled_code, quoted(node.name)
    if not _is_model(node):
        cursor.execute(f"select count(*) as failures from ({sql}) as failing")
        return
    kind = "view" if node.config.materialized == "view" else "table"
    is_hashed = target == "postgis" and any(_JOIN_BY_HASH in it.sql for it in node.config.pre_hook)
    if is_hashed:
        cursor.execute("set enable_mergejoin = off")
    cursor.execute(f"create {kind} {_SCHEMA}.{name} as {sql}")
    if is_hashed:
        cursor.execute("reset enable_mergejoin")
    for index in node.config.get("indexes") or []:
        columns = ", ".join(index["columns"])
        # DuckDB's have no names of their own choice; those that dbt makes there are R-trees.
        if target == "postgis":
            index_name, method = "", index.get("type") or "btree"
        else:
            index_name, method = quoted(f"{node.name}_{columns}"), "rtree"
        cursor.execute(f"create index {index_name} on {_SCHEMA}.{name} using {method} ({columns})")
    if target == "postgis" and kind == "table":
        cursor.execute(f"analyze {_SCHEMA}.{name}")


def _is_model(node: Any) -> bool:
    return bool(node.resource_type == "model")


def _rows_as_dbt_has(cursor: Any, models: list[Any]) -> int:
    """The rows of all that was made, each model's as many as the build's.

    Raises:
        SystemExit: one has more or fewer, so the times are not of the same work.
    """
    rows = 0
    for model in models:
        made, built = (
            _count(cursor, f"{schema}.{quoted(model.name)}")
            for schema in (_SCHEMA, quoted(model.schema))
        )
        if made != built:
            raise SystemExit(f"{model.name}: {made} rows by hand, {built} by dbt")
        rows += made
    return rows


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"select count(*) from {table}")
    [count] = cursor.fetchone()
    return int(count)


if __name__ == "__main__":
    typer.run(main)
