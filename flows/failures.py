"""Records and tells that a run of a deployment failed, and when such a deployment succeeds again.

Whoever starts a command sees how it ends; a deployment's run has nobody before it. Prefect calls
these when a run of its flow ends: in the run's own process, or, where that was killed, in the
worker's. What was told is remembered in a variable of Prefect's, by deployment, as the warehouse
may be what the run failed for.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.utilities.urls import url_for
from prefect.variables import Variable

from flows.logs import is_named
from flows.progress import watcher
from flows.runs import one_line, record_refusal
from warehouse.errors import WrongCall
from warehouse.settings import ALERT_AGAIN_AFTER_HOURS, Target, resolve_target

_LONGEST_ERROR = 500
_PREFIX = "Flow run encountered an exception: "


def tell_of_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Send that a deployment's run failed, once a day for the same error."""
    if not flow_run.deployment_id:
        return
    from flows.mail import Message, tell  # late: most runs do not fail

    deployment = _deployment(flow, flow_run)
    error = _error(state)
    now = datetime.now(UTC)
    told = _told(deployment)
    if told and told["error"] == _kind_of(error):
        at = datetime.fromisoformat(told["at"])
        if now - at < timedelta(hours=ALERT_AGAIN_AFTER_HOURS):
            watcher().say(f"that {deployment} failed so was told at {at:%Y-%m-%d %H:%M} UTC")
            return
    message = Message(
        "run failed", deployment, f"{deployment} failed", _text(deployment, flow_run, error)
    )
    outcomes = tell(_target(flow_run), [message], str(flow_run.id))
    if any(one.status == "sent" for one in outcomes):
        value = {"error": _kind_of(error), "at": now.isoformat()}
        Variable.set(_variable(deployment), value, overwrite=True)


def record_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Record in `ops` that a deployment's run failed before it had a record there.

    As where Prefect, or the flow itself, does not take its parameters: these are kept as asked.
    """
    if not flow_run.deployment_id or is_named(str(flow_run.id)):
        return
    from flows.mail import readable  # late: most runs do not fail

    kind: dict[str, object] = {"datasets": None} if flow.name == "sync" else {flow.name: True}
    target = _target(flow_run)
    with readable(target):
        record_refusal(target, kind | flow_run.parameters, _reason(state))


def tell_of_success(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Send that a deployment succeeds again of which the last that was told is that it failed."""
    if not flow_run.deployment_id:
        return
    deployment = _deployment(flow, flow_run)
    told = _told(deployment)
    if not told:
        return
    from flows.mail import Message, tell  # late: most runs need it not

    text = (
        f"# {deployment} succeeds again\n\nThe run {flow_run.name} succeeded. That the deployment"
        f" failed was told at {datetime.fromisoformat(told['at']):%Y-%m-%d %H:%M} UTC.\n"
    )
    message = Message("run succeeded", deployment, f"{deployment} succeeds again", text)
    outcomes = tell(_target(flow_run), [message], str(flow_run.id))
    if any(one.status == "sent" for one in outcomes):
        Variable.unset(_variable(deployment))


def _text(deployment: str, flow_run: FlowRun, error: str) -> str:
    from serving.pages import code, plain

    address = url_for(flow_run)
    link = f"\n\nIn Prefect: <{address}>" if address else ""
    logs = code(f"prefect flow-run logs {flow_run.id}")
    again = code(f"prefect deployment run {deployment}")
    return (
        f"# {deployment} failed\n\nThe run {plain(flow_run.name)} ({flow_run.id}):"
        f" {plain(error)}{link}\n\nNext: {logs} has its log, {code('warehouse status')} what it did"
        f" to each dataset, and {again} starts it again; the next run carries on from there.\n"
    )


def _deployment(flow: Flow[..., Any], flow_run: FlowRun) -> str:
    """The deployment as one starts it, such as `sync/daily`."""
    with get_client(sync_client=True) as client:
        return f"{flow.name}/{client.read_deployment(cast(Any, flow_run.deployment_id)).name}"


def _error(state: State[Any]) -> str:
    text = " ".join((state.message or "no reason given").split()).removeprefix(_PREFIX)
    return f"{state.name}: {text}"[:_LONGEST_ERROR]


def _reason(state: State[Any]) -> str:
    try:
        state.result()
    except Exception as error:
        return one_line(error)
    return _error(state)


def _kind_of(error: str) -> str:
    """An error without what differs from run to run, such as an id, a count or a time."""
    return re.sub(r"\b[0-9a-f-]*\d[0-9a-f-]*\b", "0", error)


def _variable(deployment: str) -> str:
    return "told_failed_" + re.sub(r"[^a-z0-9]", "_", deployment.lower())


def _told(deployment: str) -> dict[str, str] | None:
    told = Variable.get(_variable(deployment), default=None)
    return cast(dict[str, str], told) if isinstance(told, dict) else None


def _target(flow_run: FlowRun) -> Target:
    try:
        return resolve_target(flow_run.parameters.get("target"))
    except WrongCall:
        # What the run failed for, perhaps; its record is kept all the same.
        return "duckdb"
