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
from tests.commands import command_here, warehouse_command
from tests.loads import CATALOG, IDS, load
from tests.test_load import on_duckdb, raw
from warehouse.connection import connect
from warehouse.errors import WarehouseError
from warehouse.records import DatasetLoad, start_run
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
    key = CATALOG[name].key or "_record_key"
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
    for instant in (datetime(2010, 1, 1, tzinfo=UTC), datetime.now(UTC)):
        assert in_short(load_from(path, name, warehouse, as_of=instant)) == (0, 0, count)
    assert raw(warehouse, name).equals(before)
    own_portal.amend(IDS[name], rows=2)
    own_portal.republish(IDS[name])
    assert in_short(load(name, warehouse)) == (0, 2, count - 2)
    assert in_short(load_from(path, name, warehouse)) == (0, 0, count)


@on_duckdb
def test_sodas_file_with_system_fields_is_as_if_through_the_api(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path
) -> None:
    path = soda_file(own_portal, "fatalities", tmp_path, ":*,*")
    done = load_from(path, "fatalities", warehouse)
    assert done.rows_inserted == done.rows_fetched
    from_file = raw(warehouse, "fatalities")
    assert all(row_id.startswith("row-") for row_id in from_file["_row_id"].to_pylist())
    assert in_short(load("fatalities", warehouse)) == (0, 0, done.rows_fetched)
    assert raw(warehouse, "fatalities").equals(from_file)


@on_duckdb
def test_an_older_file_fills_the_history_and_leaves_the_newest_as_it_is(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path
) -> None:
    path = soda_file(own_portal, "crashes", tmp_path)
    with path.open(newline="") as file:
        row = next(csv.DictReader(file))
    own_portal.amend(
        IDS["crashes"], keys=[row["crash_record_id"]], changes={"weather_condition": "FROGS"}
    )
    load("crashes", warehouse)
    assert in_short(load_from(path, "crashes", warehouse)) == (0, 1, 999)
    with connect(warehouse, read_only=True) as connection:
        history = connection.fetch(
            "select weather_condition as w from raw.crashes where crash_record_id = $1"
            " order by _row_updated_at",
            (row["crash_record_id"],),
        )
    assert history["w"].to_pylist() == [row["weather_condition"] or None, "FROGS"]


@on_duckdb
def test_a_death_that_was_moved_since_is_the_same_death_in_an_older_file(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path
) -> None:
    load("fatalities", warehouse)
    path = downloaded(soda_file(own_portal, "fatalities", tmp_path), "fatalities")
    own_portal.amend(IDS["fatalities"], rows=1, changes={"latitude": "41.9", "longitude": "-87.7"})
    assert in_short(load("fatalities", warehouse)) == (0, 1, 0)
    done = load_from(path, "fatalities", warehouse)
    assert in_short(done) == (0, 0, done.rows_fetched)


