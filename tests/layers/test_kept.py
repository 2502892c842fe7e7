"""Layers are added, listed, replaced and removed, by the commands too."""

from pathlib import Path
from typing import Any

import pytest

from ingestion import layers
from ingestion.layers import Layer
from tests.commands import command_here, warehouse_command
from tests.contents import content, rows
from tests.layer_files import LON_LAT, Geometry, bow_tie, geojson, point, square
from tests.layers.files import points_file, read, zones
from tests.test_cli import assert_one_line
from warehouse.errors import WarehouseError, WrongCall
from warehouse.lock import sync_lock
from warehouse.settings import Target

IN_RAW = ("raw.layers", "raw.layer_features")
on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


def test_a_layer_is_added_listed_deactivated_replaced_and_removed(
    warehouse: Target, tmp_path: Path
) -> None:
    layers.make_tables(warehouse)
    assert layers.list_layers(warehouse) == []
    zones_read = read(zones(tmp_path), label="zone_name")
    added = layers.add_layer(warehouse, "school_zones", zones_read)
    other = layers.add_layer(warehouse, "a_point", read(points_file(tmp_path)))
    assert layers.list_layers(warehouse) == [other, added]
    assert added == Layer(
        "school_zones",
        "polygons",
        "zones.geojson",
        "zone_id",
        "zone_name",
        "EPSG:4326",
        features=2,
        repaired=0,
        is_active=True,
        added_at=added.added_at,
    )
    features = "select * from raw.layer_features where layer = 'school_zones' order by feature_id"
    first, second = rows(warehouse, features)
    assert first == {
        "layer": "school_zones",
        "feature_id": "01",
        "label": "Lake",
        "properties": '{"speed":20.0}',
        "geometry": zones_read.rows["geometry"][0].as_py(),
    }
    assert second["feature_id"] == "02"

    layers.set_active(warehouse, "school_zones", is_active=False)
    assert [layer.is_active for layer in layers.list_layers(warehouse)] == [True, False]
    layers.set_active(warehouse, "school_zones", is_active=True)
    assert layers.list_layers(warehouse) == [other, added]

    one = geojson(tmp_path / "one.geojson", [({"zone_id": "03"}, square(-87.65, 41.88))])
    replaced = layers.add_layer(warehouse, "school_zones", read(one), replace=True)
    assert layers.list_layers(warehouse) == [other, replaced]
    assert [row["feature_id"] for row in rows(warehouse, features)] == ["03"]

    layers.remove_layer(warehouse, "school_zones")
    assert layers.list_layers(warehouse) == [other]
    assert [row["layer"] for row in rows(warehouse, "select * from raw.layer_features")] == [
        "a_point"
    ]


def test_a_change_that_cannot_be_made_changes_nothing(warehouse: Target, tmp_path: Path) -> None:
    features = read(points_file(tmp_path))
    layers.add_layer(warehouse, "a_point", features)
    before = content(warehouse, IN_RAW)
    with pytest.raises(WrongCall, match=r"layer 'a_point' already: .*--replace"):
        layers.add_layer(warehouse, "a_point", features)
    for name in ("crashes", "Zones", "1st", "a-b", "", "a" * 64, 'x"; drop table raw.layers; --'):
        with pytest.raises(WrongCall, match="name"):
            layers.add_layer(warehouse, name, features, replace=True)
    with pytest.raises(WrongCall, match="no layer 'zones': choose from a_point"):
        layers.remove_layer(warehouse, "zones")
    with pytest.raises(WrongCall, match="no layer 'zones': choose from a_point"):
        layers.set_active(warehouse, "zones", is_active=False)
    with (
        sync_lock(warehouse),
        pytest.raises(WarehouseError, match="another sync"),
    ):
        layers.add_layer(warehouse, "b_point", features)
    assert content(warehouse, IN_RAW) == before


