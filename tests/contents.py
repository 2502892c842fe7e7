"""What a warehouse holds, as values that two warehouses can be compared by."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from warehouse.connection import connect
from warehouse.settings import Target

# What tells one run from another and nothing of the data.
OF_THE_RUN = frozenset({"_dlt_load_id", "run_id", "checked_at"})
# When a record was found gone is the run's; that it was is the data's.
_SAID_AS_YES_OR_NO = frozenset({"_deleted_at", "deleted_at", "restored_at"})


def rows(target: Target, sql: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    with connect(target, read_only=True) as connection:
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
    return {name: sorted(map(plain, rows(target, f"select * from {name}"))) for name in names}


def plain(row: dict[str, Any], leave_out: frozenset[str] = frozenset({"checked_at"})) -> str:
    """A row as text in which equal values are equal, whichever engine's type they had.

    When a comparison with the portal was made is no part of what it found.
    """
    return str(
        {
            name: float(value)
            if isinstance(value, int | Decimal) and not isinstance(value, bool)
            else value
            for name, value in row.items()
            if name not in leave_out
        }
    )


def data(target: Target) -> dict[str, list[str]]:
    """All that a warehouse holds, but for what tells one run from another.

    Sightings are taken once: a killed run's may stand beside those of the run that ended it.
    What each run found in its comparison with the portal is left out.
    """
    names = [
        name
        for name in tables(target, "raw", "staging", "intermediate", "marts", "quality")
        if not name.startswith("quality.reconciliation")
    ]
    found = {}
    for name in names:
        texts = [
            plain(
                {
                    column: value is not None if column in _SAID_AS_YES_OR_NO else value
                    for column, value in row.items()
                },
                OF_THE_RUN,
            )
            for row in rows(target, f"select * from {name}")
        ]
        found[name] = sorted(set(texts) if name == "raw._row_sightings" else texts)
    return found
