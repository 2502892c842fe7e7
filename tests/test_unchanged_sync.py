"""A sync when nothing changed: what it asks of the portal, and when it compares all the same."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from flows.sync import sync
from ingestion.sample_portal import SamplePortal
from tests.loads import IDS
from tests.test_load_file import load_from, soda_file
from warehouse.connection import connect
from warehouse.settings import Target

DATASETS = ["crashes", "people", "fatalities", "red_light_cameras"]


def asked(portal: SamplePortal) -> Counter[tuple[str, str]]:
    """How often a sync asks each thing of each dataset."""
    requests = Counter((request["dataset"], request["what"]) for request in portal.requests())
    portal.forget_requests()
    return requests


def synced_again(portal: SamplePortal, target: Target) -> Counter[tuple[str, str]]:
    portal.forget_requests()
    sync(target=target, datasets=DATASETS, build=False)
    return asked(portal)


@pytest.fixture
def loaded(prefect_server: str, own_portal: SamplePortal, warehouse: Target) -> Target:
    sync(target=warehouse, datasets=DATASETS, build=False)
    return warehouse


def test_one_request_a_dataset_is_all_that_it_asks_and_records(
    own_portal: SamplePortal, loaded: Target
) -> None:
    once = Counter({(IDS[name], "metadata"): 1 for name in DATASETS})
    assert synced_again(own_portal, loaded) == once
    with connect(loaded, read_only=True) as connection:
        runs = connection.fetch("select run_id from ops.sync_runs order by started_at")
        *_, last = runs["run_id"].to_pylist()
        requests = connection.fetch(
            "select requests from ops.dataset_loads where run_id = $1", (last,)
        )
        compared = connection.fetch(
            "select distinct dataset, portal_rows - warehouse_rows as lacking"
            " from ops.reconciliation_checks"
        )
    assert requests["requests"].to_pylist() == [1] * len(DATASETS)
    # The proof of before still stands.
    assert sorted(compared["dataset"].to_pylist()) == sorted(DATASETS)
    assert set(compared["lacking"].to_pylist()) == {0}


def test_a_change_on_either_side_is_compared_again(
    own_portal: SamplePortal, loaded: Target, tmp_path: Path
) -> None:
    own_portal.add(IDS["crashes"], rows=1, late=True)
    of_each = synced_again(own_portal, loaded)
    assert of_each[IDS["crashes"], "aggregate"] > 0
    assert of_each[IDS["people"], "aggregate"] == 0
    assert set(synced_again(own_portal, loaded)) == {(IDS[name], "metadata") for name in DATASETS}

    # What a file brings the portal may not have.
    file = soda_file(own_portal, "people", tmp_path)
    with file.open(newline="") as lines:
        row = next(csv.DictReader(lines))
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, row)
        writer.writeheader()
        writer.writerow(row | {"person_id": "of the file"})
    load_from(file, "people", loaded)
    of_each = synced_again(own_portal, loaded)
    assert of_each[IDS["people"], "aggregate"] > 0
    assert of_each[IDS["crashes"], "aggregate"] == 0


def test_a_comparison_that_was_refused_is_made_again(
    own_portal: SamplePortal, loaded: Target
) -> None:
    own_portal.delete(IDS["crashes"], rows=500)
    for _ in range(2):
        with pytest.raises(Exception, match="above the 5% that one run may mark"):
            sync(target=loaded, datasets=["crashes"], build=False)
