"""The deployment as operations start it: a real Prefect server, a real worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect.deployments import run_deployment
from ruamel.yaml import YAML

from flows.failures import record_failure, tell_of_failure, tell_of_success
from flows.following import SITE, start_site
from ingestion.catalog import load_catalog
from tests.shared_warehouses import SharedWarehouses
from tests.smtp_server import MailServer, mail_server, text_of
from warehouse.connection import connect, open_duckdb
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


def register(folder: Path) -> None:
    prefect("work-pool", "create", "warehouse", "--type", "process", "--overwrite")
    prefect("deploy", "--all")
    # Started by hand only: a schedule must not run into a test.
    prefect("deployment", "schedule", "pause", "--all")
    # What follows a sync has a test with all services.
    api = os.environ["PREFECT_API_URL"]
    site = requests.get(f"{api}/deployments/name/{SITE}", timeout=60).json()["id"]
    requests.post(f"{api}/deployments/{site}/pause_deployment", timeout=60).raise_for_status()


@pytest.fixture(scope="module")
def deployments(prefect_server: str, shared_warehouses: SharedWarehouses) -> str:
    """A server where the deployments are registered, once for all; its API's address."""
    shared_warehouses.made_once("deployments", register)
    return prefect_server


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server, which the runs of a worker that starts after it tell of themselves by."""
    with mail_server() as server:
        yield server


@pytest.fixture
def silent_portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A portal for a worker that starts after it, which takes what it is asked and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv("SOURCES__SODA__BASE_URL", address)
        yield


@pytest.fixture
def worker(
    deployments: str,
    mail: MailServer,
    warehouse: Target,
    tmp_path: Path,
    shared_warehouses: SharedWarehouses,
) -> Iterator[str]:
    """A worker of the deployments' work pool, which logs as JSON."""
    # Two of one pool would take the runs of each other's tests.
    with shared_warehouses.alone("work-pool"), (tmp_path / "worker.log").open("w") as log:
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "warehouse"]
        # It looks for runs every ten seconds, unless told otherwise.
        environment = {
            **os.environ,
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "WAREHOUSE_LOG": "json",
            "PREFECT_LOGGING_SETTINGS_PATH": str(ROOT / "flows" / "logging.yml"),
        }
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        yield deployments
        process.terminate()
        process.wait(30)


def run_to_its_end(api: str, deployment: str, *parameters: str) -> str:
    """Start a deployment and wait until it has succeeded; the id of its run."""
    options = [part for parameter in parameters for part in ("-p", parameter)]
    tag = deployment.replace("/", "-")
    prefect("deployment", "run", deployment, "--tag", tag, *options)
    until = time.monotonic() + LONGEST_RUN_S
    while True:
        [run] = ask(api, "flow_runs", {"flow_runs": {"tags": {"all_": [tag]}}})
        if run["state_type"] not in UNDER_WAY or time.monotonic() > until:
            assert run["state_type"] == "COMPLETED", run
            return str(run["id"])
        time.sleep(0.5)


def logged(file: Path) -> list[dict[str, Any]]:
    """What a worker and its runs logged, but for the two lines that greet whoever starts it."""
    greetings = ("Discovered type", "Worker '")
    lines = [line for line in file.read_text().splitlines() if line.strip()]
    return [json.loads(line) for line in lines if not line.startswith(greetings)]


