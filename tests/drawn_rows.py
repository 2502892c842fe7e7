"""Rows of drawn texts, put into raw as a load would have put them."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from tests.cleaned_warehouse import DATASETS
from tests.cleaner import Cleaner
from tests.cleaning import Row
from warehouse.connection import connect
from warehouse.settings import Target

# Keys of which nothing is left; a row without a key is no record.
NO_KEYS = (None, "", " \n", "\u00a0\u200b", "n/a", "NULL")

_STAMP = "2026-01-01T00:00:00.000Z"
_SYSTEM = (
    "_record_key",
    "_row_id",
    "_row_created_at",
    "_row_updated_at",
    "_version_hash",
    "_dlt_load_id",
)


def make_raw_tables(target: Target, cleaner: Cleaner, areas: Sequence[str]) -> None:
    """Empty tables with all columns that have rules, and the city's areas."""
    columns = {name: [*rules] for name, rules in cleaner.rules.items()}
    with connect(target) as connection:
        connection.execute("create schema raw")
        for name, named in (columns | {"community_areas": ["area_numbe", "the_geom"]}).items():
            listed = ", ".join(f'"{column}" varchar' for column in [*named, *_SYSTEM])
            connection.execute(f'create table raw."{name}" ({listed})')
    numbered = enumerate(areas, 1)
    put_into_raw(
        target,
        "community_areas",
        [{"area_numbe": str(number), "the_geom": area} for number, area in numbered],
        load_id="1.0",
    )


def put_into_raw(
    target: Target, name: str, rows: Sequence[Row], load_id: str, stamp: str = _STAMP
) -> None:
    """Append rows that one load brought, all written at the portal at one stamp."""
    page = pa.Table.from_pylist(
        [
            {
                **row,
                "_row_id": f"row-{load_id}-{number}",
                "_row_created_at": _STAMP,
                "_row_updated_at": stamp,
                "_version_hash": f"{load_id}-{number}",
                "_dlt_load_id": load_id,
            }
            for number, row in enumerate(rows)
        ]
    )
    page = page.cast(pa.schema([(column, pa.string()) for column in page.column_names]))
    columns = ", ".join(f'"{column}"' for column in page.column_names)
    with connect(target) as connection:
        connection.fetch(
            f'insert into raw."{name}" ({columns}) select {columns} from page returning 1',
            tables={"page": page},
        )


def rows_with_each_text_in_each_column(
    cleaner: Cleaner, name: str, texts: Sequence[str], load_id: str
) -> list[Row]:
    """As many rows as texts; each column has every text once, but for the key of the records."""
    columns = list(cleaner.rules[name])
    rows = []
    for number in range(len(texts)):
        key = f"{load_id} text {number}"
        if DATASETS[name].key and number % 2:
            key = "\t" + key.replace(" ", " \u00a0") + "\u200b\n"
        # Steps of three, so that a pair of columns does not meet the same pair of texts.
        row = {
            column: texts[(number + 3 * place) % len(texts)] for place, column in enumerate(columns)
        }
        rows.append(_keyed(name, row, key))
    return rows


def rows_without_key(cleaner: Cleaner, name: str) -> list[Row]:
    """A row for each text that names no record."""
    empty: dict[str, str | None] = dict.fromkeys(cleaner.rules[name])
    return [_keyed(name, empty, key) for key in NO_KEYS]


def rows_with_only(cleaner: Cleaner, name: str, some: Iterable[Row], load_id: str) -> list[Row]:
    """Rows that have a few values and are null elsewhere."""
    empty: Row = dict.fromkeys(cleaner.rules[name])
    return [
        _keyed(name, {**empty, **values}, f"{load_id} only {number}")
        for number, values in enumerate(some)
    ]


def _keyed(name: str, row: Row, key: str | None) -> Row:
    return {**row, DATASETS[name].key or "_record_key": key}
