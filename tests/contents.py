"""What a warehouse holds, as values that two warehouses can be compared by."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from shapely import wkt

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
    """Every row of every table, in an order that does not depend on the engine."""
    with reading(target) as connection:
        return {
            name: sorted(
                map(
                    plain,
                    _rows(connection, f"select {_columns(connection, name)} from {_from(name)}"),
                )
            )
            for name in names
        }


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


def plain(row: dict[str, Any], leave_out: frozenset[str] = frozenset({"checked_at"})) -> str:
    """A row as text in which equal values are equal, whichever engine's type they had.

    When a comparison with the portal was made is no part of what it found. Places and distances
    are equal to a tenth of a millimetre, and borders are where what they surround is.
    """
    return str(
        {name: _plain_value(name, value) for name, value in row.items() if name not in leave_out}
    )


def _plain_value(name: str, value: Any) -> Any:
    if isinstance(value, str) and name.startswith("geom"):
        return _plain_geometry(wkt.loads(value))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return round(float(value), 4) if name.endswith(("_ft", "_m", "_mi")) else float(value)
    return value


def _plain_geometry(geometry: Any) -> str:
    in_feet = geometry.bounds[2] > _FARTHEST_DEGREE
    bounds = [round(number, 4 if in_feet else 9) for number in geometry.bounds]
    return f"{geometry.geom_type} {bounds} {geometry.area:.5g}"


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
    texts = [
        plain(
            {
                column: value is not None if column in _SAID_AS_YES_OR_NO else value
                for column, value in row.items()
            },
            OF_THE_RUN,
        )
        for row in _rows(connection, f"select * from {_from(name)}")
    ]
    return sorted(set(texts) if name == "raw._row_sightings" else texts)