def ask(api: str, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    response = requests.post(f"{api}/{path}/filter", json=query, timeout=30)
    response.raise_for_status()
    found: list[dict[str, Any]] = response.json()
    return found


def start(deployment: str, tag: str, key: str | None = None, **parameters: object) -> str:
    """Ask for a run, as `prefect deployment run` does, which takes seconds to start; gives its id.

    A server that is busy is asked again.
    """
    run: Any = run_deployment(
        deployment,
        parameters=parameters,
        tags=[tag],
        idempotency_key=key,
        timeout=0,
        as_subflow=False,
    )
    return str(run.id)


def ended(api: str, tag: str) -> list[dict[str, Any]]:
    """The runs of a tag, in the order in which they were asked for, when all have ended."""
    mine = {"flow_runs": {"tags": {"all_": [tag]}}}
    until = time.monotonic() + LONGEST_RUN_S
    runs = ask(api, "flow_runs", mine)
    while {run["state_type"] for run in runs} & UNDER_WAY and time.monotonic() < until:
        time.sleep(0.5)
        runs = ask(api, "flow_runs", mine)
    return sorted(runs, key=lambda run: str(run["created"]))


@pytest.mark.parametrize("target", ["duckdb"], indirect=True)
def test_the_deployment_runs_on_a_worker_with_each_dataset_and_node_as_a_task(
    worker: str, warehouse: Target, mail: MailServer, tmp_path: Path
) -> None:
    prefect(
        *("deployment", "run", "sync/daily", "--tag", "by-this-test"),
        *("-p", "sample=true", "-p", "sample_crashes=1000", "-p", f"target={warehouse}"),
    )
    # Beside it one of another deployment, which is asked for twice under one name.
    asked = {
        "sample": True,
        "sample_crashes": 1000,
        "target": warehouse,
        "datasets": ["fatalities"],
        "full_refresh": True,
        "build": False,
    }
    beside = {
        start("sync/full-refresh", "by-this-test", "the deaths of this test", **asked)
        for _ in range(2)
    }
    assert len(beside) == 1
    runs = ended(worker, "by-this-test")
    assert [run["state_type"] for run in runs] == ["COMPLETED"] * 2, runs
    assert mail.subjects == []
    # A deployment that is paused follows none; other tests make sites by themselves.
    sites = ask(worker, "flow_runs", {"flows": {"name": {"any_": ["site"]}}})
    assert [site for site in sites if site["deployment_id"]] == []
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

    kept_up = run_to_its_end(worker, "maintenance/weekly", f"backups={tmp_path / 'backups'}")
    [table] = ask(worker, "artifacts", {"flow_runs": {"id": {"any_": [kept_up]}}})
    assert table["key"] == "maintenance"
    restored = {row["table"]: row["restored rows"] for row in json.loads(table["data"])}
    assert restored["raw.crashes"] == 1_000

    lines = logged(tmp_path / "worker.log")
    with connect(warehouse, read_only=True) as connection:
        begun = connection.fetch("select run_id from ops.sync_runs order by started_at")
    *_, last_id = begun["run_id"].to_pylist()
    for flow_run_id, run_id in ((run["id"], recorded_id), (kept_up, last_id)):
        of_this = [line for line in lines if line["flow_run_id"] == flow_run_id]
        # Before a run holds the warehouse it has no record there.
        assert {line["run_id"] for line in of_this} == {None, run_id}
        assert of_this[-1]["run_id"] == run_id
    said = {line["message"].partition(":")[0]: line["dataset"] for line in lines}
    assert [said[name] for name in ("crashes", "people")] == ["crashes", "people"]
    assert {line["dataset"] for line in lines if line.get("task_run_name") == "load people"} == {
        "people"
    }


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


@pytest.mark.parametrize("target", ["duckdb"], indirect=True)
def test_a_run_that_fails_is_told_once_a_day_and_so_is_one_that_was_killed(
    silent_portal: None,
    worker: str,
    warehouse: Target,
    warehouse_folder: Path,
    mail: MailServer,
) -> None:
    for _ in range(2):
        start("watch/hourly", "fails", target=warehouse)
        runs = ended(worker, "fails")
    first, _ = runs
    assert [run["state_type"] for run in runs] == ["FAILED"] * 2
    [(_, message)] = wait_for_mail(mail, 1)
    text = text_of(message)
    assert message["Subject"] == "watch/hourly failed"
    for part in (first["name"], first["id"], "WarehouseError", "run 'warehouse sync' first"):
        assert part in text
    assert f"prefect flow-run logs {first['id']}" in text
    # For none of that a warehouse was made.
    assert list(warehouse_folder.glob("*.duckdb")) == []

    open_duckdb().close()
    start("watch/hourly", "fails", target=warehouse)
    *_, last = ended(worker, "fails")
    assert last["state_type"] == "COMPLETED"
    wait_for_mail(mail, 2)

    # A portal that takes what it is asked and never answers, until the run is killed.
    start("sync/fatalities", "killed", target=warehouse)
    kill_when_it_runs(worker, "killed")
    [killed] = ended(worker, "killed")
    assert killed["state_type"] == "CRASHED"
    *_, (_, message) = wait_for_mail(mail, 3)
    assert killed["id"] in text_of(message)
    assert mail.subjects == [
        "watch/hourly failed",
        "watch/hourly succeeds again",
        "sync/fatalities failed",
    ]


def wait_for_mail(mail: MailServer, count: int) -> list[tuple[str, EmailMessage]]:
    """The messages, when there are as many: a run tells of itself after its end."""
    until = time.monotonic() + 60
    while len(mail.messages) < count and time.monotonic() < until:
        time.sleep(0.2)
    assert len(mail.messages) == count, mail.subjects
    return mail.messages


def kill_when_it_runs(api: str, tag: str) -> None:
    """Kill the process of the one run of a tag, in the midst of it."""
    mine = {"flow_runs": {"tags": {"all_": [tag]}}}
    until = time.monotonic() + LONGEST_RUN_S
    while time.monotonic() < until:
        [run] = ask(api, "flow_runs", mine)
        if run["state_type"] == "RUNNING":
            break
        time.sleep(0.5)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"PREFECT__FLOW_RUN_ID={run['id']}".encode() in (folder / "environ").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)


def test_every_deployments_run_that_fails_is_told_and_recorded() -> None:
    for one in YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]:
        file, _, name = one["entrypoint"].partition(":")
        flow = getattr(import_module(file.removesuffix(".py").replace("/", ".")), name)
        hooks = flow.on_failure_hooks, flow.on_crashed_hooks, flow.on_completion_hooks
        # Those that change nothing have no record that a refusal would be missing from.
        kept = [] if flow.name in ("report", "site", "watch") else [record_failure]
        followed = [start_site] if flow.name in ("sync", "reconcile") else []
        told = [*kept, tell_of_failure], [tell_of_failure], [tell_of_success, *followed]
        assert hooks == told, one["entrypoint"]


def test_a_parameter_of_the_wrong_kind_is_refused_before_a_run_is_made(deployments: str) -> None:
    with pytest.raises(AssertionError, match="oracle"):
        prefect("deployment", "run", "sync/daily", "-p", "target=oracle", "--tag", "wrong")
    assert ask(deployments, "flow_runs", {"flow_runs": {"tags": {"all_": ["wrong"]}}}) == []
