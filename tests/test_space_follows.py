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
from tests.contents import content, rows
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


def rebuilt(target: Target) -> dict[str, list[str]]:
    """The marts of a full refresh."""
    build(target=target, full_refresh=True)
    return content(target, MARTS)


def test_only_crashes_that_changed_are_joined_and_all_where_a_signal_moved(
    synced: Target, own_portal: SamplePortal
) -> None:
    sync(target=synced, datasets=["traffic_signals", "community_areas"])
    mark(synced, MARK)
    own_portal.amend(
        IDS["crashes"], rows=3, changes={"latitude": "41.8819", "longitude": "-87.6278"}
    )
    sync(target=synced, datasets=["crashes"])
    amended = (
        "select crash_record_id from marts.crashes where last_amended_at ="
        " (select max(last_amended_at) from marts.crashes)"
    )
    for table, column in JOINED.items():
        joined = rows(
            synced, f"select distinct crash_record_id from {table} where {column} < {MARK}"
        )
        assert len(joined) == 3, table
        assert all(row in rows(synced, amended) for row in joined), table
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
    followed = content(synced, MARTS)
    assert followed == rebuilt(synced)


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
        layers.add_layer(synced, "zones", read_features(contents, "zone"))
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

    layers.set_active(synced, "zones", is_active=False)
    sync(target=synced, datasets=UNCHANGED)
    assert content(synced, MARTS) == before
    layers.set_active(synced, "zones", is_active=True)
    sync(target=synced, datasets=UNCHANGED)
    assert rows(synced, "select 1 as n from marts.places where layer = 'zones'")
    layers.remove_layer(synced, "zones")
    sync(target=synced, datasets=UNCHANGED)
    assert content(synced, MARTS) == before
