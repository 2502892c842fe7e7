"""Rows from a file are the versions that they would be through the API, on both engines."""

import csv
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ingestion.file_survey import survey
from ingestion.files import csv_file
from ingestion.load_file import load_file
from ingestion.sample_portal import SamplePortal
from ingestion.source import Progress
from tests.test_load import CATALOG, IDS, load, on_duckdb, raw
from warehouse.connection import connect
from warehouse.records import DatasetLoad
from warehouse.settings import Target

Row = dict[str, str]
DATES = {"crashes": ("crash_date", "date_police_notified"), "fatalities": ("crash_date",)}
LATER = datetime(2030, 1, 1, tzinfo=UTC).timestamp()


def soda_file(portal: SamplePortal, name: str, folder: Path, select: str = "*") -> Path:
    """SODA's CSV of a dataset, as the portal sends it."""
    query = {"$select": select, "$order": ":id", "$limit": "50000"}
    answer = requests.get(f"{portal.url}/resource/{IDS[name]}.csv", params=query, timeout=60)
    path = folder / f"{name}.csv"
    path.write_bytes(answer.content)
    return path


def downloaded(soda: Path, name: str) -> Path:
    """The same rows as the download button gives them: CRLF, a BOM and the portal's own join."""
    with soda.open(newline="") as file:
        rows = list(csv.DictReader(file))
    path = soda.with_name(f"{soda.stem}_download.csv")
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        headers = {column: display_name(column) for column in rows[0]}
        join = ["Boundaries - ZIP Codes"] if name == "crashes" else []
        writer = csv.DictWriter(file, [*headers.values(), *join], restval="21")
        writer.writeheader()
        for row in rows:
            row |= {day: in_us_form(row[day]) for day in DATES[name]}
            writer.writerow({headers[column]: value for column, value in row.items()})
    return path


def display_name(column: str) -> str:
    return {"private_property_i": "NOT_RIGHT_OF_WAY_I"}.get(column, column.upper())


def in_us_form(stamp: str) -> str:
    return f"{datetime.fromisoformat(stamp):%m/%d/%Y %I:%M:%S %p}" if stamp else ""


def load_from(path: Path, name: str, target: Target, **options: Any) -> DatasetLoad:
    as_of = options.pop("as_of", None)
    dataset = CATALOG[name]
    return load_file(dataset, survey(csv_file(path, dataset), as_of), target, **options)


def source_rows(target: Target, name: str) -> Counter[tuple[str | None, ...]]:
    """The versions in raw by what the City says in them."""
    rows = raw(target, name)
    columns = sorted(column for column in rows.column_names if not column.startswith("_"))
    return Counter(zip(*(rows[column].to_pylist() for column in columns), strict=True))


def in_short(done: DatasetLoad) -> tuple[int, int, int]:
    return done.rows_inserted, done.rows_updated, done.rows_unchanged


@pytest.mark.parametrize("name", ["crashes", "fatalities"])
def test_the_rows_of_a_download_are_those_of_the_api_and_only_amendments_are_new(
    own_portal: SamplePortal, warehouse: Target, name: str, tmp_path: Path
) -> None:
    path = downloaded(soda_file(own_portal, name, tmp_path), name)
    os.utime(path, (LATER, LATER))
    from_file = load_from(path, name, warehouse)
    count = from_file.rows_fetched
    assert in_short(from_file) == (count, 0, 0)
    assert in_short(load_from(path, name, warehouse)) == (0, 0, count)
    before = source_rows(warehouse, name)

    assert in_short(load(name, warehouse)) == (0, 0, count)
    assert source_rows(warehouse, name) == before
    amended = own_portal.amend(IDS[name], rows=2)["ids"]
    assert in_short(load(name, warehouse)) == (0, 2, 0)
    versions = raw(warehouse, name)
    key = CATALOG[name].key_column
    assert len(set(versions[key].to_pylist())) == count
    newest = {
        row[key]: row for row in sorted(versions.to_pylist(), key=lambda r: r["_row_updated_at"])
    }
    assert {row["_row_id"] for row in newest.values() if row["_row_id"] in amended} == set(amended)


