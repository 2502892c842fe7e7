"""The benchmark at a small scale: what it counts and what PostgreSQL plans, never how long."""

import json
import re
import shutil
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from bench.analysts import QUERIES
from bench.analysts import measured as measured_queries
from bench.builds import CHANGES, CHANGES_OF_EACH, WHOLE, measured_on, warehouse_of
from bench.indexes import measured as measured_indexes
from bench.loads import Row
from bench.loads import measured as measured_loads
from bench.measuring import run
from bench.page import PAGE, Conditions, Part, render, write
from bench.portals import recorded
from bench.ranges import measured as measured_ranges
from ingestion.sample_portal import SamplePortal
from tests.loads import IDS
from tests.shared_warehouses import on_server, pointing_to
from warehouse.connection import connect
from warehouse.settings import Target

FEW_CRASHES, FEW_PEOPLE = 1_000, 500


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
def test_loads_are_of_all_rows_and_the_portal_works_for_each_answer_once(
    warehouse: Target, tmp_path: Path
) -> None:
    with recorded(FEW_CRASHES, tmp_path) as portal:
        rows = list(measured_loads(portal, 1, tmp_path, FEW_PEOPLE))
        heads = [json.loads(head.read_text()) for head in portal.folder.glob("*.json")]
        asked = [request["dataset"] for request in portal.portal.requests()]
    kept = [head["X-Request"] for head in heads if IDS["people"] in head["X-Request"]]
    assert asked.count(IDS["people"]) == len(kept) > 0
    of_people = r"peak memory of a load of (\d) (\d{3}) people, (duckdb|postgis)"
    found = [re.fullmatch(of_people, row.measured) for row in rows[4:6]]
    counts = {int(match[1] + match[2]) for match in found if match}
    assert [match and match[3] for match in found] == ["duckdb", "postgis"]
    assert len(counts) == 1
    assert counts.pop() > FEW_CRASHES
    assert [row.measured for row in rows[:4]] == [
        "portal → `raw` on PostGIS, 1 000 crashes",
        "the same",
        "the same",
        "portal → `raw` on DuckDB, 1 000 crashes",
    ]
    assert all(row.ratio and row.ratio > 0 for row in rows)
    # So that one is missed, however quick the machine is.
    rows[0] = replace(rows[0], bounds=dict.fromkeys(rows[0].bounds, False))
    page = tmp_path / "page.md"
    for crashes in (1, FEW_CRASHES):
        write(page, Part.LOADS, Conditions.of_now(crashes, 1), rows)
        write(page, Part.DUCKDB, Conditions.of_now(crashes, 1), rows[:1])
    # A part that is measured again takes the place of what it was, and leaves the others.
    write(page, Part.DUCKDB, Conditions.of_now(2, 3), rows[-1:])
    of_loads, of_builds = page.read_text().split("## Builds and syncs on DuckDB")
    assert all(f"| {row.measured} | {row.figure} |" in of_loads for row in rows)
    missed = [row for row in rows if not row.is_reached]
    assert rows[0] in missed
    assert [row for row in rows if row.shown_miss] == missed
    assert of_loads.count("| **missed**") == len(missed)
    assert "1 000 crashes, medians of 1," in of_loads
    assert "2 crashes, medians of 3," in of_builds
    assert f"| {rows[-1].measured} |" in of_builds
    assert f"| {rows[0].measured} |" not in of_builds


def test_a_row_with_two_bounds_says_which_is_missed() -> None:
    of_both = Row("a", "1 s", "b: 2 s", 0.5, {"under 0.5 s": False, "at most 1": True}, "slow")
    assert of_both.to_reach == "under 0.5 s, and at most 1"
    assert of_both.shown_miss == "**missed** (under 0.5 s): slow"
    of_neither = replace(of_both, bounds=dict.fromkeys(of_both.bounds, False))
    assert of_neither.shown_miss == "**missed**: slow"
    assert not replace(of_both, bounds=dict.fromkeys(of_both.bounds, True)).shown_miss


def test_the_page_is_that_of_the_figures_beside_it(tmp_path: Path) -> None:
    shutil.copy(PAGE.with_suffix(".json"), tmp_path / "page.json")
    render(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == PAGE.read_text()


def test_the_peak_of_memory_is_a_process_own() -> None:
    of_its_parent = bytearray(500_000_000)
    of_its_own = "from bench.measuring import peak_mb; rows = bytearray(100_000_000)"
    done = run([sys.executable, "-c", f"{of_its_own}; print(peak_mb())"], {})
    assert 100 < float(done.said) < len(of_its_parent) / 2 / 1e6


@pytest.mark.usefixtures("models_alone")
def test_a_build_is_held_against_as_many_rows_and_a_sync_reads_what_changed(
    prefect_server: str, own_portal: SamplePortal, tmp_path: Path
) -> None:
    # One warehouse is both sizes: a second would tell nothing more of counts.
    whole = warehouse_of(own_portal, "postgis", tmp_path, WHOLE)
    with pointing_to("postgis", WHOLE):
        try:
            # The build by hand ends with an error where it makes other rows than dbt.
            rows = list(measured_on(whole, whole, 1))
            assert "; requests a dataset: 1" in rows[2].figure
            assert updated_by_each_sync() == [0, 0, 0, CHANGES, CHANGES, CHANGES_OF_EACH]
            asked = list(measured_queries({}, calls=3))
            assert [row.measured for row in asked] == [
                "the 20 example queries, 1 analyst, PostGIS",
                "the 20 example queries, 10 analysts at once, PostGIS",
            ]
            assert plans_that_read_all_crashes() == set()
            [indexes] = measured_indexes(WHOLE)
            unused, of_all = map(int, indexes.figure.split(" of "))
            assert indexes.detail.count("`") == 2 * unused < 2 * of_all
            before = indexes_there()
            assert [row.against.count("ms") for row in measured_ranges(WHOLE, 1)] == [2, 0, 1]
            # What it tried left the warehouse's own indexes as they were.
            assert indexes_there() == before
        finally:
            on_server(f"drop database {WHOLE} with (force)")


def updated_by_each_sync() -> list[int]:
    with connect("postgis", read_only=True) as connection:
        found = connection.fetch(
            "select rows_updated from ops.dataset_loads join ops.sync_runs using (run_id)"
            " where dataset = 'crashes' order by started_at"
        )
    updated: list[int] = found["rows_updated"].to_pylist()
    return updated


def indexes_there() -> list[str]:
    with connect("postgis", read_only=True) as connection:
        found = connection.fetch("select indexdef from pg_indexes order by indexdef")
    definitions: list[str] = found["indexdef"].to_pylist()
    return definitions


def plans_that_read_all_crashes() -> set[str]:
    """The queries of a place or a month whose plan, where it may choose, reads all crashes."""
    of_a_part = {
        query.stem: sql
        for query in QUERIES.glob("*.sql")
        if re.search("crashes_near_point|before_after", sql := query.read_text())
    }
    assert len(of_a_part) == 2
    of_a_part["a month"] = "select count(*) from marts.crashes where crash_date = date '2024-05-01'"
    reading = set()
    with closing(psycopg2.connect("")) as session, session.cursor() as cursor:
        cursor.execute("set enable_seqscan = off")
        for name, sql in of_a_part.items():
            cursor.execute(f"explain {sql}")
            if any("Seq Scan on crashes " in line for (line,) in cursor.fetchall()):
                reading.add(name)
    return reading
