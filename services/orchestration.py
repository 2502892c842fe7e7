"""Prefect's side of the services: its server, the worker, and what is registered there."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta

import httpx

from flows.prefect_access import LOGIN, clients_login
from services.settings import WORK_POOL, Services
from services.waiting import wait_until
from warehouse.errors import WarehouseError
from warehouse.settings import ROOT

# A run says this often that it lives, the least that Prefect takes; after three in vain it does
# not.
HEARTBEAT_S = 30
_DEAD_AFTER = timedelta(seconds=3 * HEARTBEAT_S)
_ZOMBIES = "runs that died without a word"
_LONGEST_ANSWER_S = 10
_LONGEST_CANCEL_S = 60
_NOT_CANCELLED = (
    "the runs under way could not be cancelled, so that Prefect may show them as running"
)


def server_command(services: Services) -> tuple[str, ...]:
    """How the server is started."""
    where = ("--host", services.prefect_host, "--port", str(services.prefect_port))
    return (sys.executable, "-m", "prefect", "server", "start", *where)


def worker_command() -> tuple[str, ...]:
    """How the worker is started; it makes its pool where there is none."""
    named = ("--pool", WORK_POOL, "--type", "process", "--name", worker_name())
    return (sys.executable, "-m", "prefect", "worker", "start", *named)


def worker_name() -> str:
    """The worker's name: this machine's."""
    return socket.gethostname()


def server_answers(services: Services) -> bool:
    """Whether Prefect's API answers, and knows who asks."""
    return _post(services, "flows/count", {}) is not None


def worker_answers(services: Services) -> bool:
    """Whether the worker says that it is there."""
    workers = _post(services, f"work_pools/{WORK_POOL}/workers/filter", {})
    return any(
        worker["name"] == worker_name() and worker["status"] == "ONLINE" for worker in workers or ()
    )


def registered(services: Services) -> list[str]:
    """The names of the deployments that the server has, such as sync/daily."""
    found = _post(services, "deployments/filter", {}) or []
    flows = {flow["id"]: flow["name"] for flow in _post(services, "flows/filter", {}) or ()}
    return sorted(f"{flows[one['flow_id']]}/{one['name']}" for one in found)


def own_login() -> tuple[str, str] | None:
    """What the server wants to be told: its own setting, else a client's."""
    user, _, password = os.environ.get(LOGIN, "").partition(":")
    return (user, password) if password else clients_login()


def _post(services: Services, path: str, query: dict[str, object]) -> list[dict[str, str]] | None:
    """What the API says; nothing where it does not answer, or not yet."""
    response = _ask(services, "post", path, query)
    if response and response.is_success:
        found: list[dict[str, str]] = response.json()
        return found
    return None


def _ask(
    services: Services, method: str, path: str, query: dict[str, object]
) -> httpx.Response | None:
    try:
        return httpx.request(
            method,
            f"{services.prefect_url}/api/{path}",
            json=query,
            timeout=_LONGEST_ANSWER_S,
            auth=own_login(),
        )
    except httpx.HTTPError:
        return None


def cancel_runs(url: str) -> int:
    """Cancel the runs of the work pool that are under way, and wait until they have ended.

    A worker that is told to stop leaves its runs as they are, and Prefect shows them as running.

    Args:
        url: the server's API.

    Returns:
        How many there were.

    Raises:
        WarehouseError: the server does not answer, or a run does not end.
    """
    under_way = {
        "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}},
        "work_pools": {"name": {"any_": [WORK_POOL]}},
    }
    with httpx.Client(base_url=url, timeout=_LONGEST_ANSWER_S, auth=own_login()) as client:

        def runs() -> list[dict[str, str]]:
            found = client.post("/flow_runs/filter", json=under_way).raise_for_status()
            listed: list[dict[str, str]] = found.json()
            return listed

        try:
            begun = runs()
            for run in begun:
                state = {"type": "CANCELLING", "name": "Cancelling"}
                client.post(f"/flow_runs/{run['id']}/set_state", json={"state": state})
        except httpx.HTTPError as error:
            raise WarehouseError(f"{_NOT_CANCELLED}: {error}") from error
        late = f"{_NOT_CANCELLED}: they have not ended within {_LONGEST_CANCEL_S} s"
        wait_until(lambda: not runs(), _LONGEST_CANCEL_S, late)
    return len(begun)


def register(services: Services, environment: Mapping[str, str]) -> None:
    """Register the deployments of prefect.yaml, and what ends a run that died without a word.

    What somebody has paused stays paused: a schedule by its slug, and a deployment or an
    automation, which Prefect would let go on, by pausing it again.

    Raises:
        WarehouseError: Prefect refuses one of them.
    """
    found = _post(services, "deployments/filter", {}) or []
    paused = [one["id"] for one in found if one["paused"]]
    off = {one["name"] for one in _automations(services) if not one["enabled"]}
    for command in (
        (sys.executable, "-m", __name__),
        (sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"),
    ):
        done = subprocess.run(  # noqa: S603 - Prefect's own, and this module
            command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise WarehouseError(
                f"Prefect did not take the deployments: {said[-1] if said else 'no reason given'}"
            )
    for deployment in paused:
        _post(services, f"deployments/{deployment}/pause_deployment", {})
    for automation in _automations(services):
        if automation["name"] in off:
            _ask(services, "patch", f"automations/{automation['id']}", {"enabled": False})


def _automations(services: Services) -> list[dict[str, str]]:
    return _post(services, "automations/filter", {}) or []


def _register_pool() -> None:
    """See that the work pool is there, also before its first worker."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    pool = WorkPoolCreate(
        name=WORK_POOL,
        type=ProcessWorker.type,
        base_job_template=ProcessWorker.get_default_base_job_template(),
    )
    with get_client(sync_client=True) as client, contextlib.suppress(ObjectAlreadyExists):
        client.create_work_pool(pool)


def _register_zombies() -> None:
    """Let Prefect call a run crashed that has not said for a while that it lives.

    Its worker was killed, or its machine: until then it would be shown as running. The rule is
    the one that Prefect's documentation gives under "detect zombie flows".
    """
    from prefect.automations import AutomationCore
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    beats = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{end}" for end in ("Completed", "Failed", "Cancelled", "Crashed")}
    rule = AutomationCore(
        name=_ZOMBIES,
        description="A run whose worker or machine was killed is crashed, not running.",
        trigger=EventTrigger(
            after={beats},
            expect={beats, *ends},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_DEAD_AFTER,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                state=StateType.CRASHED,
                message="It was not heard of any more: its worker was killed, or its machine.",
                force=False,
            )
        ],
    )
    with get_client(sync_client=True) as client:
        before = client.read_automations_by_name(_ZOMBIES)
        if before:
            client.update_automation(before[0].id, rule)
        else:
            client.create_automation(rule)


if __name__ == "__main__":
    _register_pool()
    _register_zombies()
