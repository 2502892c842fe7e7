"""Columns that come, go and change their type, told by loads over HTTP on both engines."""

from datetime import date

import pytest

from flows.sync import sync
from ingestion.reconcile import reconcile_dataset
from ingestion.sample_portal import SamplePortal
from ingestion.source import Progress
from tests.loads import CATALOG, IDS, load
from tests.test_load import on_duckdb, raw
from warehouse.connection import connect
from warehouse.errors import WarehouseError
from warehouse.settings import Target

RETYPED = r"crashes \(85ca-t3if\): .*'lane_cnt' was number and is text.*--full-refresh"


def reshape(portal: SamplePortal, action: str, column: str, **more: str) -> None:
    portal.control("column", dataset=IDS["crashes"], action=action, column=column, **more)


def test_columns_that_come_and_go_are_told_once_and_keep_their_history(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    assert load("crashes", warehouse).schema_changes is None
    lanes = raw(warehouse, "crashes", "_row_id, lane_cnt")
    reshape(own_portal, "add", "fatigue_i")
    reshape(own_portal, "drop", "lane_cnt")

    told = load("crashes", warehouse)

    assert told.schema_changes == "new: fatigue_i (text); vanished: lane_cnt (number)"
    assert told.rows_fetched == 0
    assert raw(warehouse, "crashes", "_row_id, lane_cnt").equals(lanes)
    assert set(raw(warehouse, "crashes")["fatigue_i"].to_pylist()) == {None}
    own_portal.amend(IDS["crashes"], rows=2, changes={"fatigue_i": "Y"})
    after = load("crashes", warehouse)
    assert (after.schema_changes, after.rows_updated) == (None, 2)
    assert raw(warehouse, "crashes")["fatigue_i"].to_pylist().count("Y") == 2


def test_a_column_of_another_type_stops_the_dataset_before_anything_is_written(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    before = raw(warehouse, "crashes")
    reshape(own_portal, "retype", "lane_cnt", type="text")
    reshape(own_portal, "add", "fatigue_i")
    own_portal.amend(IDS["crashes"], rows=2)
    for _ in range(2):
        with pytest.raises(WarehouseError, match=RETYPED):
            load("crashes", warehouse)
    assert raw(warehouse, "crashes").equals(before)

    accepted = load("crashes", warehouse, full_refresh=True)

    assert accepted.schema_changes == "new: fatigue_i (text); retyped: lane_cnt (number, now text)"
    assert (accepted.rows_fetched, accepted.rows_updated) == (1_000, 2)
    assert load("crashes", warehouse).schema_changes is None


@on_duckdb
def test_a_part_tells_of_new_columns_but_accepts_no_other_type(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    period = {"since": date(2024, 1, 1)}
    reshape(own_portal, "add", "fatigue_i")
    assert load("crashes", warehouse, **period).schema_changes == "new: fatigue_i (text)"
    assert load("crashes", warehouse, **period).schema_changes is None
    reshape(own_portal, "retype", "lane_cnt", type="text")
    for refresh in (False, True):
        with pytest.raises(WarehouseError, match=RETYPED):
            load("crashes", warehouse, full_refresh=refresh, **period)


@on_duckdb
def test_a_load_that_breaks_off_leaves_the_telling_to_the_next(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("crashes", warehouse)
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "100")
    reshape(own_portal, "add", "fatigue_i")
    own_portal.republish(IDS["crashes"])

    def break_off(progress: Progress) -> None:
        if progress.pages == 6:  # in the second step, so the first is committed
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load("crashes", warehouse, on_progress=break_off)
    assert load("crashes", warehouse).schema_changes == "new: fatigue_i (text)"


@on_duckdb
@pytest.mark.usefixtures("prefect_server")
def test_the_run_tells_of_drift_and_a_changed_type_fails_it_but_keeps_no_other_from_loading(
    own_portal: SamplePortal, warehouse: Target, caplog: pytest.LogCaptureFixture
) -> None:
    sync(target=warehouse, datasets=["crashes", "wards"], build=False)
    with connect(warehouse) as connection:  # as a warehouse from before drift was recorded
        connection.execute("alter table ops.dataset_loads drop column schema_changes")
    reshape(own_portal, "retype", "lane_cnt", type="text")
    own_portal.control("column", dataset=IDS["wards"], action="add", column="alderman")

    with pytest.raises(WarehouseError, match=RETYPED):
        sync(target=warehouse, datasets=["crashes", "wards"], build=False)

    with connect(warehouse, read_only=True) as connection:
        found = connection.fetch(
            "select dataset, status, schema_changes from ops.dataset_loads"
            " order by finished_at desc limit 2"
        ).to_pylist()
    assert found == [
        {"dataset": "wards", "status": "loaded", "schema_changes": "new: alderman (text)"},
        {"dataset": "crashes", "status": "failed", "schema_changes": None},
    ]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "wards (p293-wvbd): the portal's columns changed: new: alderman (text)" in warnings


@on_duckdb
def test_a_refetch_accepts_no_other_type_and_tells_of_a_column_that_it_meets_first(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    cameras = CATALOG["speed_cameras"]
    load("speed_cameras", warehouse)
    own_portal.add(cameras.id, rows=1, late=True)
    own_portal.control("column", dataset=cameras.id, action="add", column="lens")

    found = reconcile_dataset(cameras, warehouse, "run")

    assert (found.schema_changes, found.refetched) == ("new: lens (text)", 213)
    own_portal.add(cameras.id, rows=1, late=True)
    own_portal.control("column", dataset=cameras.id, action="retype", column="address", type="url")
    with pytest.raises(WarehouseError, match=r"'address' was text and is url.*--full-refresh"):
        reconcile_dataset(cameras, warehouse, "run")
