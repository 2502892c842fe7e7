"""Places and proximity follow what changes, and join no more than that."""

from pathlib import Path

import pytest

from flows.build import build
from flows.sync import sync
from ingestion import layers
from ingestion.catalog import load_catalog
from ingestion.layer_features import read_features
from ingestion.layer_file import open_layer_file
from ingestion.sample_portal import SamplePortal
from tests.conftest import SYNCED
from tests.contents import OF_THE_RUNS, content, rows, tables
from tests.layer_files import geojson
from warehouse.connection import connect
from warehouse.settings import Target

pytestmark = pytest.mark.usefixtures("prefect_server", "models_alone")

CATALOG = load_catalog().datasets
IDS = {name: dataset.id for name, dataset in CATALOG.items()}
# One that no test here changes: a sync of it builds what depends on other changes.
UNCHANGED = ["fatalities"]
# What is joined, and a number of it that can be marked.
JOINED = {
    "intermediate.int_crash_places": "community_area",
    "intermediate.int_nearest_signals": "distance_ft",
    "intermediate.int_crashes_near_features": "distance_ft",
}
MARK = 1_000_000
MARTS = (
    "marts.crashes",
    "marts.crashes_in_places",
    "marts.crashes_near_features",
    "marts.feature_safety",
    "marts.hexes",
    "marts.place_months",
    "marts.place_scorecards",
)


def mark(target: Target, by: int) -> None:
    """Change every number that was joined, so that those show that are joined anew."""
    with connect(target) as connection:
        for table, column in JOINED.items():
            connection.execute(f"update {table} set {column} = {column} + {by}")


def keys(target: Target, sql: str) -> set[str]:
    return {row["crash_record_id"] for row in rows(target, sql)}


def values_of_crashes(target: Target) -> dict[tuple[str, str], str | None]:
    """What raw's newest version of each crash says, by its key and column."""
    versions = rows(target, 'select * from raw.crashes order by _row_updated_at collate "C"')
    return {
        (row["crash_record_id"], column): value
        for row in versions
        for column, value in row.items()
        if not column.startswith("_")
    }


def all_that_is_built(target: Target) -> dict[str, list[str]]:
    # Each sync adds to what it counted.
    names = tables(target, "staging", "marts", "quality")
    return content(target, [name for name in names if name not in OF_THE_RUNS])


def test_a_sync_fetches_and_joins_what_changed_alone_and_all_where_a_signal_moved(
    synced: Target, own_portal: SamplePortal
) -> None:
    mark(synced, MARK)
    there = keys(synced, "select crash_record_id from marts.crashes")
    before = values_of_crashes(synced)
    in_the_loop = {"latitude": "41.8819", "longitude": "-87.6278", "weather_condition": "FROGS"}
    own_portal.amend(IDS["crashes"], rows=3, changes=in_the_loop)
    own_portal.add(IDS["crashes"], rows=2)

    loads = {load.dataset: load for load in sync(target=synced, datasets=SYNCED)}

    crashes = loads.pop("crashes")
    assert (crashes.rows_fetched, crashes.rows_updated, crashes.rows_inserted) == (5, 3, 2)
    assert {load.rows_fetched for load in loads.values()} == {0}
    [counts] = rows(
        synced,
        "select count(*) as crashes, (select sum(total_crashes) from marts.crashes_daily) as"
        " counted, (select count(*) from raw.crashes) as versions from marts.crashes",
    )
    assert {name: int(value) for name, value in counts.items()} == {
        "crashes": 1_002,
        "counted": 1_002,
        "versions": 1_005,
    }
    amended = keys(
        synced, "select crash_record_id from marts.crashes where weather_condition = 'FROGS'"
    )
    assert len(amended) == 3
    added = keys(synced, "select crash_record_id from marts.crashes") - there
    assert len(added) == 2
    after = values_of_crashes(synced)
    assert rows(
        synced,
        "select record_key, column_name, old_value, new_value from marts.crash_amendments"
        " where dataset = 'crashes' and version_number = 2 and crash_record_id = record_key"
        ' order by record_key collate "C", column_name collate "C"',
    ) == [
        {"record_key": key, "column_name": column, "old_value": value, "new_value": new}
        for (key, column), value in sorted(before.items())
        if (new := after[key, column]) != value
    ]
    [activity] = rows(
        synced,
        "select rows_inserted, rows_updated, run_status from marts.recent_activity"
        " where dataset = 'crashes' order by started_at desc limit 1",
    )
    assert activity == {"rows_inserted": 2, "rows_updated": 3, "run_status": "succeeded"}
    for table, column in JOINED.items():
        joined = keys(
            synced, f"select distinct crash_record_id from {table} where {column} < {MARK}"
        )
        # One that was added may have no place, and nothing near it.
        assert amended <= joined <= amended | added, table
    with connect(synced) as connection:
        connection.execute(
            "update intermediate.int_crash_places set community_area = community_area"
            f" - {MARK} where community_area > {MARK}"
        )

    # All of what was joined to signals is joined anew, the marks go with it.
    own_portal.amend(
        IDS["traffic_signals"], rows=2, changes={"latitude": "41.8819", "longitude": "-87.6278"}
    )
    sync(target=synced, datasets=["traffic_signals"])
    followed = all_that_is_built(synced)
    build(target=synced, full_refresh=True)
    assert all_that_is_built(synced) == followed


