"""What a warehouse holds, as values that two warehouses can be compared by."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from warehouse.connection import Connection, connect, spatial_extension
from warehouse.settings import Target

_FARTHEST_DEGREE = 180
# What the runs say of themselves differs from run to run, and so does what each build took up.
OF_THE_RUNS = frozenset(
    {"quality.reconciliation", "marts.recent_activity", "intermediate.int_changed_crashes"}
)
# To each row with a crash it has a hundred zeros, of which another test tells.
_WITHOUT_ZEROS = {"marts.crashes_daily_by": "where total_crashes > 0"}
# What tells one run from another and nothing of the data.
OF_THE_RUN = frozenset({"_dlt_load_id", "run_id", "checked_at"})
# When a record was found gone is the run's; that it was is the data's.
_SAID_AS_YES_OR_NO = frozenset({"_deleted_at", "deleted_at", "restored_at"})


@contextmanager
def reading(target: Target) -> Iterator[Connection]:
    """A session that only reads, which on DuckDB takes a moment to know of places."""
    with connect(target, read_only=True) as connection:
        if target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        yield connection


def rows(target: Target, sql: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    with reading(target) as connection:
        return _rows(connection, sql)


def _rows(connection: Connection, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.fetch(sql).to_pylist()
    return found


def tables(target: Target, *schemas: str) -> list[str]:
    """The tables and views of some schemas, without dlt's own, by name."""
    found = rows(
        target,
        "select table_schema || '.' || table_name as name from information_schema.tables"
        f" where table_schema in ({', '.join(repr(schema) for schema in schemas)})"
        " and table_name not like '\\_dlt%' escape '\\' order by 1",
    )
    return [row["name"] for row in found]


def content(target: Target, names: Iterable[str]) -> dict[str, list[str]]:
    """Every row of every table as text, in an order that does not depend on the engine.

    When a comparison with the portal was made is no part of what it found.
    """
    with reading(target) as connection:
        return {
            name: _texts(
                connection.fetch(f"select {_columns(connection, name)} from {_from(name)}"),
                leave_out=frozenset({"checked_at"}),
            )
            for name in names
        }


def texts_of(target: Target, sql: str) -> list[str]:
    """A query's columns and rows as text, in an order that does not depend on the engine."""
    with reading(target) as connection:
        return _texts(connection.fetch(sql))


def _texts(found: pa.Table, leave_out: frozenset[str] = frozenset()) -> list[str]:
    """The names of the columns, and then each row once for each time that it is there."""
    found = found.drop_columns([name for name in found.column_names if name in leave_out])
    values = [_plain_values(name, found[name]) for name in found.column_names]
    return [str(found.column_names), *sorted(map(str, zip(*values, strict=True)))]


def _from(name: str) -> str:
    return f"{name} {_WITHOUT_ZEROS.get(name, '')}"


def _columns(connection: Connection, name: str) -> str:
    """A table's columns, its geometry as text."""
    schema, _, table = name.partition(".")
    found = _rows(
        connection,
        "select column_name as name, data_type as type from information_schema.columns"
        f" where table_schema = '{schema}' and table_name = '{table}' order by ordinal_position",
    )
    return ", ".join(
        f'st_astext("{row["name"]}") as "{row["name"]}"'
        if row["type"] == "USER-DEFINED" or row["type"].startswith("GEOMETRY")
        else f'"{row["name"]}"'
        for row in found
    )


def _plain_values(name: str, column: pa.ChunkedArray) -> list[Any]:
    """A column's values such that equal ones are equal, whichever engine's type they had.

    Places and distances are equal to a tenth of a millimetre, and borders are where what they
    surround is.
    """
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = column.cast(pa.float64(), safe=False)
        if name.endswith(("_ft", "_m", "_mi")):
            numbers = pc.round(numbers, ndigits=4)
        return cast("list[Any]", numbers.to_pylist())
    values: list[Any] = column.to_pylist()
    if name.startswith("geom") and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return _plain_geometries(values)
    return values


def _plain_geometries(texts: list[str | None]) -> list[str | None]:
    geometries = shapely.from_wkt(texts)
    described = zip(
        texts, geometries, shapely.bounds(geometries), shapely.area(geometries), strict=True
    )
    return [
        None if text is None else f"{geometry.geom_type} {_rounded(bounds)} {area:.5g}"
        for text, geometry, bounds, area in described
    ]


def _rounded(bounds: Any) -> list[float]:
    digits = 4 if bounds[2] > _FARTHEST_DEGREE else 9
    return [round(float(number), digits) for number in bounds]


def data(target: Target) -> dict[str, list[str]]:
    """All that a warehouse holds, but for what tells one run from another.

    Sightings are taken once: a killed run's may stand beside those of the run that ended it.
    What each run found in its comparison with the portal is left out.
    """
    names = [
        name
        for name in tables(target, "raw", "staging", "intermediate", "marts", "quality")
        if name not in OF_THE_RUNS and not name.startswith("quality.reconciliation")
    ]
    with reading(target) as connection:
        return {name: _data(connection, name) for name in names}


def _data(connection: Connection, name: str) -> list[str]:
    found = connection.fetch(f"select * from {_from(name)}")
    for number, column in enumerate(found.column_names):
        if column in _SAID_AS_YES_OR_NO:
            found = found.set_column(number, column, found[column].is_valid())
    texts = _texts(found, leave_out=OF_THE_RUN)
    return sorted(set(texts)) if name == "raw._row_sightings" else texts
