"""How the rows of a mart become a file of each format, all but Excel's by DuckDB.

Rows are read and written in one thread and in order: with more, several groups of rows are in
memory at once, and a file would not be the same twice.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serving.marts import SPATIAL_REFERENCES, Column, Mart
from serving.xlsx import write_xlsx
from warehouse.connection import Connection

# Readers skip whole groups of rows, and one group is in memory while it is written.
_PARQUET = "format parquet, compression zstd, row_group_size 30720"
# Lines as they are: no text of JSON has the delimiter in it.
_LINES = "format csv, header false, quote '', escape '', delimiter '\x01'"
# The geometry that maps take; RFC 7946 knows no other reference.
SHOWN = "geom_4326"


@dataclass(frozen=True)
class Source:
    """The rows of a mart, as a session of DuckDB can read them.

    Attributes:
        connection: the session, which knows the spatial extension.
        mart: what the rows are of.
        relation: what stands behind `from`; geometry is WKB.
    """

    connection: Connection
    mart: Mart
    relation: str


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        suffix: of its files.
        write: writes a mart's rows to a file and returns how many there were.
        is_spatial: whether a mart without geometry cannot be written in it.
    """

    suffix: str
    write: Callable[[Source, Path], int]
    is_spatial: bool = False


def _copy(source: Source, columns: str, path: Path, options: str) -> int:
    # Not to a temporary file of DuckDB's own: the path is one already.
    done = source.connection.fetch(
        f"copy (select {columns} from {source.relation}) to {text(str(path))}"
        f" ({options}, use_tmp_file false)"
    )
    return int(done.column(0)[0].as_py())


def _write_csv(source: Source, path: Path) -> int:
    """Geometry is WKT; null is nothing, an empty text is two quotation marks."""
    columns = ", ".join(
        f"{_wkt(column)} as {column.quoted}" if column.is_geometry else column.quoted
        for column in source.mart.columns
    )
    return _copy(source, columns, path, "format csv, header")


def _write_parquet(source: Source, path: Path) -> int:
    """Geometry is WKB, in a column of bytes."""
    return _copy(source, "*", path, _PARQUET)


def _write_geoparquet(source: Source, path: Path) -> int:
    """GeoParquet 1.0; the primary column is that in longitude and latitude."""
    columns = source.mart.columns
    known = (c for c in columns if c.is_geometry and c.name in SPATIAL_REFERENCES)
    geometry = sorted(known, key=lambda column: column.name != SHOWN)
    shapes = (
        f"st_setcrs(st_geomfromwkb({column.quoted}), '{SPATIAL_REFERENCES[column.name]}')"
        f" as {column.quoted}"
        for column in geometry
    )
    # DuckDB takes the first for the primary one.
    others = (column.quoted for column in columns if column not in geometry)
    written = _copy(source, ", ".join((*shapes, *others)), path, _PARQUET)
    _describe_empty_geometry(source, geometry, path)
    return written


def _describe_empty_geometry(source: Source, geometry: list[Column], path: Path) -> None:
    """Describe the columns of geometry that have no value, of which DuckDB says nothing."""
    found = source.connection.fetch(
        "select decode(value) as geo from parquet_kv_metadata($1) where decode(key) = 'geo'",
        [str(path)],
    )["geo"].to_pylist()
    described = json.loads(found[0])["columns"] if found else {}
    empty = [column for column in geometry if column.name not in described]
    if not empty:
        return
    for column in empty:
        [crs] = source.connection.fetch(
            "select projjson from duckdb_coordinate_systems() where crs_name = $1",
            [SPATIAL_REFERENCES[column.name]],
        )["projjson"].to_pylist()
        described[column.name] = {
            "encoding": "WKB",
            "geometry_types": [],
            "crs": json.loads(crs),
        }
    geo = {"version": "1.0.0", "primary_column": geometry[0].name, "columns": described}
    bare = path.with_name("described")
    shapes = ", ".join(
        f"st_asbinary({column.quoted}) as {column.quoted}"
        for column in geometry
        if column not in empty
    )
    _copy(
        Source(source.connection, source.mart, f"read_parquet({text(str(path))})"),
        f"* replace ({shapes})" if shapes else "*",
        bare,
        f"{_PARQUET}, kv_metadata {{geo: {text(json.dumps(geo))}}}",
    )
    bare.replace(path)


def _write_json(source: Source, path: Path) -> int:
    """JSON lines, an object a row; geometry is WKT."""
    return _copy(source, f"cast({_object(source.mart.columns)} as varchar)", path, _LINES)


def _write_geojson(source: Source, path: Path) -> int:
    """One feature a line, as RFC 7946 has it: outer rings go anticlockwise."""
    properties = _object(tuple(c for c in source.mart.columns if not c.is_geometry))
    feature = (
        "cast(json_object('type', 'Feature', 'geometry',"
        f" st_asgeojson(st_reverse(st_normalize(st_geomfromwkb({SHOWN})))),"
        f" 'properties', {properties}) as varchar)"
    )
    around = (
        """prefix '{"type":"FeatureCollection","features":[\n', new_line ',\n', suffix '\n]}\n'"""
    )
    return _copy(source, feature, path, f"{_LINES}, {around}")


def _write_xlsx(source: Source, path: Path) -> int:
    with source.connection.stream(f"from {source.relation}") as rows:
        return write_xlsx(source.mart, rows, path)


def _object(columns: tuple[Column, ...]) -> str:
    """A JSON object of a row. What is no finite number is null, as JSON has no word for it."""
    values = {
        "timestamp": "replace(cast({} as varchar), ' ', 'T')",
        "number": "case when isfinite({0}) then {0} end",
    }
    members = (
        f"{text(column.name)}, "
        + (
            _wkt(column)
            if column.is_geometry
            else values.get(column.kind, "{}").format(column.quoted)
        )
        for column in columns
    )
    return f"json_object({', '.join(members)})"


def _wkt(column: Column) -> str:
    return f"st_astext(st_geomfromwkb({column.quoted}))"


def text(value: str) -> str:
    """A text, as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


FORMATS = {
    "parquet": Format(".parquet", _write_parquet),
    "geoparquet": Format(".geo.parquet", _write_geoparquet, is_spatial=True),
    "csv": Format(".csv", _write_csv),
    "xlsx": Format(".xlsx", _write_xlsx),
    "json": Format(".jsonl", _write_json),
    "geojson": Format(".geojson", _write_geojson, is_spatial=True),
}
