"""Layers of a user's own: what is read from a file, kept in raw, and refused."""

import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion import layers
from ingestion.layer_archive import shapefile_in
from ingestion.layer_features import Features, read_features
from ingestion.layer_file import open_layer_file
from ingestion.layers import Layer
from tests.commands import command_here, warehouse_command
from tests.contents import content, rows
from tests.layer_files import (
    IN_FEET,
    LON_LAT,
    Geometry,
    bow_tie,
    geojson,
    point,
    polygon,
    shapefile,
    spatial_session,
    square,
    with_second_layer,
    written,
)
from tests.test_cli import assert_one_line
from warehouse.errors import WarehouseError, WrongCall
from warehouse.lock import sync_lock
from warehouse.settings import Target

IN_RAW = ("raw.layers", "raw.layer_features")
ONE_POINT = "select '007' as zone_id, ST_Point({}, {}) as geom"
LON, LAT = LON_LAT
# A millimetre is 1.2e-8 degrees of longitude there, and 9e-9 of latitude.
A_MILLIMETRE = 9e-9

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


def read(path: Path, key: str = "zone_id", layer: str | None = None, **options: Any) -> Features:
    with open_layer_file(path, layer) as contents:
        return read_features(contents, key, **options)


def zones(folder: Path, name: str = "zones.geojson") -> Path:
    return geojson(
        folder / name,
        [
            ({"zone_id": "01", "zone_name": "Lake", "speed": 20}, square(-87.65, 41.88)),
            ({"zone_id": "02", "zone_name": "River", "speed": 25.5}, square(-87.63, 41.88)),
        ],
    )


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


