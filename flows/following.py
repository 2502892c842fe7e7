"""What is started when a run of a deployment has succeeded."""

from typing import Any, cast

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow

from flows.progress import watcher

SITE = "site/daily"


def start_site(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Have the site made anew after a deployment's run, once a run.

    Not after a command's, whose warehouse may be another than the site's. By the run itself and
    not by an automation of Prefect's, as its server forgets when it is started anew what an
    event followed, and then waits a quarter of an hour for it. Where the deployment is paused or
    was never registered there is nobody who wants a site.
    """
    if not flow_run.deployment_id:
        return
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(SITE)
        except ObjectNotFound:
            return
        if deployment.paused:
            watcher().say(f"{SITE} is paused: the site stays as it is")
            return
        # Tried again where the answer was lost, it is the same run.
        started = client.create_flow_run_from_deployment(
            cast(Any, deployment.id), idempotency_key=f"{SITE} after {flow_run.id}"
        )
    watcher().say(f"{SITE} follows: {started.name}")
