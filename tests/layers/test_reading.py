"""A layer's file of any format and reference becomes features of the warehouse."""

import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.layer_files import (
    IN_FEET,
    LON_LAT,
    Geometry,
    bow_tie,
    geojson,
    point,
    shapefile,
    spatial_session,
    square,
    with_second_layer,
    written,
)
from tests.layers.files import LAT, LON, read
from warehouse.errors import WrongCall

ONE_POINT = "select '007' as zone_id, ST_Point({}, {}) as geom"
# A millimetre is 1.2e-8 degrees of longitude there, and 9e-9 of latitude.
A_MILLIMETRE = 9e-9


@pytest.mark.parametrize(
    ("write", "position", "reference"),
    [
        (lambda path, sql: written(path / "a.geojson", sql), LON_LAT, "EPSG:4326"),
        (lambda path, sql: written(path / "a.gpkg", sql, "EPSG:3435"), IN_FEET, "EPSG:3435"),
        (lambda path, sql: written(path / "a.fgb", sql, "EPSG:3435"), IN_FEET, "EPSG:3435"),
        (lambda path, sql: shapefile(path / "a.zip", sql, "EPSG:3435"), IN_FEET, "EPSG:3435"),
        (
            lambda path, sql: shapefile(path / "a b[*].zip", sql, folder="in here/"),
            LON_LAT,
            "EPSG:4326",
        ),
        (lambda path, sql: written(path / "a*[1]?.gpkg", sql), LON_LAT, "EPSG:4326"),
    ],
    ids=["GeoJSON", "GeoPackage", "FlatGeobuf", "shapefile", "in a folder", "odd name"],
)
def test_a_point_of_any_format_and_reference_is_in_its_place_to_a_millimetre(
    tmp_path: Path,
    write: Callable[[Path, str], Path],
    position: tuple[float, float],
    reference: str,
) -> None:
    path = write(tmp_path, ONE_POINT.format(*position))
    found = read(path)
    assert (found.kind, found.source, found.spatial_reference) == ("points", path.name, reference)
    [row] = found.rows.to_pylist()
    assert row["feature_id"] == "007"
    longitude, latitude = map(float, row["geometry"].removeprefix("POINT (")[:-1].split())
    assert math.dist((longitude, latitude), LON_LAT) < A_MILLIMETRE


def test_a_reference_without_a_code_is_transformed_as_it_is_defined(tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "a.zip", ONE_POINT.format(*IN_FEET), "EPSG:3435").with_suffix(".prj")
    # As a county might define one of its own: 250 feet to the west of the State Plane's.
    text = shp.read_text()
    shp.write_text(text.replace("Illinois_East", "Nobodys").replace("984250", "984000"))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for file in tmp_path.glob("a.[sdp]*"):
            archive.write(file, file.name)
    found = read(tmp_path / "b.zip")
    assert "Nobodys" in found.spatial_reference
    longitude = float(found.rows["geometry"][0].as_py().split()[1].strip("("))
    assert (longitude - LON) * 83_000 == pytest.approx(250 * 0.3048, abs=0.5)


@pytest.mark.parametrize("header", ["longitude,Latitude", "LON,lat", "lng,LAT", "X,y"])
def test_a_csv_keeps_every_text_as_it_is_written(tmp_path: Path, header: str) -> None:
    path = tmp_path / "zones.csv"
    path.write_text(
        f'zone_id,{header},Since,"Note, long"\r\n'
        f'007,{LON},{LAT},01/02/2024,"two\r\nlines"\r\n'
        f"7.0, {LON} ,{LAT},,\r\n",
        encoding="utf-8-sig",
        newline="",
    )
    first, second = read(path, label="Since").rows.to_pylist()
    assert (first["feature_id"], first["label"]) == ("007", "01/02/2024")
    assert json.loads(first["properties"]) == {"Note, long": "two\r\nlines"}
    assert (second["feature_id"], second["label"]) == ("7.0", None)
    assert first["geometry"] == second["geometry"] == f"POINT ({LON} {LAT})"


