"""Files of points and polygons as people have them, written for the tests of layers."""

import json
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import spatial_extension

Geometry = dict[str, Any] | None
Position = tuple[float, ...]

# Where State and Madison Street meet, more or less, and the same in EPSG:3435 (feet).
LON_LAT = (-87.6298, 41.8781)
IN_FEET = (1175844.3966, 1898954.8763)
# GDAL's driver by a file's ending.
DRIVERS = {
    ".geojson": "GeoJSON",
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
}
# To check the signature of DuckDB's extension takes longer than most tests.
UNSIGNED: dict[str, str | bool | int | float | list[str]] = {"allow_unsigned_extensions": True}
SIDECARS = (".shp", ".shx", ".dbf", ".prj")


def point(position: Position = LON_LAT) -> Geometry:
    return {"type": "Point", "coordinates": position}


def square(west: float, south: float, side: float = 0.01) -> Geometry:
    return polygon((0, 0), (side, 0), (side, side), (0, side), at=(west, south))


def bow_tie(west: float, south: float) -> Geometry:
    """A polygon that crosses itself: half of its square is in it."""
    return polygon((0, 0), (0.01, 0.01), (0.01, 0), (0, 0.01), at=(west, south))


def polygon(*corners: Position, at: Position = LON_LAT) -> Geometry:
    ring = [(at[0] + x, at[1] + y) for x, y in (*corners, corners[0])]
    return {"type": "Polygon", "coordinates": [ring]}


def geojson(
    path: Path, features: Sequence[tuple[dict[str, Any], Geometry]], **members: object
) -> Path:
    listed = [
        {"type": "Feature", "properties": properties, "geometry": geometry}
        for properties, geometry in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": listed}))
    return path


def written(path: Path, sql: str, reference: str | None = "EPSG:4326") -> Path:
    """The rows of a query, as DuckDB's GDAL writes them into a file of this ending."""
    stated = f", srs '{reference}'" if reference else ""
    spatial_session().execute(
        f"copy ({sql}) to '{path}' (format gdal, driver '{DRIVERS[path.suffix]}'{stated})"
    )
    return path


def shapefile(
    path: Path,
    sql: str,
    reference: str | None = "EPSG:4326",
    *,
    folder: str = "",
    without: str = "",
) -> Path:
    """The rows of a query as a zipped shapefile, in a folder of the archive."""
    shp = written(path.with_suffix(".shp"), sql, reference)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for extension in SIDECARS:
            part = shp.with_suffix(extension)
            if extension != without and part.exists():
                archive.write(part, folder + part.name)
    return path


def with_second_layer(path: Path, name: str) -> Path:
    """A GeoPackage of one layer, with a copy of it under another name."""
    with closing(sqlite3.connect(path)) as package, package:
        package.execute(f'create table "{name}" as select * from "{path.stem}"')
        package.execute(
            "insert into gpkg_contents (table_name, data_type, identifier, srs_id)"
            " select ?, data_type, ?, srs_id from gpkg_contents",
            (name, name),
        )
        package.execute(
            "insert into gpkg_geometry_columns"
            " select ?, column_name, geometry_type_name, srs_id, z, m from gpkg_geometry_columns",
            (name,),
        )
    return path


@cache
def spatial_session() -> duckdb.DuckDBPyConnection:
    """A session that writes the files of all tests."""
    session = duckdb.connect(config=UNSIGNED)
    session.execute(f"load '{spatial_extension()}'")
    return session
