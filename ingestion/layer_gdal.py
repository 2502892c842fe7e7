"""Reads GeoJSON, zipped shapefiles, GeoPackage and FlatGeobuf with DuckDB's `ST_Read`."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb

from ingestion.layer_archive import shapefile_in
from ingestion.layer_contents import WGS84, Field, LayerContents
from warehouse.errors import WarehouseError, WrongCall

# GDAL's driver by a file's ending. No other is tried: some formats name further files to open.
DRIVERS = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".zip": "ESRI Shapefile",
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
}
# What GDAL says of a GeoJSON file whose coordinates have a height.
_WGS84_WITH_HEIGHT = "EPSG:4979"
# How a GeoJSON file may call the spatial reference that it has when it names none.
_NAMES_OF_WGS84 = re.compile(r"\b4326\b|\b4979\b|CRS84|WGS\W?(19)?84", re.IGNORECASE)


def read_with_gdal(
    path: Path, layer: str | None, session: duckdb.DuckDBPyConnection
) -> LayerContents:
    """Read one layer of a file into a session.

    Args:
        path: the file; its ending says which of GDAL's drivers reads it.
        layer: which of the layers in it; needed where it has several.
        session: has DuckDB's spatial extension.

    Raises:
        WrongCall: there is no such layer, or several and none was named.
        WarehouseError: it cannot be read whole, or does not say in which spatial reference its
            coordinates are.
    """
    driver = DRIVERS[path.suffix.lower()]
    opened = str(path.absolute())
    # Where DuckDB expands patterns, a name that has their signs must not be taken for one.
    asked = re.sub(r"([*?\[])", r"[\1]", opened)
    if driver == "ESRI Shapefile":
        opened = asked = f"/vsizip/{{{opened}}}/{shapefile_in(path)}"
    try:
        # First, because ST_Read_Meta ends the whole process on what it cannot open.
        session.execute(f"describe select * from {_source(driver)}", [opened])
    except duckdb.BinderException:
        pass  # two fields of one name: it can be opened, and perhaps another layer is meant
    except duckdb.Error as error:
        raise _unreadable(path, driver, error) from error
    [(layers,)] = session.execute("select layers from ST_Read_Meta(?)", [asked]).fetchall()
    chosen = _choose(path, layers, layer)
    reference, definition = _spatial_reference(path, driver, chosen)
    source = _source(driver, chosen["name"] if len(layers) > 1 else None)
    try:
        fields, features = _load(session, source, opened, chosen, keeps_number=driver == "GPKG")
    except duckdb.BinderException as error:
        name = str(error).partition('duplicate column name "')[2].partition('"')[0]
        raise WarehouseError(
            f"{path} has the field '{name}' twice, be it in letters of another case, or it has a"
            " name that GDAL keeps for itself: rename it"
        ) from error
    except duckdb.Error as error:
        raise _unreadable(path, driver, error) from error
    if features < chosen["feature_count"]:
        raise WarehouseError(
            f"{path} should have {chosen['feature_count']} features, but only {features} can be"
            " read: it is cut short or damaged"
        )
    return LayerContents(path, session, fields, reference, definition, features)


def _source(driver: str, layer: str | None = None) -> str:
    """The SQL that reads the file whose path is the parameter."""
    # As WKB, because a field may have the name that DuckDB would give to the geometry.
    options = ["keep_wkb := true", f"allowed_drivers := ['{driver}']"]
    if driver == "GeoJSON":
        # Dates stay as they are written: GDAL would take a time of any zone for one of UTC.
        options.append("open_options := ['DATE_AS_STRING=YES']")
    if layer:
        quoted = layer.replace("'", "''")
        options.append(f"layer := '{quoted}'")
    return f"ST_Read(?, {', '.join(options)})"


def _choose(path: Path, layers: list[dict[str, Any]], wanted: str | None) -> dict[str, Any]:
    """The layer that is meant; tables without geometry are none."""
    by_name = {layer["name"]: layer for layer in layers if layer["geometry_fields"]}
    names = ", ".join(by_name)
    if wanted:
        if wanted not in by_name:
            raise WrongCall(f"--layer '{wanted}' is not in {path}: its layers are {names}")
        return by_name[wanted]
    if not by_name:
        raise WarehouseError(f"{path} has no layer with geometry in it")
    if len(by_name) > 1:
        raise WrongCall(f"{path} has {len(by_name)} layers, {names}: name one with --layer")
    return next(iter(by_name.values()))


def _spatial_reference(path: Path, driver: str, layer: dict[str, Any]) -> tuple[str, str]:
    """The name of the layer's spatial reference, and what `ST_Transform` is to take for it."""
    stated = layer["geometry_fields"][0]["crs"]
    # GeoPackage must have one, so its writers call the one that they do not know so.
    if not stated or (not stated["auth_name"] and stated["name"].startswith("Undefined")):
        raise WarehouseError(
            f"{path} does not say in which spatial reference its coordinates are, or in none that"
            " is known: save it again with one, such as EPSG:4326 for longitude and latitude"
        )
    name = f"{stated['auth_name']}:{stated['auth_code']}" if stated["auth_name"] else stated["name"]
    if driver == "GeoJSON" and name in (WGS84, _WGS84_WITH_HEIGHT):
        _refuse_unknown_reference(path)
        return WGS84, WGS84
    return name, name if stated["auth_name"] else stated["wkt"]


def _refuse_unknown_reference(path: Path) -> None:
    """GDAL takes a GeoJSON file for longitude and latitude also where it names an unknown one."""
    content = path.read_bytes()
    if b'"crs"' not in content:
        return
    stated = json.loads(content.removeprefix(b"\xef\xbb\xbf")).get("crs")
    if stated and not _NAMES_OF_WGS84.search(json.dumps(stated)):
        raise WarehouseError(
            f"{path} names the spatial reference {json.dumps(stated)}, which is not known: save it"
            " again with one such as EPSG:4326"
        )


def _load(
    session: duckdb.DuckDBPyConnection,
    source: str,
    opened: str,
    layer: dict[str, Any],
    *,
    keeps_number: bool,
) -> tuple[tuple[Field, ...], int]:
    """Make the table `loaded`, and say which fields and how many rows it has.

    Args:
        session: where it is made.
        source: the SQL that reads the file.
        opened: the file as GDAL names it.
        layer: what GDAL says of the layer.
        keeps_number: the features' numbers, which GDAL puts before the fields, are in the file.
    """
    described = session.execute(f"describe select * from {source}", [opened]).fetchall()
    columns = [f"c{place}" for place in range(len(described) - 1)]
    session.execute(
        f"create table loaded as select row_number() over () as place, {', '.join(columns)},"
        f" ST_GeomFromWKB(wkb) as geometry from {source} as read ({', '.join([*columns, 'wkb'])})",
        [opened],
    )
    fields = [
        Field(name, column, type_)
        for column, (name, type_, *_) in zip(columns, described[:-1], strict=True)
    ]
    numbers = 0 if keeps_number else len(fields) - len(layer["fields"])
    [(count,)] = session.execute("select count(*) from loaded").fetchall()
    return tuple(fields[numbers:]), count


def _unreadable(path: Path, driver: str, error: duckdb.Error) -> WarehouseError:
    cause = str(error).partition("\n")[0].partition(" Error: ")[2].partition(" at: ")[0]
    return WarehouseError(
        f"{path} cannot be read as {driver}: it is damaged, cut short or of another format"
        f" ({cause or type(error).__name__})"
    )
