"""The record of a run in `ops`, from its beginning to whichever end it finds."""

import contextlib
from collections.abc import Iterator, Mapping

from prefect.runtime import deployment, flow_run

from flows.progress import watcher
from ingestion.catalog import Dataset
from warehouse.connection import connect, has_table
from warehouse.errors import WarehouseError
from warehouse.records import close_dead_runs, finish_run, start_run
from warehouse.settings import Target


@contextlib.contextmanager
def recorded(
    target: Target,
    parameters: Mapping[str, object],
    *,
    portal: str | None = None,
    is_sample: bool = False,
) -> Iterator[str]:
    """Record in `ops` that a run begins, and how it ends, however it does.

    The caller holds the warehouse's lock: what else is still said to run is dead.
    """
    close_dead_runs(target)
    run_id = start_run(target, _trigger(), dict(parameters), portal=portal, is_sample=is_sample)
    try:
        yield run_id
    except BaseException as error:
        try:
            finish_run(target, run_id, "failed", one_line(error))
        except WarehouseError as second:
            watcher().warn(f"the failure of run {run_id} could not be recorded: {second}")
        raise
    finish_run(target, run_id, "succeeded", None)


def record_refusal(target: Target, parameters: Mapping[str, object], error: WarehouseError) -> None:
    """Record a run that could not begin, if there is a warehouse; none is made for that.

    The data stays as it was; that the run failed is said in `ops` alone.
    """
    try:
        with connect(target, read_only=True) as connection:
            is_there = has_table(connection, "ops", "sync_runs")
    except WarehouseError:
        # No warehouse to record it in; the run's own error is on its way all the same.
        return
    if not is_there:
        return
    try:
        finish_run(target, start_run(target, _trigger(), parameters), "failed", str(error))
    except WarehouseError as second:
        watcher().warn(f"this failure is not recorded in ops: {second}")


def one_line(error: BaseException) -> str:
    """An error in one line, with its type where the text alone would not tell."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = " ".join(str(error).split())
    return text if isinstance(error, WarehouseError) else f"{type(error).__name__}: {text}"


def _trigger() -> str:
    """What started this run: the deployment, by its schedule or by hand, or the command line."""
    if not deployment.name:
        return "command line"
    by = "schedule" if "auto-scheduled" in (flow_run.tags or []) else "by hand"
    return f"deployment {flow_run.flow_name}/{deployment.name}, {by}"


def named(dataset: Dataset, error: str | None) -> str:
    """An error that names its dataset, once."""
    return f"{dataset.label}: {(error or 'no reason given').removeprefix(f'{dataset.label}: ')}"