def test_a_csv_with_semicolons_is_read_and_other_columns_of_feet_do_not_matter(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zones.csv"
    path.write_text(f"zone_id;x;y;longitude;latitude\n1;1175844.4;1898954.9;{LON};{LAT}\n")
    [row] = read(path).rows.to_pylist()
    assert row["geometry"] == f"POINT ({LON} {LAT})"
    assert json.loads(row["properties"]) == {"x": "1175844.4", "y": "1898954.9"}


def test_values_become_text_and_json_without_changing(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.gpkg",
        "select 12.0::double as zone_id, 0.5::double as share, 'O''Hare \"é\"' as zone_name,"
        " date '2024-03-01' as since, timestamp '2024-03-01 06:30:00' as at_time, true as is_open,"
        f" null::integer as speed, 9007199254740993 as big, ST_Point({LON}, {LAT}) as geom",
    )
    [row] = read(path, label="since").rows.to_pylist()
    assert (row["feature_id"], row["label"]) == ("12", "2024-03-01")
    assert json.loads(row["properties"]) == {
        "fid": 1,
        "share": 0.5,
        "zone_name": 'O\'Hare "é"',
        "at_time": "2024-03-01T06:30:00Z",
        "is_open": True,
        "speed": None,
        "big": 9007199254740993,
    }


def test_geojson_keeps_dates_as_written_and_drops_heights(tmp_path: Path) -> None:
    stamp = "2024-03-01T06:30:00-06:00"
    path = geojson(
        tmp_path / "a.geojson", [({"zone_id": 1, "at": stamp, "geom": "x"}, point((LON, LAT, 180)))]
    )
    found = read(path)
    assert found.spatial_reference == "EPSG:4326"
    [row] = found.rows.to_pylist()
    assert row["geometry"] == f"POINT ({LON} {LAT})"
    assert json.loads(row["properties"]) == {"at": stamp, "geom": "x"}


def test_a_multi_point_of_one_point_is_that_point(tmp_path: Path) -> None:
    several = {"type": "MultiPoint", "coordinates": [LON_LAT]}
    path = geojson(tmp_path / "a.geojson", [({"zone_id": 1}, several), ({"zone_id": 2}, point())])
    found = read(path)
    assert found.kind == "points"
    assert set(found.rows["geometry"].to_pylist()) == {f"POINT ({LON} {LAT})"}


def test_one_of_several_layers_is_named(tmp_path: Path) -> None:
    path = with_second_layer(written(tmp_path / "a.gpkg", ONE_POINT.format(*LON_LAT)), "it's b")
    with pytest.raises(WrongCall, match=r"2 layers, a, it's b: name one with --layer"):
        read(path)
    with pytest.raises(WrongCall, match=r"--layer 'c' is not in .*: its layers are a, it's b"):
        read(path, layer="c")
    assert read(path, layer="it's b").rows["feature_id"].to_pylist() == ["007"]


def area(wkt: str) -> float:
    [(is_valid, found)] = (
        spatial_session()
        .execute("select ST_IsValid(g), ST_Area(g) from (select ST_GeomFromText(?) as g)", [wkt])
        .fetchall()
    )
    assert is_valid
    return float(found)


def test_dissolve_unites_the_pieces_of_a_key_and_the_first_says_the_rest(tmp_path: Path) -> None:
    pieces: list[tuple[dict[str, Any], Geometry]] = [
        ({"zone_id": "b", "zone_name": None, "n": 1}, square(-87.65, 41.88)),
        ({"zone_id": "a", "zone_name": "A", "n": 2}, square(-87.60, 41.88)),
        ({"zone_id": "b", "zone_name": "B", "n": 3}, square(-87.64, 41.88)),
        ({"zone_id": "b", "zone_name": "C", "n": 4}, bow_tie(-87.55, 41.88)),
    ]
    found = read(geojson(tmp_path / "a.geojson", pieces), label="zone_name", dissolve=True)
    united, alone = found.rows.to_pylist()
    assert (united["feature_id"], united["label"], united["properties"]) == ("b", None, '{"n":1}')
    assert (alone["feature_id"], alone["label"], alone["properties"]) == ("a", "A", '{"n":2}')
    assert area(united["geometry"]) == pytest.approx(2.5e-4)
    assert area(alone["geometry"]) == pytest.approx(1e-4)
    assert found.repaired == ("b",)


def test_parts_that_overlap_are_repaired_without_a_hole(tmp_path: Path) -> None:
    parts = [square(-87.65, 41.88), square(-87.645, 41.88)]
    geometry = {
        "type": "MultiPolygon",
        "coordinates": [part["coordinates"] for part in parts if part],
    }
    found = read(geojson(tmp_path / "a.geojson", [({"zone_id": 1}, geometry)]))
    assert found.repaired == ("1",)
    assert area(found.rows["geometry"][0].as_py()) == pytest.approx(1.5e-4)
