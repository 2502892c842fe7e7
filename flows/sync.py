"""The run from the portal to the marts: load, reconcile, build, record; written once, here."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
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
from flows.reconcile import reconcile_all
from flows.runs import is_passing, named, one_line
from ingestion.catalog import Dataset, load_catalog
from ingestion.load import load_dataset
from ingestion.soda import Metadata
from warehouse.errors import WarehouseError
from warehouse.last_comparisons import is_compared
from warehouse.lock import hold_on
from warehouse.records import DatasetLoad, record_load
from warehouse.settings import Target

SAMPLE_CRASHES = 20_000
_LONGEST_REFRESH_S = 5 * 60 * 60
_NAMES = tuple(load_catalog().datasets)
_BASE_URL = "SOURCES__SODA__BASE_URL"


@task(
    task_run_name="load {dataset.name}",
    # A page is tried for half a minute by itself; this bears an outage of some minutes.
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=20),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_passing,
    cache_policy=NO_CACHE,
)
def load(
    dataset: Dataset,
    target: Target,
    since: date | None,
    until: date | None,
    full_refresh: bool,
    known: Metadata | None,
) -> DatasetLoad:
    """Bring raw up to date with the portal, for one dataset."""
    hold_on(target)  # tried again, it may follow a restart of the server
    return load_dataset(
        dataset,
        target,
        since=since,
        until=until,
        full_refresh=full_refresh,
        known=known,
        on_progress=watcher().page,
    )


@flow(
    name="sync",
    on_failure=[record_failure, tell_of_failure],
    on_crashed=[tell_of_failure],
    on_completion=[tell_of_success, start_site],
)
def sync(
    datasets: Annotated[
        list[str] | None,
        Field(
            description=f"Only these datasets; all by default. Choose from {', '.join(_NAMES)}.",
            json_schema_extra={"examples": [["crashes", "people"]]},
        ),
    ] = None,
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
    since: Annotated[
        date | None, Field(description="Only crashes of this day and later (crash_date).")
    ] = None,
    until: Annotated[
        date | None, Field(description="Only crashes before this day (crash_date).")
    ] = None,
    full_refresh: Annotated[
        bool, Field(description="Read every row again and build the models anew.")
    ] = False,
    sample: Annotated[
        bool, Field(description="Load generated data from a sample portal, not the City's.")
    ] = False,
    sample_crashes: Annotated[
        int, Field(ge=1_000, le=1_000_000, description="Crashes in the sample portal.")
    ] = SAMPLE_CRASHES,
    build: Annotated[bool, Field(description="Build the marts after the load.")] = True,
) -> list[DatasetLoad]:
    """Load the datasets, hold them against the portal, build the marts, and record it in `ops`.

    A dataset that fails does not keep the others from being loaded, and the marts then follow
    those that were; the run fails all the same. The marts are not built when nothing was loaded.

    Raises:
        WrongCall: a dataset, the target or the period is none that there is.
        WarehouseError: the portal, the warehouse, a dataset or a model failed.
    """
    chosen, where = checked(datasets or (), target, since, until)
    parameters: dict[str, object] = {
        "datasets": [dataset.name for dataset in chosen],
        "target": where,
        "since": since,
        "until": until,
        "full_refresh": full_refresh,
        "sample": sample,
        "build": build,
    }
    if sample:
        parameters["sample_crashes"] = sample_crashes
    with contextlib.ExitStack() as stack:
        if sample:
            stack.enter_context(_sample_portal(sample_crashes))
        run_id, portal = stack.enter_context(portal_run(where, parameters))
        stack.enter_context(artifacts.progress(len(chosen), is_built=build))
        loads = _load_all(chosen, where, since, until, full_refresh, run_id, portal.said)
        is_any_loaded = any(done.status != "failed" for done in loads)
        # Before the build, so that the marts are built once: from what was fetched again too, and
        # without what was found gone.
        loads = _reconcile(chosen, loads, where, since, until, run_id)
        artifacts.show_loads(loads)
        failures = [
            named(dataset, done.error)
            for dataset, done in zip(chosen, loads, strict=True)
            if done.status == "failed"
        ]
        if build and is_any_loaded:
            try:
                build_marts(where, full_refresh=full_refresh)
            except WarehouseError as error:
                failures.append(str(error))
        if failures:
            raise WarehouseError("; ".join(failures))
    return loads


def _load_all(
    chosen: list[Dataset],
    target: Target,
    since: date | None,
    until: date | None,
    full_refresh: bool,
    run_id: str,
    said: Mapping[str, Metadata],
) -> list[DatasetLoad]:
    """Load each dataset and record it at once, so that a killed run shows how far it came."""
    loads = []
    for dataset in chosen:
        with of_dataset(dataset.name):
            try:
                known = said.get(dataset.name)
                done = load(dataset, target, since, until, full_refresh, known)
            except Exception as error:
                # Whatever it was: the others are loaded all the same, and the run fails at its
                # end.
                done = DatasetLoad(dataset.name, status="failed", error=one_line(error))
            record_load(target, run_id, done)
            _tell(dataset, done)
        loads.append(done)
    return loads


def _tell(dataset: Dataset, done: DatasetLoad) -> None:
    if done.status == "loaded":
        watcher().loaded(done)
        if done.schema_changes:
            watcher().warn(f"{dataset.label}: the portal's columns changed: {done.schema_changes}")
    elif done.status == "missing":
        watcher().warn(f"{dataset.label}: missing at the portal, so it was passed over")
    else:
        watcher().warn(f"failed: {named(dataset, done.error)}")


def _reconcile(
    chosen: list[Dataset],
    loads: list[DatasetLoad],
    target: Target,
    since: date | None,
    until: date | None,
    run_id: str,
) -> list[DatasetLoad]:
    """Hold what was loaded against the portal; the loads with what came of that, recorded.

    What neither side has changed of since it was found whole is not compared again.
    """
    are_loaded = {done.dataset for done in loads if done.status == "loaded"}
    are_compared = {
        done.dataset
        for done in loads
        if done.unchanged_since and is_compared(target, done.dataset, done.unchanged_since)
    }
    if are_compared:
        watcher().say(f"unchanged since they were compared: {', '.join(sorted(are_compared))}")
    found = {
        result.dataset: result
        for result in reconcile_all(
            [dataset for dataset in chosen if dataset.name in are_loaded - are_compared],
            target,
            run_id,
            since=since,
            until=until,
        )
    }
    reconciled = []
    for done in loads:
        if result := found.get(done.dataset):
            done = replace(
                done,
                rows_deleted=result.marked,
                requests=done.requests + result.requests,
                seconds=done.seconds + result.seconds,
                status="failed" if result.status == "failed" else done.status,
                error=result.error,
                schema_changes=done.schema_changes or result.schema_changes,
            )
            record_load(target, run_id, done)
        reconciled.append(done)
    return reconciled


@contextlib.contextmanager
def _sample_portal(crashes: int) -> Iterator[None]:
    """Serve generated data for a block and let the settings point at it."""
    from ingestion.sample_portal import running

    before = os.environ.get(_BASE_URL)
    with running(crashes=crashes) as portal:
        os.environ[_BASE_URL] = portal.url
        try:
            yield
        finally:
            if before is None:
                del os.environ[_BASE_URL]
            else:
                os.environ[_BASE_URL] = before


# The whole history takes minutes; one that has not ended after hours never will.
sync_within_hours = sync.with_options(timeout_seconds=_LONGEST_REFRESH_S)