def test_the_commands_say_what_they_did_in_a_line(warehouse: Target, tmp_path: Path) -> None:
    bent = [({"zone_id": n, "zone_name": f"Zone {n}"}, bow_tie(-87.65, 41.88)) for n in range(7)]
    path = geojson(
        tmp_path / "zones.geojson",
        [*bent, ({"zone_id": 7, "zone_name": "Zone 7"}, square(-87.65, 41.88))],
    )
    target = ("--target", warehouse)
    build = "warehouse build" + ("" if warehouse == "duckdb" else " --target postgis")
    call = ("layers", "add", str(path), "--name", "zones", "--key", "zone_id", *target)
    added = warehouse_command(*call, "--label", "zone_name")
    assert (added.returncode, added.stderr) == (0, "")
    assert added.stdout.splitlines() == [
        "7 polygons were invalid and repaired: keys 0, 1, 2, 3, 4 and 2 more",
        f"layer zones: 8 polygons, key zone_id, EPSG:4326; '{build}' joins them",
    ]
    before = content(warehouse, IN_RAW)
    assert_one_line(command_here(*call), 2, "layer 'zones' already", "--replace")
    assert content(warehouse, IN_RAW) == before

    off = command_here("layers", "deactivate", "zones", *target)
    assert off.stdout == f"layer zones: not active; '{build}' leaves it out\n"
    listed = command_here("layers", "list", *target)
    assert listed.returncode == 0
    [line] = [line for line in listed.stdout.splitlines() if "zones.geojson" in line]
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert cells[:9] == [
        *("zones", "polygons", "8", "zone_id", "zone_name", "zones.geojson", "EPSG:4326"),
        *("7", "no"),
    ]
    on = command_here("layers", "activate", "zones", *target)
    assert on.stdout == f"layer zones: active; '{build}' joins it\n"
    gone = command_here("layers", "remove", "zones", *target)
    assert gone.stdout == f"layer zones: removed; '{build}' leaves it out\n"
    assert layers.list_layers(warehouse) == []


@on_duckdb
@pytest.mark.usefixtures("warehouse")
def test_without_a_key_the_fields_are_shown_and_one_is_suggested(
    warehouse_folder: Path, tmp_path: Path
) -> None:
    features: list[tuple[dict[str, Any], Geometry]] = [
        (
            {
                "objectid": n,
                "shape_area": 10.5 + n,
                "note": "old" if n else None,
                "zone_id": f"{n:02}",
                "zone_name": f"Zone {n or 1}",
                "opened": "2024-03-01",
            },
            point(),
        )
        for n in range(8)
    ]
    path = geojson(tmp_path / "zones.geojson", features)
    answer = command_here("layers", "add", str(path), "--name", "zones")
    assert_one_line(answer, 2, str(path), "such as --key zone_id --label zone_name")
    table = [
        tuple(cell.strip() for cell in line.strip("│").split("│"))
        for line in answer.stdout.splitlines()
        if line.startswith("│")
    ]
    assert table == [
        ("objectid", "whole number", "100 %", "8", "0", ""),
        ("shape_area", "number", "100 %", "8", "10.5", ""),
        ("note", "text", "87 %", "1", "old", ""),
        ("zone_id", "text", "100 %", "8", "00", "key"),
        ("zone_name", "text", "100 %", "7", "Zone 1", "label"),
        ("opened", "text", "100 %", "1", "2024-03-01", ""),
    ]
    assert list(warehouse_folder.iterdir()) == []


def test_where_no_field_is_distinct_dissolve_is_named(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [({"zone": "a"}, square(*LON_LAT))] * 2)
    answer = command_here("layers", "add", str(path), "--name", "zones")
    assert_one_line(answer, 2, "no field is filled and distinct", "--dissolve")


@pytest.mark.parametrize(
    ("call", "code", "part"),
    [
        (["add", "none.geojson", "--name", "zones"], 2, "cannot read the file none.geojson"),
        (["add", "none.geojson"], 2, "--name"),
        (["add", "zones.geojson", "--name", "crashes"], 2, "a dataset of the portal"),
        (["add", "zones.geojson", "--name", "zones", "--key", "zone"], 2, "zone_id, zone_name"),
        (["add", "zones.geojson", "--name", "zones", "--key", "zone_name"], 1, "the key"),
        (["add", "zones.geojson", "--name", "zones", "--target", "oracle"], 2, "'oracle'"),
        (["list"], 1, "no warehouse at"),
        (["remove", "zones"], 1, "no warehouse at"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_call_that_cannot_succeed_gets_one_line_and_leaves_no_warehouse(
    call: list[str], code: int, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    geojson(tmp_path / "zones.geojson", [({"zone_id": 1, "zone_name": ""}, point())])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAREHOUSE_DUCKDB_PATH", str(tmp_path / "new" / "warehouse.duckdb"))
    answer = command_here("layers", *call)
    assert_one_line(answer, code, part)
    assert not (tmp_path / "new").exists()
