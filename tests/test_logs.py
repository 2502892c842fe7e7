"""Logs as JSON: each line an object that names its run and its dataset."""

import json
import subprocess
from typing import Any

import pytest

from ingestion.sample_portal import SamplePortal
from tests.commands import command_here, warehouse_command
from tests.loads import IDS
from warehouse.connection import connect
from warehouse.settings import Target

pytestmark = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def synced(
    warehouse: Target,
    own_portal: SamplePortal,
    prefect_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> subprocess.CompletedProcess[str]:
    """A sync that logs as JSON, in which a page is asked for twice."""
    monkeypatch.setenv("WAREHOUSE_LOG", "json")
    own_portal.misbehave(dataset=IDS["wards"], kind="status", status=503, nth=1)
    return warehouse_command("sync", "wards", "crashes", "--no-build")


def test_every_line_of_a_command_is_an_object_with_its_run_and_dataset(
    synced: subprocess.CompletedProcess[str], warehouse: Target
) -> None:
    assert (synced.returncode, synced.stderr) == (0, "")
    lines = objects(synced.stdout)
    with connect(warehouse, read_only=True) as connection:
        [run_id] = connection.fetch("select run_id from ops.sync_runs")["run_id"].to_pylist()
    assert all(line["timestamp"] and line["level"] and line["logger"] for line in lines)
    # What is said before the run is recorded has Prefect's id of it alone.
    assert {line["run_id"] for line in lines} == {None, run_id}
    assert len({line["flow_run_id"] for line in lines}) == 1
    before, after = lines[0], lines[1:]
    assert "SAMPLE DATA" in before["message"]
    assert {line["run_id"] for line in after} == {run_id}
    assert {line["dataset"] for line in after} == {"wards", "crashes"}

    [asked_again] = [line for line in lines if "asking again" in line["message"]]
    assert (asked_again["level"], asked_again["dataset"]) == ("WARNING", "wards")
    [loaded] = [line for line in lines if line["message"].startswith("crashes: 1,000 fetched")]
    assert (loaded["rows_fetched"], loaded["rows_inserted"]) == (1_000, 1_000)
    results = {line["dataset"]: line["inserted"] for line in lines if line["message"] == "Loaded"}
    assert results == {"wards": 50, "crashes": 1_000}


def test_an_error_is_an_object_too_and_names_the_run_that_failed(
    warehouse: Target,
    own_portal: SamplePortal,
    prefect_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAREHOUSE_LOG", "json")
    own_portal.misbehave(dataset=IDS["wards"], kind="status", status=404, times=99)
    failed = command_here("sync", "wards", "--no-build")
    assert failed.returncode == 1
    # Above it are Prefect's own lines, which in this process are as the first test has them.
    error = json.loads(failed.stderr.splitlines()[-1])
    with connect(warehouse, read_only=True) as connection:
        [run] = connection.fetch("select run_id, error from ops.sync_runs").to_pylist()
    assert (error["level"], error["message"]) == ("ERROR", run["error"])
    assert error["run_id"] == run["run_id"]
    wrong = command_here("sync", "wrds")
    assert wrong.returncode == 2
    assert "'wrds'" in objects(wrong.stderr)[0]["message"]


def test_a_format_that_is_none_is_a_wrong_call(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_LOG", "xml")
    answer = command_here("status")
    assert (answer.returncode, answer.stderr) == (
        2,
        "warehouse: WAREHOUSE_LOG is 'xml': choose plain, or json for an object a line\n",
    )
