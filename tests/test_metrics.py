"""The figures that Prometheus gets, from a warehouse that tests share and from none."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from ingestion.load import load_dataset
from ingestion.sample_portal import SamplePortal
from tests.commands import command_here
from tests.loads import CATALOG
from warehouse.connection import connect
from warehouse.records import DatasetLoad, finish_run, record_load, start_run
from warehouse.settings import Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)

Samples = dict[tuple[str, str], float]


def samples(text: str) -> Samples:
    """Each sample by its metric and the value of its label, as Prometheus reads them."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@contextmanager
def served(target: Target) -> Iterator[str]:
    """The address of the metrics that a command serves."""
    program = Path(sys.executable).with_name("warehouse")
    with subprocess.Popen(
        [program, "metrics", "--serve", "--port", "0", "--target", target],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        assert serving.stderr is not None
        try:
            yield serving.stdout.readline().partition(";")[0]
        finally:
            serving.send_signal(signal.SIGTERM)
            serving.wait(30)
        assert serving.returncode == 0
        assert "Traceback" not in serving.stderr.read()


def test_the_figures_are_those_of_the_warehouse(built: Target) -> None:
    answer = command_here("metrics", "--target", built)
    assert (answer.returncode, answer.stderr) == (0, "")
    told = samples(answer.stdout)
    status = json.loads(command_here("status", "--json", "--target", built).stdout)
    assert told["warehouse_up", ""] == 1
    for one in status["datasets"]:
        name = one["dataset"]
        assert told["warehouse_dataset_records", name] == one["records"] > 0
        assert told["warehouse_dataset_newest_row_age_seconds", name] > 0
        at = told["warehouse_dataset_last_success_timestamp_seconds", name]
        assert 0 < time.time() - at < 24 * 60 * 60
    with connect(built, read_only=True) as connection:
        marked = connection.fetch(
            "select count(*) as n from ops.record_deletions where restored_at is null"
            " and dataset = 'crashes'"
        )["n"][0].as_py()
    assert told["warehouse_dataset_deleted_records", "crashes"] == marked
    assert told["warehouse_dataset_missing_rows", "crashes"] == 0
    [run] = [run for run in status["runs"] if run["kind"] == "sync"]
    assert told["warehouse_run_last_succeeded", "sync"] == 1
    assert told["warehouse_run_last_duration_seconds", "sync"] == pytest.approx(run["seconds"])


def test_a_scrape_follows_each_run_and_what_is_amiss(
    warehouse: Target, own_portal: SamplePortal
) -> None:
    load_dataset(CATALOG["wards"], warehouse)
    run_id = start_run(warehouse, "a test", {"datasets": ["wards"]})
    record_load(warehouse, run_id, DatasetLoad("wards"))
    finish_run(warehouse, run_id, "succeeded")
    requests_made = len(own_portal.requests())
    with served(warehouse) as address:
        host = address.removeprefix("http://").partition(":")[0]
        assert host == "127.0.0.1"

        def scraped(metric: str, label: str, expected: float) -> Samples:
            """What is served once a metric is as expected, which PostGIS counts beside scrapes."""
            until = time.monotonic() + 30
            while True:
                found = samples(requests.get(address, timeout=30).text)
                if found.get((metric, label)) == expected or time.monotonic() > until:
                    assert found[metric, label] == expected
                    return found
                time.sleep(0.1)

        first = scraped("warehouse_dataset_records", "wards", 50)
        assert first["warehouse_run_last_succeeded", "sync"] == 1
        assert first["warehouse_portal_requests_last_hour", ""] == requests_made > 0
        assert first["warehouse_failing_tests", ""] == 0

        with connect(warehouse) as connection:
            connection.execute("create schema quality")
            connection.execute("create table quality.unique_wards_ward as select 1 as ward")
        failed = start_run(warehouse, "a test", {"datasets": ["wards"]})
        finish_run(warehouse, failed, "failed", "as the test has it")
        second = scraped("warehouse_run_last_succeeded", "sync", 0)
        assert second["warehouse_failing_tests", ""] == 1
        before = first["warehouse_run_last_success_timestamp_seconds", "sync"]
        assert second["warehouse_run_last_success_timestamp_seconds", "sync"] == before


@on_duckdb
def test_a_file_that_is_held_is_not_up_and_what_was_known_is_told_on(
    warehouse: Target, warehouse_folder: Path, own_portal: SamplePortal
) -> None:
    load_dataset(CATALOG["wards"], warehouse)
    run_id = start_run(warehouse, "a test", {"datasets": ["wards"]})
    record_load(warehouse, run_id, DatasetLoad("wards"))
    finish_run(warehouse, run_id, "succeeded")
    with served(warehouse) as address:
        assert samples(requests.get(address, timeout=30).text)["warehouse_up", ""] == 1
        with duckdb.connect(warehouse_folder / "warehouse.duckdb") as holder:
            holder.execute("create schema changed")
            holder.execute("checkpoint")
            held = samples(requests.get(address, timeout=30).text)
        freed = samples(requests.get(address, timeout=30).text)
    assert held["warehouse_up", ""] == 0
    assert held["warehouse_dataset_records", "wards"] == 50
    assert freed["warehouse_up", ""] == 1


def test_no_warehouse_is_not_up_and_no_crash(warehouse: Target) -> None:
    answer = command_here("metrics", "--target", warehouse)
    assert answer.returncode == 1
    assert samples(answer.stdout)["warehouse_up", ""] == 0
    assert "run 'warehouse sync'" in answer.stderr
    assert answer.stderr.count("\n") == 1


@on_duckdb
def test_a_port_that_is_taken_is_said_in_one_line(warehouse: Target) -> None:
    with served(warehouse) as address:
        port = address.partition("127.0.0.1:")[2].partition("/")[0]
        answer = command_here("metrics", "--serve", "--port", port)
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port}: Address already in use" in answer.stderr
    wrong = command_here("metrics", "--port", port)
    assert (wrong.returncode, "add --serve" in wrong.stderr) == (2, True)
