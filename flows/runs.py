"""What every run does: waits its turn, tries again what may pass, and is recorded in `ops`."""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator, Mapping

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, TerminationSignal
from prefect.runtime import deployment, flow_run
from prefect.tasks import Task

from flows import logs
from flows.progress import watcher
from ingestion.catalog import Dataset
from ingestion.soda import PortalError
from warehouse.connection import connect, has_table, warehouse_name
from warehouse.errors import WarehouseError
from warehouse.lock import sync_lock
from warehouse.outages import may_pass, patience
from warehouse.records import close_dead_runs, finish_run, start_run
from warehouse.settings import Target

# The shortest that Prefect takes; it is renewed as long as the run lives.
_LEASE_S = 60


def is_passing(task: Task[..., object], run: TaskRun, state: State[object]) -> bool:
    """Whether to try a task again: only on what portal or server may have got over by then."""
    try:
        state.result()
    except PortalError as error:
        return error.is_passing
    except Exception as error:
        return may_pass(error)
    return False


def unattended() -> contextlib.AbstractContextManager[None]:
    """A block in which a deployment's run waits for a server that is away.

    At a terminal somebody waits for the error.
    """
    return patience() if deployment.id else contextlib.nullcontext()


@contextlib.contextmanager
def held(target: Target) -> Iterator[None]:
    """Hold the warehouse for a run: a deployment's waits for its turn, any other is refused.

    The runs of all deployments take turns by a concurrency limit of the warehouse in Prefect. The
    slot of a run that died is free again when its lease ends. What keeps runs apart whatever
    Prefect knows of them is the lock in the warehouse.

    Raises:
        WarehouseError: a run that Prefect's server does not know of holds the warehouse.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(turn(target))
        stack.enter_context(sync_lock(target))
        yield


def turn(target: Target) -> contextlib.AbstractContextManager[None]:
    """A block that no run of another deployment holds the warehouse in; others wait for nothing."""
    if not deployment.id:
        return contextlib.nullcontext()
    digest = hashlib.sha256(warehouse_name(target).encode()).hexdigest()
    limit = f"warehouse-{target}-{digest[:8]}"
    with get_client(sync_client=True) as client:
        with contextlib.suppress(ObjectAlreadyExists):  # another run makes it just now
            client.upsert_global_concurrency_limit_by_name(limit, 1)
        if client.read_global_concurrency_limit_by_name(limit).active_slots:
            watcher().say("waiting for the run that holds the warehouse")
    return concurrency(
        limit,
        lease_duration=_LEASE_S,
        strict=True,
        # A server that is away for a while ends no run: the lock keeps others out.
        raise_on_lease_renewal_failure=False,
    )


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
    logs.name_run(run_id)
    try:
        yield run_id
    except BaseException as error:
        try:
            finish_run(target, run_id, "failed", one_line(error))
        except WarehouseError as second:
            watcher().warn(f"the failure of run {run_id} could not be recorded: {second}")
        raise
    finish_run(target, run_id, "succeeded", None)


def record_refusal(target: Target, parameters: Mapping[str, object], reason: str) -> None:
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
        run_id = start_run(target, _trigger(), parameters)
        logs.name_run(run_id)
        finish_run(target, run_id, "failed", reason)
    except WarehouseError as second:
        watcher().warn(f"this failure is not recorded in ops: {second}")


def one_line(error: BaseException) -> str:
    """An error in one line, with its type where the text alone would not tell."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, asyncio.CancelledError):  # how Prefect ends a flow, also one of no asyncio
        return "took longer than its time-out lets it"
    if isinstance(error, SystemExit):
        return "ended with the worker that had started it"
    if isinstance(error, TerminationSignal):
        return "ended from outside: it was cancelled in Prefect, or its process was told to stop"
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
