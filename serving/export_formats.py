"""How the rows of a mart become a file of each format; geometry comes as WKB.

Rows are read and written in one thread and in order: with more, several groups of rows are in
memory at once, and a file would not be the same twice.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from serving.marts import SPATIAL_REFERENCES, Column, Mart
from serving.xlsx import write_xlsx
from warehouse.connection import spatial_extension

# Of DuckDB alone; it spills what is more, and Python and its libraries take as much again.
MEMORY = "128MB"
# Readers skip whole groups of rows, and one group is in memory while it is written.
_PARQUET = "format parquet, compression zstd, row_group_size 30720"
# The geometry that maps take; RFC 7946 knows no other reference.
_SHOWN = "geom_4326"


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        suffix: of its files.
        write: writes a mart's rows to a file and returns how many there were.
        is_spatial: whether a mart without geometry cannot be written in it.
    """

    suffix: str
    write: Callable[[Mart, pa.RecordBatchReader, Path], int]
    is_spatial: bool = False


@contextmanager
def _session(folder: Path, *, spatial: bool = False) -> Iterator[Any]:
    with closing(duckdb.connect()) as session:
        limit_memory(session.execute, folder)
        if spatial:
            session.execute(f"load '{spatial_extension()}'")
        yield session


def limit_memory(execute: Callable[[str], Any], folder: Path) -> None:
    """Hold a session of DuckDB to little memory; what is more lies in the folder meanwhile."""
    execute(f"set memory_limit = '{MEMORY}'")
    execute("set threads = 1")
    execute(f"set temp_directory = {_text(str(folder))}")


def _copy(session: Any, select: str, path: Path, options: str) -> int:
    # Not to a temporary file of DuckDB's own: the path is one already.
    to = f"copy ({select}) to {_text(str(path))} ({options}, use_tmp_file false)"
    return int(session.execute(to).fetchone()[0])


def _write_csv(mart: Mart, rows: pa.RecordBatchReader, path: Path) -> int:
    """Geometry is WKT; null is nothing, an empty text is two quotation marks."""
    columns = ", ".join(
        f"{_wkt(column)} as {column.quoted}" if column.is_geometry else column.quoted
        for column in mart.columns
    )
    with _session(path.parent) as session:
        session.register("rows", rows)
        return _copy(session, f"select {columns} from rows", path, "format csv, header")


def _write_parquet(mart: Mart, rows: pa.RecordBatchReader, path: Path) -> int:
    """Geometry is WKB, in a column of bytes."""
    with _session(path.parent) as session:
        session.register("rows", rows)
        return _copy(session, "from rows", path, _PARQUET)


def _write_geoparquet(mart: Mart, rows: pa.RecordBatchReader, path: Path) -> int:
    """GeoParquet 1.0; the primary column is that in longitude and latitude."""
    geometry = sorted((c for c in mart.columns if c.is_geometry), key=lambda c: c.name != _SHOWN)
    shapes = ", ".join(
        f"st_setcrs(st_geomfromwkb({column.quoted}), '{reference}') as {column.quoted}"
        if (reference := SPATIAL_REFERENCES.get(column.name))
        else f"st_geomfromwkb({column.quoted}) as {column.quoted}"
        for column in geometry
    )
    # The first of them becomes the primary one.
    others = ", ".join(column.quoted for column in mart.columns if not column.is_geometry)
    with _session(path.parent, spatial=True) as session:
        session.register("rows", rows)
        written = _copy(session, f"select {shapes}, {others} from rows", path, _PARQUET)
        _describe_empty_geometry(session, geometry, path)
    return written


def _describe_empty_geometry(session: Any, geometry: list[Column], path: Path) -> None:
    """Describe the columns of geometry that have no value, of which DuckDB says nothing."""
    found = session.execute(
        "select decode(value) from parquet_kv_metadata(?) where decode(key) = 'geo'", [str(path)]
    ).fetchone()
    described = json.loads(found[0])["columns"] if found else {}
    if all(column.name in described for column in geometry):
        return
    for column in geometry:
        if column.name not in described:
            described[column.name] = {"encoding": "WKB", "geometry_types": []}
            reference = SPATIAL_REFERENCES.get(column.name)
            for (crs,) in session.execute(
                "select projjson from duckdb_coordinate_systems() where crs_name = ?", [reference]
            ).fetchall():
                described[column.name]["crs"] = json.loads(crs)
    geo = json.dumps(
        {"version": "1.0.0", "primary_column": geometry[0].name, "columns": described}
    )
    shapes = ", ".join(
        f"cast(st_aswkb(cast({column.quoted} as geometry)) as blob) as {column.quoted}"
        for column in geometry
    )
    bare = path.with_name("described")
    _copy(
        session,
        f"select * replace ({shapes}) from read_parquet({_text(str(path))})",
        bare,
        f"{_PARQUET}, kv_metadata {{geo: {_text(geo)}}}",
    )
    bare.replace(path)


def _write_json(mart: Mart, rows: pa.RecordBatchReader, path: Path) -> int:
    """JSON lines, an object a row; geometry is WKT."""
    with path.open("wb") as file:
        written = 0
        for lines in _as_json(rows, _object(mart.columns), path.parent):
            file.writelines(f"{line}\n".encode() for line in lines)
            written += len(lines)
    return written


def _write_geojson(mart: Mart, rows: pa.RecordBatchReader, path: Path) -> int:
    """One feature a line, as RFC 7946 has it: outer rings go anticlockwise."""
    properties = _object(tuple(column for column in mart.columns if not column.is_geometry))
    feature = (
        "json_object('type', 'Feature', 'geometry',"
        f" st_asgeojson(st_reverse(st_normalize(st_geomfromwkb({_SHOWN})))),"
        f" 'properties', {properties})"
    )
    with path.open("wb") as file:
        file.write(b'{"type":"FeatureCollection","features":[')
        written = 0
        for features in _as_json(rows, feature, path.parent, spatial=True):
            for line in features:
                file.write(f"{',' if written else ''}\n{line}".encode())
                written += 1
        file.write(b"\n]}\n")
    return written


def _as_json(
    rows: pa.RecordBatchReader, expression: str, folder: Path, *, spatial: bool = False
) -> Iterator[list[str]]:
    """The rows as texts. Batch by batch, else DuckDB keeps more and more of its JSON."""
    with _session(folder, spatial=spatial) as session:
        for batch in rows:
            session.register("batch", pa.Table.from_batches([batch]))
            texts = session.execute(f"select cast({expression} as varchar) from batch")
            yield texts.to_arrow_table().column(0).to_pylist()


def _object(columns: tuple[Column, ...]) -> str:
    """A JSON object of a row. What is no finite number is null, as JSON has no word for it."""
    values = {
        "timestamp": "replace(cast({} as varchar), ' ', 'T')",
        "number": "case when isfinite({0}) then {0} end",
    }
    members = (
        f"{_text(column.name)}, "
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


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


FORMATS = {
    "parquet": Format(".parquet", _write_parquet),
    "geoparquet": Format(".geo.parquet", _write_geoparquet, is_spatial=True),
    "csv": Format(".csv", _write_csv),
    "xlsx": Format(".xlsx", write_xlsx),
    "json": Format(".jsonl", _write_json),
    "geojson": Format(".geojson", _write_geojson, is_spatial=True),
}
