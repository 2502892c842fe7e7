"""The warehouse held against the portal over HTTP: late rows, deletes, re-publications."""

from datetime import date
from typing import Any

import pytest

from flows.sync import sync
from ingestion.catalog import Dataset
from ingestion.load import load_dataset
from ingestion.reconcile import Reconciliation, reconcile_dataset
from ingestion.sample_portal import SamplePortal
from ingestion.soda import PortalError
from tests.commands import command_here, warehouse_command
from tests.loads import CATALOG, IDS, load
from tests.test_load import on_duckdb, raw, served
from warehouse.connection import connect
from warehouse.errors import WarehouseError
from warehouse.lock import sync_lock
from warehouse.records import DatasetLoad
from warehouse.settings import Target

DEATH = {"crash_date": "2024-05-03T22:10:00.000", "crash_location": "1 W MADISON ST"}


def check(name: str, target: Target, run_id: str = "run", **options: Any) -> Reconciliation:
    with sync_lock(target):
        return reconcile_dataset(CATALOG[name], target, run_id, **options)


def rows(target: Target, sql: str) -> list[tuple[Any, ...]]:
    with connect(target, read_only=True) as connection:
        found = connection.fetch(sql).to_pylist()
    # Sums are decimals here and texts there.
    return [
        tuple(
            int(value) if name in ("n", "days") and value is not None else value
            for name, value in row.items()
        )
        for row in found
    ]


def gone(target: Target, name: str = "crashes") -> set[str]:
    found = rows(
        target,
        "select record_key from ops.record_deletions"
        f" where dataset = '{name}' and restored_at is null",
    )
    return {key for (key,) in found}


def noted(target: Target) -> dict[str, int]:
    """How many keys the checks noted, by what was different."""
    found = rows(target, "select difference, count(*) as n from ops.reconciliation_keys group by 1")
    return {difference: int(keys) for difference, keys in found}


def pages(portal: SamplePortal) -> list[dict[str, Any]]:
    return [request for request in portal.requests() if request["what"] == "page"]


