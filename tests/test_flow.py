"""The run from the portal to the marts, over HTTP into a real warehouse on each engine."""

import re

import pytest

import flows.build
from flows.reconcile import reconcile
from flows.sync import sync
from ingestion.catalog import load_catalog
from ingestion.sample_portal import SamplePortal
from tests.conftest import REQUIRED, SYNCED, Filled
from tests.contents import OF_THE_RUNS, content, rows, tables, texts_of
from tests.shared_warehouses import pointing_to
from warehouse.connection import connect
from warehouse.errors import WarehouseError
from warehouse.records import DatasetLoad, start_run
from warehouse.settings import ROOT, TARGETS, Target

pytestmark = pytest.mark.usefixtures("prefect_server", "models_alone")

CATALOG = load_catalog().datasets
IDS = {name: dataset.id for name, dataset in CATALOG.items()}

README_QUERIES = re.findall(r"```sql\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


def by_name(loads: list[DatasetLoad]) -> dict[str, DatasetLoad]:
    return {load.dataset: load for load in loads}


def test_a_second_sync_fetches_nothing_and_changes_nothing(
    synced: Target, own_portal: SamplePortal
) -> None:
    warehouse = synced
    first = rows(warehouse, "select dataset, rows_inserted from ops.dataset_loads")
    assert {"dataset": "crashes", "rows_inserted": 1_000} in first
    names = tables(warehouse, "raw", "staging", "marts", "quality")
    assert {"raw.crashes", "staging.stg_crashes", "marts.crashes_daily"} <= set(names)
    assert {"raw.layers", "raw.layer_features"} <= set(names)
    # Each sync adds what it counted.
    unchanging = [name for name in names if name not in OF_THE_RUNS]
    before = content(warehouse, unchanging)

    second = sync(target=warehouse, datasets=SYNCED)

    assert [load.rows_fetched for load in second] == [0] * len(first)
    assert tables(warehouse, "raw", "staging", "marts", "quality") == names
    assert content(warehouse, unchanging) == before


@on_duckdb
def test_only_what_depends_on_changed_rows_is_built_and_all_of_it_after_a_failure(
    synced: Target,
    own_portal: SamplePortal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def said() -> list[str]:
        lines = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return [line for line in lines if line.startswith("dbt: ")]

    asked: list[list[str]] = []

    def broken(target: Target, arguments: list[str], settings: dict[str, str]) -> None:
        asked.append(arguments)
        raise WarehouseError("the build was ended")

    sync(target=synced, datasets=["people"])
    assert said() == ["dbt: nothing to build, no row has changed since the last build"]

    with connect(synced) as connection:
        connection.execute("drop table marts.crashes_daily")
    sync(target=synced, datasets=["people"])
    first, last = said()
    assert first == "dbt: building the marts"
    nodes_in_all = int(last.split()[1])
    assert rows(synced, "select count(*) > 0 as is_there from marts.crashes_daily") == [
        {"is_there": True}
    ]

    own_portal.amend(IDS["people"], rows=2)
    sync(target=synced, datasets=["people"])
    first, last = said()
    assert first == "dbt: building what depends on people"
    assert 20 < int(last.split()[1]) < nodes_in_all

    own_portal.amend(IDS["people"], rows=2)
    monkeypatch.setattr(flows.build, "_run_dbt", broken)
    for _ in range(2):
        with pytest.raises(WarehouseError, match="the build was ended"):
            sync(target=synced, datasets=["people"])
    assert said() == ["dbt: building what depends on people", "dbt: building the marts"]
    assert asked[-1] == ["build", "--target", "duckdb"]


@on_duckdb
def test_a_dataset_that_fails_keeps_no_other_from_the_marts_but_fails_the_run(
    synced: Target, own_portal: SamplePortal
) -> None:
    warehouse = synced
    own_portal.add(IDS["crashes"], rows=2)
    own_portal.control("remove", dataset=IDS["people"])

    with pytest.raises(WarehouseError, match=r"^people \(u6pd-qa9d\): .* 404") as failure:
        sync(target=warehouse, datasets=REQUIRED)

    assert "\n" not in str(failure.value)
    assert rows(warehouse, "select count(*) as n from marts.crashes") == [{"n": 1_002}]
    [run] = rows(
        warehouse, "select status, error from ops.sync_runs order by started_at desc limit 1"
    )
    assert run == {"status": "failed", "error": str(failure.value)}
    last = rows(
        warehouse,
        "select dataset, status from ops.dataset_loads order by finished_at desc limit 4",
    )
    assert {row["dataset"] for row in last if row["status"] == "failed"} == {"people"}
    assert len([row for row in last if row["status"] == "loaded"]) == 3


@on_duckdb
def test_a_dataset_that_need_not_be_there_is_named_recorded_and_passed_over(
    warehouse: Target, own_portal: SamplePortal, caplog: pytest.LogCaptureFixture
) -> None:
    own_portal.control("remove", dataset=IDS["traffic_signals"])

    loads = by_name(sync(target=warehouse, datasets=["wards", "traffic_signals"], build=False))

    assert loads["traffic_signals"].status == "missing"
    assert loads["wards"].status == "loaded"
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [line for line in warnings if line.startswith("traffic_signals (kfyz-pdh6): missing")]
    assert rows(warehouse, "select dataset, status from ops.dataset_loads order by dataset") == [
        {"dataset": "traffic_signals", "status": "missing"},
        {"dataset": "wards", "status": "loaded"},
    ]
    assert rows(warehouse, "select status, is_sample from ops.sync_runs") == [
        {"status": "succeeded", "is_sample": True}
    ]


@on_duckdb
def test_a_run_that_finds_no_portal_is_recorded_where_there_is_a_warehouse(
    warehouse: Target, own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(target=warehouse, datasets=["wards"], build=False)
    before = content(warehouse, ["raw.wards"])
    monkeypatch.setenv("SOURCES__SODA__BASE_URL", "http://127.0.0.1:9")

    with pytest.raises(WarehouseError, match=r"http://127\.0\.0\.1:9 cannot be reached"):
        sync(target=warehouse, datasets=["wards"], build=False)

    assert content(warehouse, ["raw.wards"]) == before
    statuses = rows(warehouse, "select status from ops.sync_runs order by started_at")
    assert [row["status"] for row in statuses] == ["succeeded", "failed"]


def test_the_marts_are_equal_on_both_engines(
    built_once: Filled,
) -> None:
    found = []
    for target in TARGETS:
        with pointing_to(target, built_once(target)):
            names = [n for n in tables(target, "marts", "quality") if n not in OF_THE_RUNS]
            found.append(content(target, names))
            for number, sql in enumerate(README_QUERIES):
                columns, *answers = texts_of(target, sql)
                assert answers, sql
                found[-1][f"query {number} of the README"] = [columns, *answers]
    first, second = found
    assert "marts.crashes" in first
    assert list(first) == list(second)
    for name in first:
        assert first[name] == second[name], name


@on_duckdb
def test_one_dataset_alone_makes_a_warehouse_with_the_other_marts_empty(
    warehouse: Target, own_portal: SamplePortal
) -> None:
    sync(target=warehouse, datasets=["crashes"])
    [counts] = rows(
        warehouse,
        "select (select count(*) from marts.crashes) as crashes,"
        " (select count(*) from marts.people) as people",
    )
    assert counts == {"crashes": 1_000, "people": 0}
    sync(target=warehouse, datasets=["people"])
    [counts] = rows(warehouse, "select sum(people_count) as people from marts.crashes")
    assert counts["people"] > 1_000


@on_duckdb
def test_a_warehouse_takes_the_data_of_one_portal_only(
    warehouse: Target,
    own_portal: SamplePortal,
    portal: SamplePortal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sync(target=warehouse, datasets=["wards"], build=False)
    before = content(warehouse, ["raw.wards"])
    monkeypatch.setenv("SOURCES__SODA__BASE_URL", portal.url)
    with pytest.raises(WarehouseError, match="holds the data of 'Generated sample data: 1000"):
        sync(target=warehouse, datasets=["wards"], build=False)
    assert content(warehouse, ["raw.wards"]) == before


@on_duckdb
def test_a_run_that_was_killed_is_recorded_as_failed_by_the_next(
    warehouse: Target, own_portal: SamplePortal
) -> None:
    start_run(warehouse, "command line", {})
    sync(target=warehouse, datasets=["wards"], build=False)
    runs = rows(warehouse, "select status, error from ops.sync_runs order by started_at")
    assert [run["status"] for run in runs] == ["failed", "succeeded"]
    assert "without a word" in runs[0]["error"]


@on_duckdb
def test_what_a_reconciliation_did_before_it_died_is_in_the_marts_after_the_next(
    synced: Target, own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = synced
    own_portal.delete(IDS["crashes"], rows=3)

    def no_build(target: Target, arguments: list[str], settings: dict[str, str]) -> None:
        raise WarehouseError("the build was ended")

    with monkeypatch.context() as broken:
        broken.setattr(flows.build, "_run_dbt", no_build)
        with pytest.raises(WarehouseError, match="the build was ended"):
            reconcile(target=warehouse)

    reconcile(target=warehouse)

    assert rows(warehouse, "select count(*) as n from marts.crashes") == [{"n": 997}]
    with monkeypatch.context() as broken:
        broken.setattr(flows.build, "_run_dbt", no_build)
        reconcile(target=warehouse)  # nothing to build for
