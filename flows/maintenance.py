"""The upkeep of a warehouse: tidied up, and backed up in a way that was seen to restore."""

from pathlib import Path
from typing import Annotated

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff
from pydantic import Field

from flows import artifacts
from flows.failures import record_failure, tell_of_failure, tell_of_success
from flows.progress import watcher
from flows.runs import held, is_passing, recorded, unattended
from warehouse.backups import Backup, back_up, check_keep, vacuum_tables
from warehouse.lock import hold_on
from warehouse.postgis_server import as_owner
from warehouse.records import refuse_if_empty
from warehouse.settings import KEPT_BACKUPS, Target, backups_folder, resolve_target

# The whole history takes minutes; what has not ended after hours never will.
_LONGEST_S = 3 * 60 * 60


@task(
    name="vacuum",
    retries=3,
    # A server that restarts is back within these 70 seconds and more.
    retry_delay_seconds=exponential_backoff(backoff_factor=10),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_passing,
    cache_policy=NO_CACHE,
)
def vacuum(target: Target) -> None:
    """Tidy up what changed rows left, and bring the statistics up to date."""
    hold_on(target)
    vacuum_tables(target)


@task(
    name="backup",
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=10),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_passing,
    cache_policy=NO_CACHE,
)
def backup(target: Target, folder: Path, keep: int) -> Backup:
    """Write a backup and test it by restoring it."""
    hold_on(target)
    return back_up(target, folder, keep, watcher().say)


@flow(
    name="maintenance",
    timeout_seconds=_LONGEST_S,
    on_failure=[record_failure, tell_of_failure],
    on_crashed=[tell_of_failure],
    on_completion=[tell_of_success],
)
def maintenance(
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
    backups: Annotated[
        str | None,
        Field(
            description="The folder for backups, on the worker's machine; by default"
            " WAREHOUSE_BACKUPS, else data/backups."
        ),
    ] = None,
    keep: Annotated[
        int, Field(ge=1, description="How many backups are kept, the new one included.")
    ] = KEPT_BACKUPS,
) -> Backup:
    """Vacuum and analyze, then write a backup, restore it elsewhere and compare every table.

    Raises:
        WrongCall: the target is none that there is, or no backup would be kept.
        WarehouseError: the warehouse is empty or in use, or a step failed; the warehouse and
            older backups are as they were.
    """
    where = resolve_target(target)
    check_keep(keep)
    folder = Path(backups) if backups else backups_folder()
    parameters: dict[str, object] = {
        "maintenance": True,
        "target": where,
        "backups": str(folder),
        "keep": keep,
    }
    with unattended(), as_owner():
        refuse_if_empty(where)
        with held(where), recorded(where, parameters):
            watcher().say("vacuum: tidying up the tables")
            vacuum(where)
            done = backup(where, folder, keep)
            artifacts.show_backup(done)
            watcher().say(describe(done))
    return done


def describe(done: Backup) -> str:
    """What a backup is, in one line."""
    rows = sum(table.rows for table in done.tables)
    gone = f"; {len(done.removed)} older ones deleted" if done.removed else ""
    return (
        f"backup: {done.file}, {done.bytes:,} bytes in {done.seconds:.1f} s; restored and compared"
        f" in {done.test_seconds:.1f} s: {len(done.tables)} tables, {rows:,} rows{gone}"
    )
