"""The City's own rows, served over HTTP, are in the marts: each of them, each value.

A value that cleaning changed is held by its raw text in the log.
"""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from flows.sync import sync
from ingestion.catalog import load_catalog
from ingestion.sample_portal import running
from tests.cleaned_warehouse import assert_as_the_rules_say, records
from tests.contents import rows
from warehouse.connection import connect
from warehouse.settings import Target

CATALOG = load_catalog().datasets
KEYS = {
    "crashes": "crash_record_id",
    "people": "person_id",
    "vehicles": "crash_unit_id",
    "fatalities": "fatality_id",
}
ROWS = {"crashes": 1_000, "people": 6_431, "vehicles": 408, "fatalities": 718}


@pytest.fixture
def real_portal(real_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with running(folder=real_folder) as portal:
        monkeypatch.setenv("SOURCES__SODA__BASE_URL", portal.url)
        yield


def file_rows(folder: Path, name: str) -> list[dict[str, str | None]]:
    """A file's rows; nothing in these files is an empty text, so empty is null."""
    with (folder / f"{CATALOG[name].id}.csv").open(newline="") as file:
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]


def as_mart_has_it(text: str | None, kind: pa.DataType) -> object:
    """A value of the files in the type that its column has in the mart."""
    if text is None:
        return None
    if pa.types.is_boolean(kind):
        return {"Y": True, "N": False}.get(text, text)
    if pa.types.is_integer(kind):
        digits = text.replace(",", "")
        return int(digits) if digits.isdecimal() else text
    if pa.types.is_floating(kind):
        return float(text)
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(text)
    return text


@pytest.mark.usefixtures("real_portal", "prefect_server")
def test_every_real_row_is_in_its_mart_with_every_value(
    real_folder: Path, warehouse: Target
) -> None:
    sync(target=warehouse)
    assert_as_the_rules_say(warehouse, records(warehouse))
    [placed] = rows(
        warehouse,
        "select count(geom) as crashes, count(community_area) as in_area, count(ward) as in_ward,"
        " count(case when police_beat = beat_of_occurrence then 1 end) as in_reported_beat"
        " from marts.crashes",
    )
    assert placed == {"crashes": 994, "in_area": 994, "in_ward": 993, "in_reported_beat": 991}
    # The people here are a few of the City's, and of other crashes: five of them are deaths.
    [deaths] = rows(
        warehouse,
        "select count(matched_by) as matched, count(matched_person_id) as with_person,"
        " sum(minutes_apart) as minutes, (select count(*) from quality.contradictions where"
        " rule_broken = 'the person who died is recorded as killed') as hurt_not_killed"
        " from marts.fatalities",
    )
    assert {name: int(count) for name, count in deaths.items()} == {
        "matched": 5,
        "with_person": 5,
        "minutes": 180 - 38,
        "hurt_not_killed": 1,
    }
    for name, count in ROWS.items():
        with connect(warehouse, read_only=True) as connection:
            mart = connection.fetch(f"select * from marts.{name}")
            log = connection.fetch(
                "select record_key, column_name, raw_value, clean_value"
                f" from quality.cleaning_log where dataset = '{name}'"
            ).to_pylist()
        there = file_rows(real_folder, name)
        assert mart.num_rows == len(there) == count
        columns = {
            column: "crashed_at" if column == "crash_date" else column for column in there[0]
        }
        kinds = {column: mart.schema.field(ours).type for column, ours in columns.items()}
        expected = [
            {column: as_mart_has_it(row[column], kinds[column]) for column in columns}
            for row in there
        ]
        marted = {row[KEYS[name]]: row for row in mart.to_pylist()}
        for change in log:
            row, ours = marted[change["record_key"]], columns[change["column_name"]]
            assert row[ours] == change["clean_value"]
            row[ours] = as_mart_has_it(change["raw_value"], kinds[change["column_name"]])
        found = [{column: row[ours] for column, ours in columns.items()} for row in marted.values()]
        order = KEYS[name] if KEYS[name] in there[0] else None
        assert in_order(found, order) == in_order(expected, order), name


def in_order(rows: list[dict[str, object]], key: str | None) -> list[dict[str, object]]:
    """Rows by their key, or by all that they hold where they have none."""
    return sorted(rows, key=lambda row: str(row[key]) if key else repr(sorted(row.items())))