def archive_of(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return path


def of_four(stem: str) -> list[str]:
    return [stem + extension for extension in (".shp", ".shx", ".dbf", ".prj")]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["/etc/a.shp", *of_four("a")], "entry '/etc/a.shp', a path that may lead out"),
        (["../a.shp", *of_four("a")], "entry '../a.shp'"),
        (["b/../../a.prj", *of_four("a")], "entry 'b/../../a.prj'"),
        (["C:a.shp"], "entry 'C:a.shp'"),
        (["b\\a.shp"], "entry 'b\\a.shp'"),
        ([*of_four("b/a"), *of_four("a")], "2 shapefiles, a.shp, b/a.shp: zip each by itself"),
        (of_four("a")[:3], "no a.prj, which says what the coordinates mean"),
        ([*of_four("a")[:3], "b.prj"], "no a.prj"),
        (["a.shp", "a.prj"], "a.shp without its .shx, .dbf"),
        (["a.geojson"], "has no .shp in it"),
        (["__MACOSX/._a.shp", "._a.shp"], "has no .shp in it"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_archive_is_refused_by_its_names(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(WarehouseError) as refused:
        shapefile_in(archive_of(tmp_path / "a.zip", *names))
    assert message in str(refused.value)


def cut(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def made(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def shapefile_cut_short(folder: Path) -> Path:
    """Its last record is missing, and the archive is whole."""
    whole = shapefile(folder / "a.zip", ONE_POINT.format(*LON_LAT))
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content[:-20] if name.endswith(".shp") else content)
    return whole


def damaged_shapefile(folder: Path) -> Path:
    path = shapefile(folder / "a.zip", ONE_POINT.format(*LON_LAT))
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    return path


def unknown_prj(folder: Path) -> Path:
    path = shapefile(folder / "a.zip", ONE_POINT.format(*LON_LAT), without=".prj")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a.prj", "somewhere")
    return path


MANY_POINTS = f"select i as zone_id, ST_Point({LON}, {LAT}) as geom from range(2000) as r (i)"


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        (lambda p: p / "none.geojson", WrongCall, "cannot read the file .*No such file"),
        (lambda p: p, WrongCall, "ends in none of .geojson, "),
        (lambda p: made(p / "a.kml", ""), WrongCall, "ends in none of .geojson, "),
        (lambda p: made(p / "a.shp", ""), WrongCall, "zip a shapefile"),
        (lambda p: made(p / "a.geojson", ""), WarehouseError, "cannot be read as GeoJSON"),
        (lambda p: made(p / "a.geojson", "hello"), WarehouseError, "cannot be read as GeoJSON"),
        (
            lambda p: made(p / "a.geojson", "<OGRVRTDataSource></OGRVRTDataSource>"),
            WarehouseError,
            "cannot be read as GeoJSON",
        ),
        (lambda p: cut(zones(p)), WarehouseError, "cannot be read as GeoJSON"),
        (lambda p: made(p / "a.zip", "PK"), WarehouseError, "cannot be unpacked"),
        (damaged_shapefile, WarehouseError, r"a\.zip (is damaged|cannot be unpacked)"),
        (shapefile_cut_short, WarehouseError, r"a\.zip is damaged or cut short at 'a\.shp'"),
        (lambda p: cut(written(p / "a.fgb", MANY_POINTS)), WarehouseError, "cut short or damaged"),
        (lambda p: cut(written(p / "a.gpkg", MANY_POINTS)), WarehouseError, "read as GPKG"),
        (
            lambda p: written(p / "a.gpkg", ONE_POINT.format(*LON_LAT), None),
            WarehouseError,
            "does not say in which spatial reference",
        ),
        (
            lambda p: written(p / "a.fgb", ONE_POINT.format(*LON_LAT), None),
            WarehouseError,
            "does not say in which spatial reference",
        ),
        (unknown_prj, WarehouseError, "does not say in which spatial reference"),
        (
            lambda p: geojson(
                p / "a.geojson",
                [({"zone_id": 1}, point())],
                crs={"type": "name", "properties": {"name": "EPSG:999999"}},
            ),
            WarehouseError,
            "EPSG:999999.* is not known",
        ),
        (
            lambda p: geojson(p / "a.geojson", [({"zone_id": 1, "ZONE_ID": 1}, point())]),
            WarehouseError,
            "the field 'ZONE_ID' twice",
        ),
        (
            lambda p: made(p / "a.csv", "zone_id,place\n1,2\n"),
            WarehouseError,
            r"no columns of coordinates: expected one of longitude, lon, .*latitude, lat, y;"
            " its columns are zone_id, place",
        ),
        (
            lambda p: made(p / "a.csv", "zone_id,lon,lat\n1,-87.6,41.8 N\n"),
            WarehouseError,
            "the lat '41.8 N', which is no number, in row 1: write degrees with a decimal point",
        ),
        (
            lambda p: made(p / "a.csv", "zone_id,lon,lat\n1,-87.6,41.8\n2,nan,41.8\n"),
            WarehouseError,
            "the lon 'nan', which is no number, in row 2",
        ),
        (
            lambda p: made(p / "a.csv", "zone_id,lon,lat\n1,2\n"),
            WarehouseError,
            "read as CSV: .*as many values as the header",
        ),
        (lambda p: made(p / "a.csv", "a,a,lon,lat\n1,2,3,4\n"), WarehouseError, "'a' twice"),
        (lambda p: made(p / "a.csv", b"a,lon,lat\n\xe9,3,4\n"), WarehouseError, "UTF-8"),
        (lambda p: made(p / "a.csv", "a,lon\n".encode("utf-16")), WarehouseError, "UTF-8"),
        (lambda p: made(p / "a.csv", ""), WarehouseError, "the layer is empty"),
        (lambda p: made(p / "a.csv", "zone_id,x,y\n"), WarehouseError, "the layer is empty"),
        (lambda p: geojson(p / "a.geojson", []), WarehouseError, "the layer is empty"),
    ],
)
def test_what_cannot_be_read_whole_is_refused_in_one_line(
    tmp_path: Path, write: Callable[[Path], Path], error: type[WarehouseError], message: str
) -> None:
    with pytest.raises(error, match=message) as refused:
        read(write(tmp_path))
    assert type(refused.value) is error
    assert "\n" not in str(refused.value)


LINE = {"type": "LineString", "coordinates": [LON_LAT, (LON, LAT + 0.01)]}
TWO_POINTS = {"type": "MultiPoint", "coordinates": [LON_LAT, (LON, LAT + 0.01)]}
OPEN_RING = {"type": "Polygon", "coordinates": [[LON_LAT, (LON, 41.9), (-87.6, 41.9)]]}


@pytest.mark.parametrize(
    ("geometries", "message"),
    [
        ([None, None], "the layer is empty: none of its 2 features has a geometry"),
        ([point(), None], r"no geometry in 1 of 2 features \(k1\)"),
        ([point(), {"type": "Point", "coordinates": []}], r"no geometry in 1 of 2 .*\(k1\)"),
        ([point(), square(*LON_LAT), LINE], "1 linestring, 1 point, 1 polygon: expected either"),
        ([LINE], "1 linestring: expected either points or polygons"),
        ([{"type": "GeometryCollection", "geometries": [point()]}], "1 geometrycollection"),
        ([point(), TWO_POINTS], r"more than one point in a feature \(k1\)"),
        ([polygon((0, 0), (0.01, 0), (0.02, 0))], r"cannot be repaired \(k0\)"),
        ([square(*LON_LAT), OPEN_RING], r"1 of 2 polygons cannot be repaired \(k1\)"),
        ([point((LAT, LON))], r"key 'k0', POINT \(41.8781 -87.6298\) in EPSG:4326: .*axes"),
        ([point(), point(IN_FEET)], r"1 of 2 features would not be in .*key 'k1'.*reference"),
        ([point(), point((LON, math.nan))], r"no geometry in 1 of 2 features \(k1\)"),
        ([polygon((0, 0), (0.01, math.nan), (0.01, 0.01))], "would not be in .*key 'k0'"),
        ([square(-87.01, 41.8, 0.02)], r"longitude -92 to -87, latitude 36.5 to 43.*'k0'"),
    ],
)
def test_features_that_are_no_points_or_polygons_of_here_are_refused_by_their_keys(
    tmp_path: Path, geometries: list[Any], message: str
) -> None:
    features = [({"zone_id": f"k{n}"}, geometry) for n, geometry in enumerate(geometries)]
    with pytest.raises(WarehouseError, match=message) as refused:
        read(geojson(tmp_path / "a.geojson", features))
    assert "\n" not in str(refused.value)


def test_degrees_that_are_stated_to_be_feet_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", ONE_POINT.format(*LON_LAT), "EPSG:3435")
    with pytest.raises(WarehouseError, match=r"POINT \(-87.6298 41.8781\) in EPSG:3435"):
        read(path)


@pytest.mark.parametrize(
    ("keys", "options", "message"),
    [
        (["a", None, " "], {}, "the key 'zone_id' is blank in 2 of 3 features"),
        (["a", "b"], {"key": "zone"}, "--key 'zone' is no field of .*: its fields are zone_id, n"),
        (["a", "b"], {"label": "name"}, "--label 'name' is no field of .*: its fields are zone_id"),
        (
            [f"{n % 7}" for n in range(14)],
            {},
            r"share a value of the key 'zone_id' \(0, 1, 2, 3, 4 and 2 more\): .*each point",
        ),
        (["a", "b", "a"], {"dissolve": True}, r"more than one point in a feature \(a\)"),
    ],
)
def test_a_key_that_tells_no_features_apart_is_refused(
    tmp_path: Path, keys: list[str | None], options: dict[str, Any], message: str
) -> None:
    features = [
        ({"zone_id": key, "n": n}, point((LON, LAT + n / 1000))) for n, key in enumerate(keys)
    ]
    with pytest.raises(WarehouseError, match=message):
        read(geojson(tmp_path / "a.geojson", features), **options)


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


def points_file(folder: Path) -> Path:
    path = folder / "points.csv"
    path.write_text(f"zone_id,lon,lat\n1,{LON},{LAT}\n")
    return path


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
