"""A layer's file that cannot be read whole, or has other features, is refused in one line."""

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion.layer_archive import shapefile_in
from tests.layer_files import (
    IN_FEET,
    LON_LAT,
    geojson,
    point,
    polygon,
    shapefile,
    square,
    written,
)
from tests.layers.files import LAT, LON, read, zones
from warehouse.errors import WarehouseError, WrongCall

ONE_POINT = "select '007' as zone_id, ST_Point({}, {}) as geom"


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