@pytest.mark.parametrize("name", ["crashes", "fatalities"])
def test_a_download_adds_nothing_to_what_came_through_the_api_whichever_is_older(
    own_portal: SamplePortal, warehouse: Target, name: str, tmp_path: Path
) -> None:
    path = downloaded(soda_file(own_portal, name, tmp_path), name)
    count = load(name, warehouse).rows_fetched
    before = raw(warehouse, name)
    for instant in (datetime(2010, 1, 1, tzinfo=UTC), None, datetime.now(UTC)):
        assert in_short(load_from(path, name, warehouse, as_of=instant)) == (0, 0, count)
    assert raw(warehouse, name).equals(before)
    own_portal.amend(IDS[name], rows=2)
    own_portal.republish(IDS[name])
    assert in_short(load(name, warehouse)) == (0, 2, count - 2)
    assert in_short(load_from(path, name, warehouse)) == (0, 0, count)


@pytest.mark.parametrize("name", ["crashes", "fatalities"])
def test_sodas_file_with_system_fields_is_as_if_through_the_api(
    own_portal: SamplePortal, warehouse: Target, name: str, tmp_path: Path
) -> None:
    path = soda_file(own_portal, name, tmp_path, ":*,*")
    done = load_from(path, name, warehouse)
    assert done.rows_inserted == done.rows_fetched
    from_file = raw(warehouse, name).drop_columns(["_dlt_load_id"])
    through_api = load(name, warehouse)
    assert in_short(through_api) == (0, 0, done.rows_fetched)
    assert raw(warehouse, name).drop_columns(["_dlt_load_id"]).equals(from_file)


@on_duckdb
def test_an_older_file_fills_the_history_and_leaves_the_newest_as_it_is(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path
) -> None:
    path = soda_file(own_portal, "crashes", tmp_path)
    row = raw_key = None
    with path.open(newline="") as file:
        row = next(csv.DictReader(file))
        raw_key = row["crash_record_id"]
    own_portal.amend(IDS["crashes"], keys=[raw_key], changes={"weather_condition": "FROGS"})
    load("crashes", warehouse)
    assert in_short(load_from(path, "crashes", warehouse)) == (0, 1, 999)
    with connect(warehouse, read_only=True) as connection:
        history = connection.fetch(
            "select weather_condition as w from raw.crashes where crash_record_id = $1"
            " order by _row_updated_at",
            (raw_key,),
        )
    assert history["w"].to_pylist() == [row["weather_condition"] or None, "FROGS"]


@on_duckdb
def test_a_load_that_is_broken_off_and_started_again_ends_the_same(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.files.PAGE_ROWS", 100)
    path = downloaded(soda_file(own_portal, "crashes", tmp_path), "crashes")

    def break_off(progress: Progress) -> None:
        if progress.pages == 6:  # in the second step, so the first is committed
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_from(path, "crashes", warehouse, on_progress=break_off)
    assert raw(warehouse, "crashes").num_rows == 400
    seen: list[Progress] = []
    done = load_from(path, "crashes", warehouse, on_progress=seen.append)
    assert in_short(done) == (600, 0, 400)
    assert [(p.rows, p.expected_rows) for p in seen[::9]] == [(100, 1_000), (1_000, 1_000)]
    expected = {
        f"file:{survey(csv_file(path, CATALOG['crashes'])).digest}:{n + 1}" for n in range(1_000)
    }
    assert set(raw(warehouse, "crashes")["_row_id"].to_pylist()) == expected


def test_half_past_five_in_the_afternoon_of_real_rows_stays_1730(
    real_folder: Path, warehouse: Target, tmp_path: Path
) -> None:
    soda = tmp_path / "crashes.csv"
    soda.write_bytes((real_folder / "85ca-t3if.csv").read_bytes())
    path = downloaded(soda, "crashes")
    assert "05:30:00 PM" in path.read_text()
    assert load_from(path, "crashes", warehouse).rows_inserted == 1_000
    from_download = source_rows(warehouse, "crashes")
    assert in_short(load_from(soda, "crashes", warehouse)) == (0, 0, 1_000)
    with soda.open(newline="") as file:
        there = Counter(
            tuple(row[column] or None for column in sorted(row)) for row in csv.DictReader(file)
        )
    assert from_download == there
    stamps = set(raw(warehouse, "crashes")["_row_updated_at"].to_pylist())
    assert stamps == {max(day for row in there for day in row if is_date(day)) + "Z"}


def is_date(value: str | None) -> bool:
    return value is not None and len(value) == 23 and value[10] == "T"