def test_a_layer_of_ones_own_is_joined_left_out_and_gone(
    synced: Target, own_portal: SamplePortal, tmp_path: Path
) -> None:
    before = content(synced, MARTS)
    west, east = (-87.70, -87.64), (-87.66, -87.58)
    squares = [
        (
            {"zone": name},
            {
                "type": "Polygon",
                "coordinates": [[(x1, 41.85), (x2, 41.85), (x2, 41.95), (x1, 41.95), (x1, 41.85)]],
            },
        )
        for name, (x1, x2) in {"b": west, "a": east}.items()
    ]
    zones = geojson(tmp_path / "zones.geojson", squares)
    with open_layer_file(zones) as contents:
        features = read_features(contents, "zone")
    for name in ("zones", "removed"):
        layers.add_layer(synced, name, features)
    sync(target=synced, datasets=UNCHANGED)
    crashes = rows(
        synced,
        "select crash_record_id, longitude, latitude from marts.crashes"
        " where latitude between 41.8501 and 41.9499",
    )
    expected = {
        crash["crash_record_id"]: "a" if crash["longitude"] > east[0] else "b"
        for crash in crashes
        if west[0] + 1e-4 < crash["longitude"] < east[1] - 1e-4
    }
    found = {
        row["crash_record_id"]: row["place_id"]
        for row in rows(
            synced,
            "select within.* from marts.crashes_in_places as within inner join marts.crashes"
            " as crashes on within.crash_record_id = crashes.crash_record_id"
            " where layer = 'zones' and latitude between 41.8501 and 41.9499"
            f" and longitude between {west[0] + 1e-4} and {east[1] - 1e-4}",
        )
    }
    assert found == expected
    assert set(found.values()) == {"a", "b"}
    [report] = rows(synced, "select * from marts.place_report('zones', 'a', null, null)")
    [card] = rows(
        synced,
        "select sum(total_crashes) as n from marts.place_months"
        " where layer = 'zones' and place_id = 'a'",
    )
    assert report["total_crashes"] == int(card["n"]) > 10
    assert rows(synced, "select layer from marts.places where place_id = 'b' order by layer") == [
        {"layer": name} for name in ("removed", "zones")
    ]

    layers.set_active(synced, "zones", is_active=False)
    layers.remove_layer(synced, "removed")
    sync(target=synced, datasets=UNCHANGED)
    assert content(synced, MARTS) == before
    layers.set_active(synced, "zones", is_active=True)
    sync(target=synced, datasets=UNCHANGED)
    assert rows(synced, "select 1 as n from marts.places where layer = 'zones'")