def test_a_late_row_is_found_by_the_counts_and_only_its_month_is_read(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    late = own_portal.add(IDS["crashes"], rows=2, late=True)["keys"]
    assert load("crashes", warehouse).rows_fetched == 0
    own_portal.forget_requests()
    done = check("crashes", warehouse, "first")
    assert (done.compared_months, done.marked) == (1, 0)
    assert set(late) <= set(raw(warehouse, "crashes")["crash_record_id"].to_pylist())
    # Of 1 000 rows only the month's were listed, fetched, and listed again.
    assert sum(request["rows"] for request in pages(own_portal)) == 3 * done.refetched < 60
    assert noted(warehouse) == {"refetched": 2}
    assert check("crashes", warehouse, "second").compared_months == 0
    differing = "portal_rows <> warehouse_rows or missing > 0 or vanished > 0"
    assert rows(
        warehouse,
        f"select run_id, sum(refetched) as n, count(case when {differing} then 1 end) as different"
        " from ops.reconciliation_checks group by run_id order by run_id",
    ) == [("first", 2, 0), ("second", 0, 0)]


def test_a_late_amendment_is_found_by_the_deep_comparison_and_only_by_it(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("people", warehouse)
    before = raw(warehouse, "people").num_rows
    own_portal.amend(IDS["people"], rows=2, late=True)
    assert load("people", warehouse).rows_fetched == 0
    assert check("people", warehouse).refetched == 0
    assert check("people", warehouse, deep=True).refetched > 0
    assert raw(warehouse, "people").num_rows == before + 2
    assert check("people", warehouse, deep=True).refetched == 0


@pytest.mark.parametrize("name", ["crashes", "fatalities", "red_light_cameras"])
def test_after_a_republication_the_deep_comparison_fetches_nothing(
    own_portal: SamplePortal, warehouse: Target, name: str
) -> None:
    load(name, warehouse)
    before = raw(warehouse, name).num_rows
    own_portal.republish(IDS[name])
    load(name, warehouse)
    done = check(name, warehouse, deep=True)
    assert (done.portal_rows, done.warehouse_rows) == (before, before)
    assert (done.refetched, done.marked, raw(warehouse, name).num_rows) == (0, 0, before)
    # An upsert after it moves a record that is known by its row alone.
    place = CATALOG[name].made_from or ("alignment",)
    own_portal.amend(IDS[name], rows=1, changes={place[-1]: "41.5"})
    assert load(name, warehouse).rows_updated == 1
    assert check(name, warehouse, deep=True).portal_rows == before


def test_deletes_are_marked_and_what_comes_back_is_unmarked(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    there = served(own_portal, "crashes")
    own_portal.forget_requests()
    taken = own_portal.delete(IDS["crashes"], rows=3)["keys"]
    done = check("crashes", warehouse)
    assert (done.marked, done.refetched, gone(warehouse)) == (3, 0, set(taken))
    assert sum(request["rows"] for request in pages(own_portal)) < 60
    assert (check("crashes", warehouse).marked, gone(warehouse)) == (0, set(taken))

    records = [row for row in there.to_pylist() if row["crash_record_id"] == taken[0]]
    back = {name: value for name, value in records[0].items() if name[0] != ":"}
    own_portal.add(IDS["crashes"], records=[back])
    assert load("crashes", warehouse).rows_unchanged == 1
    done = check("crashes", warehouse)
    assert (done.returned, done.compared_months, gone(warehouse)) == (1, 0, set(taken[1:]))


def test_of_equal_deaths_one_may_go_and_the_guard_is_lifted_by_hand(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    own_portal.add(IDS["fatalities"], records=[DEATH, DEATH])
    load("fatalities", warehouse)
    own_portal.republish(IDS["fatalities"])
    own_portal.delete(IDS["fatalities"], where="crash_location = '1 W MADISON ST'", rows=1)
    load("fatalities", warehouse)
    with pytest.raises(WarehouseError, match=r"1 of 11 records \(9\.1%\).*--yes-delete"):
        check("fatalities", warehouse)
    assert gone(warehouse, "fatalities") == set()
    assert check("fatalities", warehouse, yes_delete=True).marked == 1
    twins = rows(
        warehouse,
        "select _record_key from raw.fatalities where crash_location = '1 W MADISON ST'",
    )
    assert len(twins) == 2
    assert len(gone(warehouse, "fatalities") & {key for (key,) in twins}) == 1
    assert check("fatalities", warehouse, deep=True).warehouse_rows == 10


@on_duckdb
def test_a_portal_with_half_a_table_empties_nothing(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    own_portal.delete(IDS["crashes"], rows=500)
    with pytest.raises(WarehouseError, match=r"500 of 1,000 records \(50\.0%\), above the 5%"):
        check("crashes", warehouse)
    assert gone(warehouse) == set()
    assert noted(warehouse) == {"vanished": 500}
    # What is there again was never gone.
    own_portal.reset()
    assert check("crashes", warehouse).marked == 0


@on_duckdb
@pytest.mark.parametrize("fault", ["truncated", "empty"])
@pytest.mark.parametrize("what", ["page", "aggregate"])
def test_an_answer_that_was_cut_short_marks_nothing(
    own_portal: SamplePortal, warehouse: Target, fault: str, what: str
) -> None:
    load("crashes", warehouse)
    [taken] = own_portal.delete(IDS["crashes"], rows=1)["keys"]
    own_portal.misbehave(fault, dataset=IDS["crashes"], what=what, nth=1 + (what == "aggregate"))
    check("crashes", warehouse)
    assert gone(warehouse) == {taken}


@on_duckdb
def test_a_listing_that_never_is_whole_fails_and_marks_nothing(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    check("crashes", warehouse)
    own_portal.delete(IDS["crashes"], rows=2)
    own_portal.misbehave("empty", dataset=IDS["crashes"], what="page", times=9)
    with pytest.raises(PortalError, match=r"crashes .* counts \d+ rows in 20.* but lists 0"):
        check("crashes", warehouse)
    assert gone(warehouse) == set()


@on_duckdb
def test_a_record_that_moved_to_another_month_is_not_gone(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    there = served(own_portal, "crashes").to_pylist()
    months = [row["crash_date"][:7] for row in there]
    moved = months.index("2023-05")
    leaves = months.index("2024-08")
    # The counts of the month that it moves to stay what they were.
    own_portal.amend(
        IDS["crashes"],
        keys=[there[moved]["crash_record_id"]],
        changes={"crash_date": "2024-08-01T00:00:00.000"},
        late=True,
    )
    own_portal.delete(IDS["crashes"], keys=[there[leaves]["crash_record_id"]])
    load("crashes", warehouse)
    done = check("crashes", warehouse)
    assert done.marked == 1
    assert gone(warehouse) == {there[leaves]["crash_record_id"]}
    assert check("crashes", warehouse, deep=True).refetched == 0


@on_duckdb
def test_two_rows_of_one_key_are_no_difference_and_rows_without_a_key_come_and_go(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    one = raw(warehouse, "crashes").select(["crash_record_id", "crash_date"]).to_pylist()[0]
    nobody = {"crash_record_id": None, "crash_date": one["crash_date"], "alignment": "NOWHERE"}
    own_portal.add(
        IDS["crashes"], records=[one, nobody, nobody, {**nobody, "alignment": "DOWNHILL"}]
    )
    load("crashes", warehouse)
    own_portal.republish(IDS["crashes"])
    load("crashes", warehouse)
    done = check("crashes", warehouse, deep=True)
    assert (done.portal_rows, done.warehouse_rows) == (1_004, 1_003)
    assert (done.refetched, done.marked) == (0, 0)
    moved = {"crash_date": "2024-08-01T00:00:00.000"}
    own_portal.amend(IDS["crashes"], where="alignment = 'DOWNHILL'", changes=moved, late=True)
    own_portal.delete(IDS["crashes"], where="alignment = 'NOWHERE'")
    assert check("crashes", warehouse).marked == 2
    keys = dict(
        zip(
            *(raw(warehouse, "crashes")[c].to_pylist() for c in ("_record_key", "alignment")),
            strict=True,
        )
    )
    assert {keys[key] for key in gone(warehouse)} == {"NOWHERE"}


def test_a_death_that_returns_after_another_took_its_made_key_is_there_again(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("fatalities", warehouse)
    one = raw(warehouse, "fatalities").to_pylist()[0]
    place = {name: one[name] for name in CATALOG["fatalities"].made_from}
    other = {**place, "person_id": "ANOTHER"}
    own_portal.delete(IDS["fatalities"], keys=[one["_row_id"]])
    own_portal.add(IDS["fatalities"], records=[other])
    assert load("fatalities", warehouse).rows_inserted == 0

    # The first is back under its old `:id` and stamp, which no load by the mark reads.
    own_portal.reset()
    own_portal.delete(IDS["wards"], rows=1)  # which moves the portal's clock on, as above
    own_portal.add(IDS["fatalities"], records=[other])
    deaths = served(own_portal, "fatalities").num_rows
    load("fatalities", warehouse)
    with monkeypatch.context() as patched:
        patched.setattr("ingestion.reconcile.load_dataset", lambda *_, **__: DatasetLoad("in vain"))
        with pytest.raises(WarehouseError, match=r"fatalities .*: 1 rows that the portal lists"):
            check("fatalities", warehouse, yes_delete=True)
    done = check("fatalities", warehouse, yes_delete=True)
    assert (done.marked, len(gone(warehouse, "fatalities"))) == (0, 0)
    for _ in range(2):
        done = check("fatalities", warehouse, deep=True, yes_delete=True)
        assert (done.warehouse_rows, done.refetched, done.marked) == (deaths, 0, 0)


@on_duckdb
def test_a_row_is_the_record_that_it_was_read_as_last(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("fatalities", warehouse)
    one = raw(warehouse, "fatalities").to_pylist()[0]
    content = {name: value for name, value in one.items() if name[0] != "_"}
    other = {name: one[name] for name in CATALOG["fatalities"].made_from} | {"person_id": "ANOTHER"}
    own_portal.delete(IDS["fatalities"], keys=[one["_row_id"]])
    own_portal.add(IDS["fatalities"], records=[other])
    load("fatalities", warehouse)
    # The first comes back under a new `:id`, as a record of its own, and then under its old one.
    own_portal.add(IDS["fatalities"], records=[content])
    assert load("fatalities", warehouse).rows_inserted == 1
    own_portal.reset()
    own_portal.delete(IDS["wards"], rows=1)  # which moves the portal's clock on, as above
    own_portal.add(IDS["fatalities"], records=[other])
    load("fatalities", warehouse)
    assert check("fatalities", warehouse, deep=True, yes_delete=True).marked == 0
    done = check("fatalities", warehouse, deep=True)
    assert (done.portal_rows, done.warehouse_rows, done.refetched) == (10, 10, 0)


@pytest.mark.parametrize("name", ["fatalities", "speed_cameras"])
def test_republications_leave_no_more_sightings_than_the_portal_has_rows(
    own_portal: SamplePortal, warehouse: Target, name: str
) -> None:
    load(name, warehouse)
    noted_rows = f"select count(*) as n from raw._row_sightings where dataset = '{name}'"
    for _ in range(3):
        own_portal.republish(IDS[name])
        load(name, warehouse)
        assert rows(warehouse, noted_rows) == [(raw(warehouse, name).num_rows,)]
    done = check(name, warehouse, deep=True)
    assert (done.portal_rows, done.refetched, done.marked) == (done.warehouse_rows, 0, 0)


def test_of_rows_of_one_key_each_is_known_after_republications(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    twice = {"id": "SPEED1", "address": "1 W MADISON ST"}
    own_portal.add(IDS["speed_cameras"], records=[twice, twice])
    load("speed_cameras", warehouse)
    for _ in range(3):
        own_portal.republish(IDS["speed_cameras"])
        load("speed_cameras", warehouse)
    # One of the two is written again, and all others are not.
    again = served(own_portal, "speed_cameras").to_pylist()
    [first, _] = [row[":id"] for row in again if row["id"] == twice["id"]]
    own_portal.amend(IDS["speed_cameras"], where=f":id = '{first}'", changes=twice)
    load("speed_cameras", warehouse)
    for _ in range(2):
        done = check("speed_cameras", warehouse, deep=True)
        assert (done.portal_rows, done.refetched) == (done.warehouse_rows + 1, 0)
    assert rows(
        warehouse, "select count(*) as n from raw._row_sightings where record_key = 'SPEED1'"
    ) == [(3,)]


@on_duckdb
def test_what_does_not_come_though_it_is_listed_fails_the_run(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("crashes", warehouse)
    own_portal.add(IDS["crashes"], rows=2, late=True)

    def in_vain(dataset: Dataset, target: Target, **options: object) -> DatasetLoad:
        return load_dataset(dataset, target, where="crash_date < '1990-01-01'")

    # The portal has nothing to send for what it lists.
    monkeypatch.setattr("ingestion.reconcile.load_dataset", in_vain)
    with pytest.raises(WarehouseError, match=r"crashes .*: 2 rows .* 20\d\d-\d\d.*later"):
        check("crashes", warehouse)
    assert noted(warehouse) == {"missing": 2}


@on_duckdb
def test_rows_that_change_while_they_are_compared_are_compared_once_more(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    [taken] = own_portal.delete(IDS["crashes"], rows=1)["keys"]
    call = {"verb": "delete", "dataset": IDS["crashes"], "rows": 1}
    own_portal.misbehave("change", dataset=IDS["crashes"], what="metadata", nth=2, call=call)
    done = check("crashes", warehouse)
    assert (done.marked, done.warehouse_rows) == (2, 1_000)
    assert taken in gone(warehouse)

    own_portal.delete(IDS["crashes"], rows=1)
    own_portal.misbehave(
        "change", dataset=IDS["crashes"], what="metadata", nth=2, times=9, call=call
    )
    with pytest.raises(PortalError, match="change all the while, so nothing was marked"):
        check("crashes", warehouse)
    assert len(gone(warehouse)) == 2


@on_duckdb
def test_a_reconciliation_that_was_ended_half_way_is_done_by_the_next(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("crashes", warehouse)
    own_portal.add(IDS["crashes"], rows=2, late=True)
    taken = own_portal.delete(IDS["crashes"], rows=2)["keys"]

    def killed(*call: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ingestion.reconcile.conclude", killed)
        with pytest.raises(KeyboardInterrupt):
            check("crashes", warehouse, "first")
    assert gone(warehouse) == set()
    assert check("crashes", warehouse, "second").marked == 2
    assert gone(warehouse) == set(taken)
    assert check("crashes", warehouse, "third", deep=True).refetched == 0


@on_duckdb
def test_a_part_is_compared_as_a_part_and_the_whole_only_if_it_was_read(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    first, after = date(2023, 1, 10), date(2024, 1, 10)
    load("crashes", warehouse, since=first, until=after)
    done = check("crashes", warehouse, since=first, until=after)
    assert done.portal_rows == done.warehouse_rows == raw(warehouse, "crashes").num_rows > 0
    with pytest.raises(WarehouseError, match=r"never read whole.*'warehouse sync crashes'"):
        check("crashes", warehouse)
    with pytest.raises(WarehouseError, match=r"never read whole.*'warehouse sync wards'"):
        check("wards", warehouse)


@pytest.mark.usefixtures("prefect_server", "models_alone")
def test_the_marts_follow_what_is_deleted_and_what_comes_back(
    own_portal: SamplePortal, synced: Target
) -> None:
    warehouse = synced
    crash_datasets = ["crashes", "people", "vehicles", "fatalities"]
    own_portal.add(IDS["fatalities"], records=[DEATH, DEATH])
    sync(target=warehouse, datasets=crash_datasets, build=False)
    flagged = (
        "select count(*) as n from marts.fatalities"
        " where is_possible_duplicate and crash_location = '1 W MADISON ST'"
    )
    there = served(own_portal, "crashes").to_pylist()
    taken = own_portal.delete(IDS["crashes"], rows=2)["keys"]
    own_portal.delete(IDS["fatalities"], where="crash_location = '1 W MADISON ST'", rows=1)

    with pytest.raises(WarehouseError, match=r"fatalities \(gzaz-isa6\): .*1 of 11 .*--yes-delete"):
        sync(target=warehouse, datasets=crash_datasets)

    counts = (
        "select (select count(*) from marts.crashes) as crashes,"
        " (select sum(total_crashes) from marts.crashes_daily) as days,"
        " (select count(*) from staging.stg_crashes) as staged,"
        " (select count(*) from staging.stg_crashes where _deleted_at is not null) as gone"
    )
    assert rows(warehouse, counts) == [(998, 998, 1_000, 2)]
    assert rows(
        warehouse, "select dataset, rows_deleted from ops.dataset_loads where rows_deleted > 0"
    ) == [("crashes", 2)]
    assert rows(warehouse, flagged) == [(2,)]

    [back] = [row for row in there if row["crash_record_id"] == taken[0]]
    own_portal.add(
        IDS["crashes"],
        records=[{name: value for name, value in back.items() if name[0] != ":"}],
        late=True,
    )
    done = command_here("reconcile", *crash_datasets, "--yes-delete", "--target", warehouse)

    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()]
    summary = {line[1]: line[2:8] for line in cells if len(line) > 7}
    assert [name for name in summary if name] == crash_datasets
    assert summary["crashes"][1:3] == ["999", "999"]
    assert summary["crashes"][4:] == ["0", "1"]
    assert summary["fatalities"][1:] == ["10", "11", "0", "1", "0"]
    assert rows(warehouse, counts) == [(999, 999, 1_000, 1)]
    assert rows(warehouse, flagged) == [(0,)]
    assert rows(
        warehouse,
        "select count(*) as n from quality.reconciliation where portal_rows <> warehouse_rows"
        " and checked_at = (select max(checked_at) from quality.reconciliation)",
    ) == [(0,)]


@on_duckdb
@pytest.mark.usefixtures("prefect_server", "models_alone")
def test_the_command_exits_with_1_at_the_guard_and_names_the_way_past_it(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("wards", warehouse)
    own_portal.delete(IDS["wards"], rows=3)
    refused = warehouse_command("reconcile", "wards")
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "wards (p293-wvbd): the portal has no more 3 of 50 records (6.0%)" in line
    assert "'warehouse reconcile wards --yes-delete'" in line
    assert gone(warehouse, "wards") == set()
    assert rows(warehouse, "select status from ops.sync_runs") == [("failed",)]
