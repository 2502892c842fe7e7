"""The deployment as operations start it: a real Prefect server, a real worker."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ruamel.yaml import YAML

from ingestion.catalog import load_catalog
from warehouse.connection import connect
from warehouse.settings import ROOT, Target

LONGEST_RUN_S = 180
UNDER_WAY = {"SCHEDULED", "PENDING", "RUNNING"}


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
    # Beside it one of another deployment, which is asked for twice under one name.
    [refresh] = ask(worker, "deployments", {"deployments": {"name": {"any_": ["full-refresh"]}}})
    asked = {
        "parameters": {
            "sample": True,
            "sample_crashes": 1000,
            "target": warehouse,
            "datasets": ["fatalities"],
            "full_refresh": True,
            "build": False,
        },
        "tags": ["by-this-test"],
        "idempotency_key": "the deaths of this test",
    }
    beside = {
        requests.post(
            f"{worker}/deployments/{refresh['id']}/create_flow_run", json=asked, timeout=30
        ).json()["id"]
        for _ in range(2)
    }
    assert len(beside) == 1
    mine = {"flow_runs": {"tags": {"all_": ["by-this-test"]}}}
    until = time.monotonic() + LONGEST_RUN_S
    runs = ask(worker, "flow_runs", mine)
    while {run["state_type"] for run in runs} & UNDER_WAY and time.monotonic() < until:
        time.sleep(0.5)
        runs = ask(worker, "flow_runs", mine)
    assert [run["state_type"] for run in runs] == ["COMPLETED"] * 2, runs
    [run] = [run for run in runs if run["id"] not in beside]

    with connect(warehouse, read_only=True) as connection:
        marts = connection.fetch("select total_crashes from marts.crashes_daily")
        assert sum(marts["total_crashes"].to_pylist()) == 1_000
        first, second = connection.fetch(
            'select run_id, "trigger", status, is_sample, started_at, finished_at'
            " from ops.sync_runs order by started_at"
        ).to_pylist()
    assert first["finished_at"] <= second["started_at"]
    assert [(one["status"], one["is_sample"]) for one in (first, second)] == [
        ("succeeded", True)
    ] * 2
    [recorded_id] = [
        one["run_id"]
        for one in (first, second)
        if one["trigger"] == "deployment sync/daily, by hand"
    ]

    # The API gives at most 200 at once.
    of_run = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    listed = {**of_run, "sort": "ID_DESC", "limit": 200}
    tasks = [
        task
        for page in range(3)
        for task in ask(worker, "task_runs", listed | {"offset": 200 * page})
    ]
    assert {task["state_type"] for task in tasks} == {"COMPLETED"}
    names = {task["name"] for task in tasks}
    loaded = {name.removeprefix("load ") for name in names if name.startswith("load ")}
    assert loaded == {"crashes", "people", "vehicles"}
    assert {"model stg_crashes", "model crashes", "model crashes_daily"} <= names
    assert any(name.startswith("test unique_crashes_crash_record_id") for name in names)

    left = {artifact["key"]: artifact for artifact in ask(worker, "artifacts", of_run)}
    assert set(left) == {"progress", "datasets", "reconciliation", "dbt-build"}
    assert left["progress"]["data"] == 100.0
    with connect(warehouse, read_only=True) as connection:
        recorded = connection.fetch(
            "select dataset, rows_fetched, rows_inserted, rows_updated, rows_unchanged,"
            " rows_deleted, requests from ops.dataset_loads where run_id = $1 order by dataset",
            (recorded_id,),
        ).to_pylist()
    columns = ("dataset", "fetched", "inserted", "updated", "unchanged", "deleted", "requests")
    table = json.loads(left["datasets"]["data"])
    shown = [[row[column] for column in columns] for row in table]
    assert sorted(shown) == [list(record.values()) for record in recorded]
    assert all(row["rows/s"] > 0 for row in table)
    compared = json.loads(left["reconciliation"]["data"])
    assert [row["rows here"] for row in compared if row["dataset"] == "crashes"] == [1_000]
    nodes = [name for name in names if name.split()[0] in ("model", "test", "seed")]
    assert left["dbt-build"]["data"].startswith(f"**{len(nodes)} nodes on {warehouse}: ")


def test_each_dataset_has_its_deployment_and_none_that_there_is_not() -> None:
    deployments = YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]
    synced = {
        one["name"]: one["parameters"]["datasets"]
        for one in deployments
        if "datasets" in one.get("parameters", {})
    }
    assert set(synced) == {"daily", "fatalities", "layers"}
    every = [dataset for datasets in synced.values() for dataset in datasets]
    assert sorted(every) == sorted(load_catalog().datasets)


def test_a_parameter_of_the_wrong_kind_is_refused_before_a_run_is_made(deployments: str) -> None:
    with pytest.raises(AssertionError, match="oracle"):
        prefect("deployment", "run", "sync/daily", "-p", "target=oracle", "--tag", "wrong")
    assert ask(deployments, "flow_runs", {"flow_runs": {"tags": {"all_": ["wrong"]}}}) == []
