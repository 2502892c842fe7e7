"""Holds what dbt made of raw against what the Python of the rules makes of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingestion.catalog import load_catalog
from tests.city_outline import CityOutline
from tests.cleaner import Cleaned, Cleaner
from tests.cleaning import Row, Value, tidy
from tests.dbt_commands import dbt
from warehouse.connection import connect, has_table
from warehouse.settings import DBT_PROJECT, Target

SEEDS = DBT_PROJECT / "seeds"
RULES, CATEGORIES = SEEDS / "cleaning_rules.csv", SEEDS / "categories.csv"
DATASETS = {dataset.name: dataset for dataset in load_catalog().required}
Log = Counter[tuple[str | None, ...]]


@dataclass(frozen=True)
class Record:
    """The newest version of a record."""

    dataset: str
    key: str
    raw: Row
    cleaned: Cleaned


def build_cleaned(target: Target, *selected: str) -> None:
    """Build what is compared, or what is selected, from raw; that some data fails a test is right.

    Raises:
        AssertionError: a seed or a model has failed.
    """
    chosen = selected or (*(f"+stg_{name}" for name in DATASETS), "+cleaning_log")
    built = dbt(
        target, "build", "--exclude-resource-type", "test", "unit_test", "--select", *chosen
    )
    done = ("success", "no-op")  # there is nothing to do for an exposure
    failed = {name: node.message for name, node in built.items() if node.status not in done}
    assert built
    assert not failed, failed


def records(target: Target) -> list[Record]:
    """Each record of raw, cleaned in Python."""
    cleaner = Cleaner(RULES, CATEGORIES, _outline(target))
    return [
        Record(name, key, row, cleaner.clean(name, row))
        for name, dataset in DATASETS.items()
        for key, row in _newest(
            _rows(target, f'select * from raw."{name}"'), dataset.key or "_record_key"
        )
    ]


def differences(target: Target, expected: list[Record]) -> list[str]:
    """Where staging or the log is not what the Python says, a line each."""
    found = []
    staged: dict[str, dict[str, dict[str, Any]]] = {}
    for name, dataset in DATASETS.items():
        key = dataset.key or "fatality_id"
        rows = _rows(target, f"select * from staging.stg_{name}")
        staged[name] = {row[key]: row for row in rows}
        assert len(staged[name]) == len(rows)
    log = _log(target)
    assert Counter({name: len(rows) for name, rows in staged.items()}) == Counter(
        record.dataset for record in expected
    )
    for record in expected:
        row = staged[record.dataset].get(record.key, {})
        for column, value in record.cleaned.values.items():
            if column not in row or not _is_same(row[column], value):
                found.append(
                    f"{record.dataset}.{column} of {record.key!r}, raw {record.raw.get(column)!r}:"
                    f" {row.get(column, 'not there')!r} in staging, {value!r} by the rules"
                )
    ours: Log = Counter(
        (record.dataset, record.key, *change)
        for record in expected
        for change in record.cleaned.changes
    )
    found += [f"in the log, not by the rules: {entry}" for entry in (log - ours).elements()]
    found += [f"by the rules, not in the log: {entry}" for entry in (ours - log).elements()]
    return found


def assert_as_the_rules_say(target: Target, expected: list[Record]) -> None:
    """Fails with the first of the differences."""
    found = differences(target, expected)
    assert not found, "\n".join([f"{len(found)} differences:", *found[:20]])


def silent_changes(target: Target, expected: list[Record]) -> list[str]:
    """Values of raw that staging does not have and the log does not tell of."""
    logged = {entry[:3] for entry in _log(target)}
    staged = {
        (name, row[dataset.key or "fatality_id"]): row
        for name, dataset in DATASETS.items()
        for row in _rows(target, f"select * from staging.stg_{name}")
    }
    return [
        f"{record.dataset}.{column} of {record.key!r}: {raw!r} became {clean!r}"
        for record in expected
        for column, raw in record.raw.items()
        if not column.startswith("_")
        and raw is not None
        and (record.dataset, record.key, column) not in logged
        for clean in [staged[record.dataset, record.key][column]]
        if clean is None or (isinstance(clean, str) and clean != raw)
    ]


def _is_same(found: object, expected: Value) -> bool:
    return type(found) is type(expected) and found == expected


def _log(target: Target) -> Log:
    columns = "dataset, record_key, column_name, rule, raw_value, clean_value"
    compared = ", ".join(f"'{name}'" for name in DATASETS)
    rows = _rows(
        target, f"select {columns} from quality.cleaning_log where dataset in ({compared})"
    )
    return Counter(tuple(row.values()) for row in rows)


def _outline(target: Target) -> CityOutline | None:
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "raw", "community_areas"):
            return None
    newest = _newest(_rows(target, "select * from raw.community_areas"), "area_numbe")
    areas = [row["the_geom"] or "" for _, row in newest]
    return CityOutline(areas) if areas else None


def _newest(rows: list[dict[str, Any]], key: str) -> Iterator[tuple[str, Row]]:
    """The newest version of each record, by its tidied key; without one there is no record."""
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=_recency):
        if tidied := tidy(row[key]):
            newest[tidied] = row
    yield from newest.items()


def _recency(row: dict[str, Any]) -> tuple[bytes, ...]:
    return tuple(row[name].encode() for name in ("_row_updated_at", "_row_id", "_dlt_load_id"))


def _rows(target: Target, sql: str) -> list[dict[str, Any]]:
    with connect(target, read_only=True) as connection:
        found: list[dict[str, Any]] = connection.fetch(sql).to_pylist()
    return found