@on_duckdb
def test_a_load_that_is_broken_off_and_started_again_ends_the_same(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.files.PAGE_ROWS", 400)
    monkeypatch.setattr("ingestion.load_file.PAGES_A_STEP", 1)
    path = downloaded(soda_file(own_portal, "crashes", tmp_path), "crashes")

    def break_off(progress: Progress) -> None:
        if progress.pages == 2:  # in the second step, so the first is committed
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_from(path, "crashes", warehouse, on_progress=break_off)
    assert raw(warehouse, "crashes").num_rows == 400
    seen: list[Progress] = []
    done = load_from(path, "crashes", warehouse, on_progress=seen.append)
    assert in_short(done) == (600, 0, 400)
    assert [(p.rows, p.expected_rows) for p in seen] == [(400, 1_000), (800, 1_000), (1_000, 1_000)]
    digest = survey(csv_file(path, CATALOG["crashes"])).digest
    expected = {f"file:{digest}:{row}" for row in range(1, 1_001)}
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
        there = list(csv.DictReader(file))
    assert from_download == Counter(
        tuple(row[column] or None for column in sorted(row)) for row in there
    )
    newest = max(row[day] for row in there for day in DATES["crashes"])
    stamps = set(raw(warehouse, "crashes")["_row_updated_at"].to_pylist())
    assert stamps == {f"{newest}Z"}


def made(folder: Path, content: str | bytes, name: str = "made.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@on_duckdb
def test_dates_in_a_download_are_told_by_type_or_values_and_the_newest_is_the_as_of(
    warehouse: Target, tmp_path: Path
) -> None:
    path = made(
        tmp_path,
        "SIGNAL ID,On Since,Note,Until\r\n"
        '1,04/18/2026 12:00:00 AM,"one\r\nline, and ""more""",04/19/2026\r\n'
        "2,04/18/2026 12:30:00 PM,04/18/2026,\r\n"
        "3,,,12/31/2999\r\n",
    )
    os.utime(path, (LATER, LATER))
    assert load_from(path, "traffic_signals", warehouse).rows_inserted == 3
    rows = raw(warehouse, "traffic_signals").to_pylist()
    assert [row["on_since"] for row in rows] == [
        "2026-04-18T00:00:00.000",
        "2026-04-18T12:30:00.000",
        None,
    ]
    assert [row["until"] for row in rows] == [
        "2026-04-19T00:00:00.000",
        None,
        "2999-12-31T00:00:00.000",
    ]
    assert [row["note"] for row in rows] == ['one\r\nline, and "more"', "04/18/2026", None]
    assert {row["_row_created_at"] for row in rows} == {"2026-04-19T00:00:00.000Z"}


@on_duckdb
def test_sodas_file_tells_null_from_the_empty_string_and_without_dates_has_its_own_time(
    warehouse: Target, tmp_path: Path
) -> None:
    path = made(tmp_path, 'signal_id,note,:@computed_region_a\n"1","","x"\n"2",,"y"\n')
    made_at = datetime(2026, 8, 4, 12, tzinfo=UTC)
    os.utime(path, (made_at.timestamp(), made_at.timestamp()))
    load_from(path, "traffic_signals", warehouse)
    rows = raw(warehouse, "traffic_signals")
    assert rows["note"].to_pylist() == ["", None]
    assert [name for name in rows.column_names if name[0] != "_"] == ["signal_id", "note"]
    assert set(rows["_row_updated_at"].to_pylist()) == {"2026-08-04T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"signal_id,a\n", "a header and no rows"),
        (b"<!DOCTYPE html>\n<p>busy", "HTML"),
        (b'{"type": "FeatureCollection"}', "JSON"),
        (b"PK\x03\x04\x00", "Excel workbook"),
        ("signal_id,a\n1,é\n".encode("latin-1"), "UTF-8"),
        (b"signal_id,a\xe9\n1,2\n", "UTF-8"),
        (b'signal_id,a\n1,"x\ny"\n2,b\n3\n', "line 5: 1 values under 2 headers"),
        (b"signal_id,a\n1,2,3\n", "line 2: 3 values under 2 headers"),
        # Further on than the reading of the header looks.
        pytest.param(
            b"signal_id,a\n" + b"1,2\n" * 5_000 + b"1,2,\xe9\n", "UTF-8", id="ragged latin-1"
        ),
        (b'signal_id,a\n1,"cut sh', "cut short"),
        (b"signal_id,a\n1,cut sh", "without a line break, so it is cut short"),
        (b'signal_id,a\n1,"whole"', "without a line break, so it is cut short"),
        (b"person_id,a\n1,2\n", "no column 'signal_id'.*another dataset's.*a, person_id"),
        (b"Signal ID,A b,a_B\n1,2,3\n", "'a_b' twice"),
        (b"signal_id,_row_id\n1,2\n", "'_row_id'"),
        (
            b'signal_id,:id,:created_at,:updated_at\n1,r,"2026-01-01","2026-01-01"\n',
            ":updated_at is 2026-01-01",
        ),
    ],
)
def test_what_is_no_file_of_the_dataset_is_refused_in_one_line(
    content: bytes, message: str, tmp_path: Path
) -> None:
    dataset = CATALOG["traffic_signals"]
    with pytest.raises(WarehouseError, match=message) as refused:
        survey(csv_file(made(tmp_path, content), dataset))
    assert "\n" not in str(refused.value)


@on_duckdb
def test_a_file_is_held_against_the_columns_that_raw_has(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path
) -> None:
    load("crashes", warehouse)
    before = raw(warehouse, "crashes")
    soda = soda_file(own_portal, "crashes", tmp_path)
    lines = soda.read_text().splitlines()
    fewer = soda_file(own_portal, "crashes", tmp_path, "crash_record_id,crash_date,alignment")
    with pytest.raises(WarehouseError, match=r"lacks the columns .*lane_cnt.*longitude"):
        load_from(fewer, "crashes", warehouse)
    other = made(tmp_path, "\n".join([*lines, ""]).replace("T13:25:00.000", " 13:25"))
    with pytest.raises(WarehouseError, match=r" 13:25' in the column of dates 'crash_date'"):
        load_from(other, "crashes", warehouse)
    assert raw(warehouse, "crashes").equals(before)
    more = made(tmp_path, "\n".join([f'{lines[0]},"fatigue_i"', f'{lines[1]},"Y"']) + "\n")
    with pytest.raises(WarehouseError, match=r"has not: fatigue_i; .*'warehouse sync crashes'"):
        load_from(more, "crashes", warehouse)
    assert raw(warehouse, "crashes").equals(before)
    own_portal.control("column", dataset=IDS["crashes"], action="add", column="fatigue_i")
    load("crashes", warehouse)
    assert load_from(more, "crashes", warehouse).schema_changes is None


@on_duckdb
def test_a_new_column_is_reported_where_all_rows_came_from_files(
    warehouse: Target, tmp_path: Path
) -> None:
    load_from(made(tmp_path, "signal_id\n1\n2\n"), "traffic_signals", warehouse)
    more = made(tmp_path, "signal_id,fatigue_i\n1,Y\n2,\n")
    done = load_from(more, "traffic_signals", warehouse, as_of=datetime.now(UTC))
    assert (done.schema_changes, done.rows_updated) == ("new: fatigue_i (text)", 1)
    assert load_from(more, "traffic_signals", warehouse).schema_changes is None


@on_duckdb
def test_a_copied_file_without_dates_hides_no_amendment_of_the_portal(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path
) -> None:
    path = soda_file(own_portal, "cta_stops", tmp_path)
    own_portal.amend(IDS["cta_stops"], rows=1)
    rows = load("cta_stops", warehouse).rows_fetched
    before = raw(warehouse, "cta_stops")
    os.utime(path)
    with pytest.raises(WarehouseError, match=r"no dates that tell .*copying .*--as-of"):
        load_from(path, "cta_stops", warehouse)
    assert raw(warehouse, "cta_stops").equals(before)
    older = datetime(2010, 1, 1, tzinfo=UTC)
    assert in_short(load_from(path, "cta_stops", warehouse, as_of=older)) == (0, 1, rows - 1)
    after = raw(warehouse, "cta_stops").to_pylist()
    assert set(before["_row_id"].to_pylist()) < {row["_row_id"] for row in after}
    newest = {row["stop_id"]: row for row in sorted(after, key=lambda row: row["_row_updated_at"])}
    assert sorted(row["_row_id"] for row in newest.values()) == before["_row_id"].to_pylist()


@on_duckdb
@pytest.mark.usefixtures("prefect_server")
def test_the_command_loads_a_file_records_it_and_says_that_it_mixes_with_sample_data(
    own_portal: SamplePortal, warehouse: Target, tmp_path: Path
) -> None:
    path = downloaded(soda_file(own_portal, "fatalities", tmp_path), "fatalities")
    start_run(warehouse, "a test", {}, portal="sample", is_sample=True)
    call = ("load-file", "fatalities", str(path), "--as-of", "2026-08-04T12:00", "--no-build")
    answer = warehouse_command(*call)
    assert answer.returncode == 0, answer.stderr
    assert "generated data of a sample portal" in answer.stdout
    assert "as of 2026-08-04T12:00:00.000Z" in answer.stdout
    with connect(warehouse, read_only=True) as connection:
        [run] = connection.fetch(
            "select status, parameters from ops.sync_runs order by started_at desc limit 1"
        ).to_pylist()
        [done] = connection.fetch(
            "select status, rows_fetched = rows_inserted as is_all_new, requests"
            " from ops.dataset_loads"
        ).to_pylist()
    assert run["status"] == "succeeded"
    assert str(path) in run["parameters"]
    assert done == {"status": "loaded", "is_all_new": True, "requests": 0}


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (["crashs", "made.csv"], 2, "'crashs'"),
        (["crashes", "none.csv"], 2, "cannot read the file none.csv: No such file"),
        (["crashes", "."], 2, "cannot read the file .: Is a directory"),
        (["crashes", "made.csv"], 1, "made.csv has no column 'crash_record_id'"),
        (["fatalities", "made.csv", "--as-of", "noon"], 2, "--as-of 'noon'"),
    ],
)
def test_a_call_that_cannot_succeed_gets_one_line_and_leaves_no_warehouse(
    call: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "person_id,crash_date\nO1,2026-04-18T17:30:00.000\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAREHOUSE_DUCKDB_PATH", str(tmp_path / "new" / "warehouse.duckdb"))
    answer = command_here("load-file", *call)
    assert (answer.returncode, answer.stderr.count("\n")) == (code, 1), answer.stderr
    assert message in answer.stderr
    assert not (tmp_path / "new").exists()
