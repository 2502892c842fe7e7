"""The deployment as operations start it: a real Prefect server, a real worker."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from warehouse.connection import connect
from warehouse.settings import ROOT, Target

LONGEST_RUN_S = 180


def prefect(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def deployments(prefect_server: str) -> str:
    """A server where the deployments are registered; its API's address."""
    prefect("work-pool", "create", "warehouse", "--type", "process", "--overwrite")
    prefect("deploy", "--all")
    # Started by hand only: a schedule must not run into a test.
    prefect("deployment", "schedule", "pause", "--all")
    return prefect_server


@pytest.fixture
def worker(deployments: str, warehouse: Target, tmp_path: Path) -> Iterator[str]:
    """A worker of the deployments' work pool."""
    with (tmp_path / "worker.log").open("w") as log:
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "warehouse"]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        yield deployments
        process.terminate()
        process.wait(30)


def ask(api: str, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    response = requests.post(f"{api}/{path}/filter", json=query, timeout=30)
    response.raise_for_status()
    found: list[dict[str, Any]] = response.json()
    return found


@pytest.mark.parametrize("target", ["duckdb"], indirect=True)
def test_the_deployment_runs_on_a_worker_with_each_dataset_and_node_as_a_task(
    worker: str, warehouse: Target
) -> None:
    prefect(
        *("deployment", "run", "sync/daily", "--tag", "by-this-test"),
        *("-p", "sample=true", "-p", "sample_crashes=1000", "-p", f"target={warehouse}"),
    )
    mine = {"flow_runs": {"tags": {"all_": ["by-this-test"]}}}
    until = time.monotonic() + LONGEST_RUN_S
    [run] = ask(worker, "flow_runs", mine)
    while run["state_type"] in {"SCHEDULED", "PENDING", "RUNNING"} and time.monotonic() < until:
        time.sleep(0.5)
        [run] = ask(worker, "flow_runs", mine)
    assert run["state_type"] == "COMPLETED", run["state"]

    with connect(warehouse, read_only=True) as connection:
        marts = connection.fetch("select total_crashes from marts.crashes_daily")
        assert sum(marts["total_crashes"].to_pylist()) == 1_000
        [record] = connection.fetch(
            'select "trigger", status, is_sample from ops.sync_runs'
        ).to_pylist()
    assert record == {
        "trigger": "deployment sync/daily, by hand",
        "status": "succeeded",
        "is_sample": True,
    }

    # The API gives at most 200 at once.
    asked = {"flow_runs": {"id": {"any_": [run["id"]]}}, "sort": "ID_DESC", "limit": 200}
    tasks = [
        task
        for page in range(3)
        for task in ask(worker, "task_runs", asked | {"offset": 200 * page})
    ]
    assert {task["state_type"] for task in tasks} == {"COMPLETED"}
    names = {task["name"] for task in tasks}
    assert {"load crashes", "load people", "load vehicles", "load fatalities"} <= names
    assert {"model stg_crashes", "model crashes", "model crashes_daily"} <= names
    assert any(name.startswith("test unique_crashes_crash_record_id") for name in names)


def test_a_parameter_of_the_wrong_kind_is_refused_before_a_run_is_made(deployments: str) -> None:
    with pytest.raises(AssertionError, match="oracle"):
        prefect("deployment", "run", "sync/daily", "-p", "target=oracle", "--tag", "wrong")
    assert ask(deployments, "flow_runs", {"flow_runs": {"tags": {"all_": ["wrong"]}}}) == []
