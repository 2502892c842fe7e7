"""dbt build: from raw to the marts, each node of dbt seen as a task run of Prefect."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from prefect import flow
from pydantic import Field

import ingestion.layers
import ingestion.raw
import warehouse.reconciliation
import warehouse.records
from flows import artifacts
from flows.dbt_session import dbt_session, target_path
from flows.progress import watcher
from flows.runs import held, recorded
from ingestion.catalog import load_catalog
from warehouse.builds import forget_build, last_build, present_sources, record_build
from warehouse.connection import ensure_ready
from warehouse.errors import WarehouseError
from warehouse.records import refuse_if_empty
from warehouse.settings import DBT_PROJECT, ROOT, Target, resolve_target

# A line that lists more names than this is read by nobody.
_NAMES_A_LINE = 5
# What dbt reads of its project.
_SOURCES = {".sql", ".yml", ".csv", ".md"}


@dataclass(frozen=True)
class Built:
    """What a build did: how many nodes there were, and those that warned."""

    nodes: int
    warnings: tuple[str, ...]


@flow(name="build")
def build(
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
    full_refresh: Annotated[
        bool, Field(description="Build the incremental models anew from the whole of raw.")
    ] = False,
) -> None:
    """Build and test every model from what raw holds.

    Raises:
        WarehouseError: the warehouse cannot be used, or a node failed; names the node.
    """
    where = resolve_target(target)
    refuse_if_empty(where)
    with held(where):
        ensure_ready(where)
        parameters = {"build": True, "full_refresh": full_refresh}
        with recorded(where, parameters), artifacts.progress(datasets=0):
            build_marts(where, everything=True, full_refresh=full_refresh)


def build_marts(target: Target, *, everything: bool = False, full_refresh: bool = False) -> Built:
    """Build and test what depends on a table of raw that changed since the last build.

    That is every model where the last build failed, was of another day or of other models. Models
    with rows of each record take up those that changed, unless a layer did.

    Args:
        target: the warehouse, whose lock the caller holds.
        everything: build every model all the same.
        full_refresh: the same, and the incremental ones from the whole of raw.

    Raises:
        WarehouseError: dbt could not run, or nodes failed; names them and the first cause.
    """
    make_source_tables(target)
    present = present_sources(target, _project_digest(), load_catalog().datasets)
    last = None if everything or full_refresh else last_build(target)
    changed = present.changed_since(last)
    if changed == []:
        watcher().say("dbt: nothing to build, no row has changed since the last build")
        return Built(0, ())
    arguments = ["build", "--target", target]
    if full_refresh:
        arguments.append("--full-refresh")
    if changed:
        watcher().say(f"dbt: building what depends on {', '.join(changed)}")
        arguments += ["--select", *(f"source:raw.{name}+" for name in changed)]
    else:
        watcher().say("dbt: building the marts")
    before = last.read_before(changed) if last and changed else None
    forget_build(target)
    built = _run_dbt(target, arguments, {"WAREHOUSE_LAST_BUILD": json.dumps(before)})
    record_build(target, present)
    return built


def _run_dbt(target: Target, arguments: list[str], settings: Mapping[str, str]) -> Built:
    """Run dbt in this process: DuckDB lets one process write, and this one holds the lock."""
    from dbt_common.events.base_types import EventLevel
    from prefect_dbt import PrefectDbtSettings

    from flows.dbt_nodes import NodeRunner
    from flows.dbt_retry import resumed

    # dbt's unit tests say nothing of the data: they run with the project's other tests.
    left_out = os.environ.get("DBT_EXCLUDE_RESOURCE_TYPES", "unit_test")
    with dbt_session(target, {"DBT_EXCLUDE_RESOURCE_TYPES": left_out, **settings}):
        runner = NodeRunner(
            on_node=watcher().node,
            settings=PrefectDbtSettings(
                project_dir=DBT_PROJECT,
                profiles_dir=ROOT,
                target_path=target_path(target),
                # For dbt's own log file: Prefect's levels, its default, are not dbt's.
                log_level=EventLevel.INFO,
            ),
            raise_on_failure=False,
            # They would be one more thing to send for each node, and nothing here reads them.
            disable_assets=True,
        )
        results = resumed(runner, target, arguments)
    artifacts.show_build(target, results)
    return _judge(results)


def make_source_tables(target: Target) -> None:
    """See that every table that the models read is there, if an empty one."""
    ingestion.raw.make_tables(load_catalog().datasets.values(), target)
    ingestion.layers.make_tables(target)
    warehouse.reconciliation.make_tables(target)
    warehouse.records.make_tables(target)


def _judge(results: list[Any]) -> Built:
    """Tell of warnings; fail when a node did."""
    failed: list[str] = []
    warned: list[str] = []
    causes: list[str] = []
    for result in results:
        status = str(getattr(result, "status", ""))
        node = getattr(result, "node", None)
        name = f"{getattr(node, 'resource_type', 'node')} {getattr(node, 'name', '?')}"
        message = " ".join(str(getattr(result, "message", None) or "no message").split())
        if status in ("error", "fail", "runtime error"):
            failed.append(name)
            causes.append(message)
            watcher().warn(f"dbt: {name} failed: {message}")
        elif status == "warn":
            warned.append(name)
            watcher().warn(f"dbt: {name} warns: {message}")
    if failed:
        names = ", ".join(failed[:_NAMES_A_LINE])
        more = f" and {len(failed) - _NAMES_A_LINE} more" if len(failed) > _NAMES_A_LINE else ""
        raise WarehouseError(f"dbt build: {names}{more} failed: {causes[0]}")
    # What dbt does at the end of a run, and what is made from the marts, are to it nodes as well.
    nodes = sum(result.node.resource_type not in ("operation", "exposure") for result in results)
    watcher().say(f"dbt: {nodes} nodes built and tested, {len(warned)} with warnings")
    return Built(nodes, tuple(warned))


def _project_digest() -> str:
    """A digest of what dbt builds, its settings included."""
    files = [path for path in DBT_PROJECT.rglob("*") if path.suffix in _SOURCES]
    written = DBT_PROJECT / "target", DBT_PROJECT / "logs"
    digest = hashlib.sha256()
    for path in sorted([*files, ROOT / "profiles.yml"]):
        if not any(path.is_relative_to(folder) for folder in written):
            digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
