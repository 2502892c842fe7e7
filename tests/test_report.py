"""The daily report has the marts' figures, reads alike on both engines, and is sent."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests

from flows.report import report
from tests.commands import command_here
from tests.conftest import Filled, new_warehouse
from tests.contents import rows
from tests.shared_warehouses import pointing_to
from tests.smtp_server import mail_server, text_of
from warehouse.connection import connect
from warehouse.settings import TARGETS, Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)

COUNTED = """
    select
        count(*) as crashes,
        coalesce(sum(injuries_total), 0) as injured,
        coalesce(sum(injuries_fatal), 0) as killed,
        sum(case when is_ksi then 1 else 0 end) as with_ksi
    from marts.crashes
    where not has_implausible_date and crash_date between '{first}' and '{last}'
"""
AMENDMENT = (
    "insert into marts.crash_amendments (dataset, record_key, crash_record_id, version_number,"
    " column_name, old_value, new_value, amended_at)"
    " values ('crashes', $1, $1, $2, $3, $4, $5, cast(cast($6 as text) as timestamp))"
)


@pytest.fixture
def own(
    target: Target, built_once: Filled, warehouse_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Target]:
    """A copy of the warehouse with every mart, to be written to."""
    with new_warehouse(target, warehouse_folder, request, like=built_once(target)):
        yield target


def published_until(target: Target) -> date:
    [row] = rows(target, "select max(last_day) as day from marts.dashboard_metrics")
    day: date = row["day"]
    return day


def figures(text: str, heading: str) -> dict[str, list[str]]:
    """The table below a heading: what stands in each row, by its first cell."""
    section = text.partition(heading)[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {first: others for first, *others in cells}


def words(day: date) -> str:
    return f"{day:%A, %B} {day.day}, {day.year}"


def test_the_figures_are_those_of_the_crashes_on_both_engines_and_in_equal_words(
    built_once: Filled,
) -> None:
    texts = []
    for target in TARGETS:
        with pointing_to(target, built_once(target)):
            done = command_here("report", "--target", target)
            assert done.returncode == 0, done.stderr
            texts.append(done.stdout)
            day = published_until(target) - timedelta(days=1)
            week = f"\n## The week: {words(day - timedelta(days=6))} to {words(day)} (provisional)"
            for heading, first in ((f"\n## {words(day)} (provisional)", day), (week, None)):
                shown = figures(done.stdout, heading)
                begin = first or day - timedelta(days=6)
                now, before = (
                    rows(target, COUNTED.format(first=begin - shift, last=day - shift))[0]
                    for shift in (timedelta(0), timedelta(days=364))
                )
                for name, column in (
                    ("Crashes", "crashes"),
                    ("People injured", "injured"),
                    ("People killed", "killed"),
                ):
                    counts = [f"{int(now[column]):,}", f"{int(before[column]):,}"]
                    assert shown[name][:2] == counts, heading
            assert day.weekday() == (day - timedelta(days=364)).weekday()
            assert f"Before: {words(day - timedelta(days=364))}, the same weekday." in done.stdout
    on_duckdb, on_postgis = texts
    # But for when each was loaded.
    instant = re.compile(r"\w+ \d+, \d{4}, \d\d:\d\d")
    assert instant.sub("then", on_duckdb) == instant.sub("then", on_postgis)
    data, _, state = on_duckdb.partition("## The state of the data")
    assert data == on_postgis.partition("## The state of the data")[0]
    assert "| crashes | 5,000 |" in state
    assert "did not fail" in state


@on_duckdb
def test_it_says_which_days_are_provisional_and_shows_the_newest_week_that_is_not(
    built: Target,
) -> None:
    [row] = rows(built, "select max(settling_days) as days from marts.reporting_lag")
    since = published_until(built) - timedelta(days=row["days"])
    text = command_here("report").stdout
    assert f"of days since {words(since)} reports are still coming in" in text
    settled = f"{words(since - timedelta(days=7))} to {words(since - timedelta(days=1))}"
    shown = figures(text, f"\n## The newest week that is settled: {settled}\n")
    [counted] = rows(
        built,
        "select count(*) as crashes from marts.crashes where not is_provisional and crash_date"
        f" >= '{since - timedelta(days=7)}'",
    )
    assert shown["Crashes"][0] == f"{counted['crashes']:,}"
    # A day that is settled needs no such week beside its own.
    before = command_here("report", "--date", str(since - timedelta(days=1))).stdout
    assert "(provisional)" not in before
    assert "settled" not in before


@on_duckdb
def test_days_that_the_year_before_has_not_are_said_to_lack(built: Target) -> None:
    [row] = rows(built, "select min(crash_date) as first_day from marts.crashes_daily")
    first: date = row["first_day"]
    text = command_here("report", "--date", str(first + timedelta(days=6))).stdout
    shown = figures(text, "\n## The week: ")
    assert shown["Crashes"][1:] == ["–", "–"]
    assert shown["Crashes"][0] != "–"
    assert "the same weekdays a year before, the warehouse has not every day." in text


@on_duckdb
@pytest.mark.parametrize("day", ["2030-01-01", "2010-01-01"])
def test_a_day_of_which_nothing_is_known_is_a_wrong_call(built: Target, day: str) -> None:
    answer = command_here("report", "--date", day)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "published" in answer.stderr or "no crashes from before" in answer.stderr


def test_without_a_warehouse_it_says_in_one_line_how_to_get_one(warehouse: Target) -> None:
    answer = command_here("report", "--target", warehouse)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.count("\n") == 1
    assert "run 'warehouse sync'" in answer.stderr


@on_duckdb
def test_to_send_it_without_mail_set_up_is_a_wrong_call(
    built: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAREHOUSE_SMTP_HOST", raising=False)
    answer = command_here("report", "--send")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "WAREHOUSE_SMTP_HOST" in answer.stderr


@pytest.mark.usefixtures("prefect_server")
def test_amendments_of_note_are_told_and_it_is_sent_left_in_prefect_and_recorded(
    own: Target, prefect_server: str, tmp_path: Path
) -> None:
    until = published_until(own)
    first, second = (
        row["crash_record_id"]
        for row in rows(
            own,
            "select crash_record_id from marts.crashes where crash_date is not null"
            " and street_name is not null order by crash_date desc, crash_record_id limit 2",
        )
    )
    with connect(own) as connection:
        for crash, version, column, old, new, at in (
            # To and fro, and in the end one death more.
            (first, 2, "injuries_fatal", "0", "2", f"{until} 01:00"),
            (first, 3, "injuries_fatal", "2", "1", f"{until} 02:00"),
            (first, 3, "most_severe_injury", "FATAL", "<b>|", f"{until} 02:00"),
            (second, 2, "injuries_total", "3", "1", f"{until - timedelta(days=6)} 00:00"),
            # Of no note, and out of the week.
            (second, 2, "beat_of_occurrence", "1", "2", f"{until} 03:00"),
            (second, 2, "injuries_fatal", "1", "0", f"{until - timedelta(days=7)} 23:59"),
        ):
            connection.execute(AMENDMENT, (crash, version, column, old, new, at))
    with mail_server() as server:
        report(target=own)
    [(address, message)] = server.messages
    text = text_of(message)
    assert address == "analyst@example.org"
    assert f"SAMPLE DATA: Chicago, {words(until - timedelta(days=1))}: " in message["Subject"]
    assert "amended 5 values of 2 crashes." in text
    shown = figures(text, "## Amendments of note")
    assert shown["deaths"] == ["1", "1", "0"]
    assert shown["injuries of any kind"] == ["1", "0", "2"]
    assert shown["severest injury"] == ["1", "–", "–"]
    told = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(told) == 3
    for crash, line in zip((first, first, second), told, strict=True):
        assert f"crash {crash[:12]}:" in line
    assert told[0].endswith("deaths from 0 to 1")
    assert told[2].endswith("injuries of any kind from 3 to 1")
    # What the City writes is text on the page, and no part of it.
    page = text_of(message, "html")
    assert "&lt;b&gt;|" in page
    assert tables_of(page) >= 6

    written = command_here("report", "--target", own, "--out", str(tmp_path / "reports"))
    files = {path.suffix: path for path in (tmp_path / "reports").iterdir()}
    assert written.stdout.splitlines() == [str(files[".md"]), str(files[".html"])]
    assert files[".md"].read_text() == text
    assert files[".html"].name == f"report-{until - timedelta(days=1)}.html"
    assert tables_of(files[".html"].read_text()) == tables_of(page)

    left = artifact(prefect_server, "daily-report")
    assert left["data"] == text
    [row] = rows(own, "select * from ops.notifications")
    assert (row["kind"], row["status"], row["recipient"]) == ("report", "sent", address)
    assert row["run_id"] == left["flow_run_id"]


@on_duckdb
def test_the_command_sends_it_and_fails_when_it_was_not_taken(
    own: Target, prefect_server: str
) -> None:
    with mail_server() as server:
        sent = command_here("report", "--send")
        assert sent.returncode == 0, sent.stderr
        [(_, message)] = server.messages
        assert sent.stdout.startswith(text_of(message).rstrip())
        server.replies = ["554 5.7.1 not from you"]
        refused = command_here("report", "--send")
    assert refused.returncode == 1
    assert "5.7.1 not from you" in refused.stderr
    assert "analyst@example.org" in refused.stderr


@on_duckdb
def test_a_server_that_refuses_it_fails_no_run(own: Target, prefect_server: str) -> None:
    with mail_server() as server:
        server.replies = ["554 5.7.1 not from you"]
        day = published_until(own) - timedelta(days=3)
        report(target=own, date=day)
    [row] = rows(own, "select about, status, error from ops.notifications")
    assert (row["about"], row["status"]) == (str(day), "failed")
    assert "5.7.1 not from you" in row["error"]


def artifact(api: str, key: str) -> dict[str, Any]:
    """The newest artifact of a key, as Prefect has it."""
    found = requests.post(
        f"{api}/artifacts/filter",
        json={"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1},
        timeout=30,
    ).json()
    newest: dict[str, Any] = found[0]
    return newest


def tables_of(page: str) -> int:
    """How many tables a page has; each of its elements is closed."""
    parser = _Elements()
    parser.feed(page)
    parser.close()
    assert not parser.open
    return parser.tables


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tables += tag == "table"
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
