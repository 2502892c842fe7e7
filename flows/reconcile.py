"""The comparison with the portal: as a part of the sync, and as a run of its own."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff
from pydantic import Field

from flows import artifacts
from flows.build import build_marts
from flows.checks import checked
from flows.failures import record_failure, tell_of_failure, tell_of_success
from flows.following import start_site
from flows.logs import of_dataset
from flows.portal_runs import portal_run
from flows.progress import watcher
from flows.runs import is_passing, named, one_line
from ingestion.catalog import Dataset
from ingestion.reconcile import Reconciliation, UnreconciledError, reconcile_dataset
from warehouse.errors import WarehouseError
from warehouse.lock import hold_on
from warehouse.records import loaded_datasets
from warehouse.settings import Target


@task(
    task_run_name="reconcile {dataset.name}",
    # As the load: a request is tried for half a minute by itself, this bears some minutes.
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=20),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_passing,
    cache_policy=NO_CACHE,
)
def reconcile_one(
    dataset: Dataset,
    target: Target,
    run_id: str,
    since: date | None,
    until: date | None,
    deep: bool,
    yes_delete: bool,
) -> Reconciliation:
    """Hold one dataset against the portal, fetch what is missing and mark what has vanished."""
    hold_on(target)  # as the load
    return reconcile_dataset(
        dataset,
        target,
        run_id,
        since=since,
        until=until,
        deep=deep,
        yes_delete=yes_delete,
        say=watcher().say,
        on_progress=watcher().page,
    )


def reconcile_all(
    chosen: Iterable[Dataset],
    target: Target,
    run_id: str,
    *,
    since: date | None = None,
    until: date | None = None,
    deep: bool = False,
    yes_delete: bool = False,
) -> list[Reconciliation]:
    """Reconcile each dataset; one that fails says so in its result and keeps no other back."""
    done = []
    for dataset in chosen:
        with of_dataset(dataset.name):
            try:
                found = reconcile_one(dataset, target, run_id, since, until, deep, yes_delete)
            except UnreconciledError as error:
                found = error.found
            except Exception as error:
                # Whatever it was: the others are reconciled all the same, and the run fails at
                # its end.
                found = Reconciliation(dataset.name, status="failed", error=one_line(error))
            _tell(dataset, found)
        done.append(found)
    artifacts.show_reconciliations(done)
    return done


def _tell(dataset: Dataset, found: Reconciliation) -> None:
    if found.status == "failed":
        watcher().warn(f"not reconciled: {named(dataset, found.error)}")
    elif found.status == "missing":
        watcher().warn(f"{dataset.label}: missing at the portal, so it was passed over")
    else:
        watcher().say(describe(found))
    if found.schema_changes:
        watcher().warn(f"{dataset.label}: the portal's columns changed: {found.schema_changes}")


def describe(found: Reconciliation) -> str:
    """What a reconciliation that succeeded found, in one line."""
    return (
        f"{found.dataset}: {found.portal_rows:,} rows at the portal in {found.months} months,"
        f" keys of {found.compared_months} compared; {found.refetched:,} fetched again,"
        f" {found.marked:,} marked as deleted, {found.returned:,} returned,"
        f" {found.requests} requests, {found.seconds:.1f} s"
    )


@flow(
    name="reconcile",
    on_failure=[record_failure, tell_of_failure],
    on_crashed=[tell_of_failure],
    on_completion=[tell_of_success, start_site],
)
def reconcile(
    datasets: Annotated[
        list[str] | None,
        Field(description="Only these datasets; by default all that were ever loaded."),
    ] = None,
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
    deep: Annotated[
        bool, Field(description="Compare every key and version, also where the counts agree.")
    ] = False,
    yes_delete: Annotated[
        bool, Field(description="Mark however many records the portal has no more.")
    ] = False,
) -> list[Reconciliation]:
    """Hold the warehouse against the portal and build the marts anew if that changed anything.

    Raises:
        WrongCall: a dataset or the target is none that there is.
        WarehouseError: the portal or the warehouse failed; a dataset lacks rows, or lost too
            many; or a model failed.
    """
    chosen, where = checked(datasets or (), target, None, None)
    parameters: dict[str, object] = {
        "reconcile": True,
        "datasets": [dataset.name for dataset in chosen],
        "target": where,
        "deep": deep,
        "yes_delete": yes_delete,
    }
    with portal_run(where, parameters) as (run_id, _), artifacts.progress(datasets=0):
        if not datasets:
            ever_loaded = loaded_datasets(where)
            chosen = [dataset for dataset in chosen if dataset.name in ever_loaded]
        done = reconcile_all(chosen, where, run_id, deep=deep, yes_delete=yes_delete)
        failures = [
            named(dataset, found.error)
            for dataset, found in zip(chosen, done, strict=True)
            if found.status == "failed"
        ]
        try:
            build_marts(where)
        except WarehouseError as error:
            failures.append(str(error))
        if failures:
            raise WarehouseError("; ".join(failures))
    return done
