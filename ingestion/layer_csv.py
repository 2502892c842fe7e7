"""Reads points from a CSV file that has their longitude and latitude in two columns."""

import csv
import io
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pc

from ingestion.layer_contents import WGS84, Field, LayerContents
from warehouse.errors import WarehouseError

# The usual names, in any case; the first that a file has counts.
_LONGITUDES = ("longitude", "lon", "lng", "long", "x")
_LATITUDES = ("latitude", "lat", "y")
_DELIMITERS = ",;\t"


def read_csv(path: Path, session: duckdb.DuckDBPyConnection) -> LayerContents:
    """Read a file's rows into a session, every value as the text that it is; empty is null.

    Raises:
        WarehouseError: it is no CSV in UTF-8, has a column twice, has no column under the names
            that coordinates usually have, or a coordinate is no number.
    """
    rows = _rows(path)
    names = rows.column_names
    longitude, latitude = _place(names, _LONGITUDES), _place(names, _LATITUDES)
    if longitude is None or latitude is None:
        raise WarehouseError(
            f"{path} has no columns of coordinates: expected one of {', '.join(_LONGITUDES)} and"
            f" one of {', '.join(_LATITUDES)}; its columns are {', '.join(names)}"
        )
    columns = [f"c{place}" for place in range(len(names))]
    session.register("read", rows.rename_columns(columns))
    for place in (longitude, latitude):
        wrong = session.execute(
            f"select number, value from (select row_number() over () as number,"
            f" {columns[place]} as value from read) where trim(value) <> ''"
            " and not coalesce(isfinite(try_cast(value as double)), false) limit 1"
        ).fetchone()
        if wrong:
            raise WarehouseError(
                f"{path} has the {names[place]} '{wrong[1]}', which is no number, in row"
                f" {wrong[0]}: write degrees with a decimal point, as in -87.63, or leave it empty"
            )
    x, y = (f"try_cast({columns[place]} as double)" for place in (longitude, latitude))
    session.execute(
        "create table loaded as select row_number() over () as place, *,"
        f" case when {x} is not null and {y} is not null then ST_Point({x}, {y}) end as geometry"
        " from read"
    )
    fields = tuple(
        Field(name, columns[place], "VARCHAR")
        for place, name in enumerate(names)
        if place not in (longitude, latitude)
    )
    return LayerContents(path, session, fields, WGS84, WGS84, rows.num_rows)


def _place(header: list[str], usual: tuple[str, ...]) -> int | None:
    """Where the column of a coordinate stands, from 0."""
    names = [name.strip().lower() for name in header]
    return next((names.index(name) for name in usual if name in names), None)


def _rows(path: Path) -> pa.Table:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    if "\x00" in text:
        raise _not_utf8(path)
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = next((row for row in lines if row), [])
    if twice := [name for place, name in enumerate(header) if name in header[:place]]:
        raise WarehouseError(f"{path} has the column '{twice[0]}' twice: rename one of them")
    if not header:
        raise WarehouseError(f"{path}: the layer is empty: the file has nothing in it")
    try:
        return pc.read_csv(
            io.BytesIO(content),
            parse_options=pc.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise WarehouseError(
            f"{path} cannot be read as CSV: {error}; every row needs as many values as the header"
        ) from error


def _not_utf8(path: Path) -> WarehouseError:
    return WarehouseError(f"{path} is no text in UTF-8: save it as CSV in UTF-8")
