"""Old data and odd counts are told, once a day or once at all, and that it is over too."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from flows.watch import watch
from tests.conftest import Filled, new_warehouse
from tests.contents import rows
from tests.smtp_server import MailServer, mail_server, text_of
from warehouse.connection import connect
from warehouse.settings import Target

pytestmark = pytest.mark.usefixtures("prefect_server")

WATCHED = ("crashes", "people", "vehicles", "fatalities")
OLD = "crashes: the data is old"
AGAIN = "crashes: fresh again"


@pytest.fixture
def fresh(
    target: Target, built_once: Filled, warehouse_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Target]:
    """A warehouse with every mart, whose data is of now; to be written to."""
    with new_warehouse(target, warehouse_folder, request, like=built_once(target)):
        with connect(target) as connection:
            for dataset in WATCHED:
                connection.execute(loaded(dataset, hours_ago=1))
                connection.execute(published(dataset, hours_ago=1))
        yield target


def run(target: Target, statement: str) -> None:
    with connect(target) as connection:
        connection.execute(statement)


def stamp(hours_ago: float) -> str:
    instant = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=hours_ago)
    return instant.isoformat(sep=" ", timespec="milliseconds")


def loaded(dataset: str, hours_ago: float) -> str:
    return (
        f"update ops.dataset_loads set finished_at = '{stamp(hours_ago)}'"
        f" where dataset = '{dataset}'"
    )


def published(dataset: str, hours_ago: float) -> str:
    at = stamp(hours_ago).replace(" ", "T")
    return f"update raw.{dataset} set _row_updated_at = '{at}Z'"


def a_day_passes(target: Target) -> None:
    run(target, "update ops.notifications set sent_at = sent_at - interval '25 hours'")


def subjects(server: MailServer) -> list[str]:
    """What was sent since they were last asked for."""
    found = server.subjects
    server.messages.clear()
    return found


@pytest.mark.parametrize("target", ["duckdb"], indirect=True)
def test_data_older_than_48_hours_is_told_once_a_day_until_it_is_fresh_again(
    fresh: Target,
) -> None:
    with mail_server() as server:
        run(fresh, loaded("crashes", hours_ago=47.9))
        run(fresh, published("crashes", hours_ago=47.9))
        assert watch(target=fresh) == []
        assert subjects(server) == []

        run(fresh, loaded("crashes", hours_ago=48.1))
        assert watch(target=fresh) == [OLD]
        [(_, message)] = server.messages
        assert "Its last load that succeeded was on" in text_of(message)
        assert "more than 48 hours ago" in text_of(message)
        assert "warehouse sync" in text_of(message)
        assert subjects(server) == [OLD]
        assert watch(target=fresh) == [OLD]
        assert subjects(server) == []

        # That it was not sent is not that it was told.
        a_day_passes(fresh)
        with pytest.MonkeyPatch.context() as settings:
            settings.delenv("WAREHOUSE_SMTP_HOST")
            for _ in range(2):
                assert watch(target=fresh) == [OLD]
        server.replies = ["554 5.7.1 no"]
        assert watch(target=fresh) == [OLD]
        assert subjects(server) == []
        assert watch(target=fresh) == [OLD]
        assert subjects(server) == [OLD]

        run(fresh, loaded("crashes", hours_ago=0))
        assert watch(target=fresh) == []
        assert subjects(server) == [AGAIN]
        assert watch(target=fresh) == []
        assert subjects(server) == []

        # The City publishes nothing, though each load succeeds; on the same day as before.
        run(fresh, published("crashes", hours_ago=48.1))
        watch(target=fresh)
        [(_, message)] = server.messages
        assert "The newest row that the City published is of" in text_of(message)
        assert "Its last load" not in text_of(message)
    assert [
        (row["status"], row["kind"])
        for row in rows(fresh, "select status, kind from ops.notifications order by sent_at")
    ] == [
        ("sent", "old data"),
        ("not set up", "old data"),
        ("failed", "old data"),
        ("sent", "old data"),
        ("sent", "fresh again"),
        ("sent", "old data"),
    ]


def test_a_days_count_outside_its_band_is_told_once_and_a_provisional_days_is_not(
    fresh: Target,
) -> None:
    [row] = rows(
        fresh,
        "select (select max(last_day) from marts.dashboard_metrics)"
        " - (select max(settling_days) from marts.reporting_lag) as since",
    )
    provisional_since: date = row["since"]
    settled, provisional = (
        provisional_since - timedelta(days=1),
        provisional_since + timedelta(days=1),
    )
    before = [
        row["n"]
        for row in rows(
            fresh,
            "select total_crashes as n from marts.crashes_daily where crash_date in ("
            + ", ".join(f"date '{settled - timedelta(days=7 * i)}'" for i in range(1, 53))
            + ")",
        )
    ]
    assert len(before) == 52
    middle = median(before)
    deviation = 1.4826 * median(abs(n - middle) for n in before)
    band_to = middle + 3.5 * max(deviation, math.sqrt(middle))
    within = math.floor(band_to)

    def count(day: date, crashes: int) -> None:
        run(
            fresh,
            f"update marts.crashes_daily set total_crashes = {crashes} where crash_date = '{day}'",
        )

    with mail_server() as server:
        count(provisional, 500)
        count(settled, within)
        assert watch(target=fresh) == []
        count(settled, within + 1)
        [said] = watch(target=fresh)
        assert said == f"{within + 1} crashes on {settled:%A, %B} {settled.day}, {settled.year}" + (
            ": unusual"
        )
        [(_, message)] = server.messages
        assert f"to {band_to:,.1f}: 3.5 times" in text_of(message)
        assert subjects(server) == [said]
        a_day_passes(fresh)
        assert watch(target=fresh) == [said]
        assert subjects(server) == []
        # Of fewer weekdays than of half a year no band is made.
        run(
            fresh,
            "delete from marts.crashes_daily where crash_date"
            f" < '{settled - timedelta(days=7 * 25)}'",
        )
        assert watch(target=fresh) == []


def test_a_dataset_that_shrank_at_the_portal_is_told_once(fresh: Target) -> None:
    def check(vanished: int, days_ago: int) -> None:
        run(
            fresh,
            "insert into ops.reconciliation_checks values ('a run', 'people',"
            f" '2024-05-01', 900, 900, 0, {vanished}, 0, '{stamp(24 * days_ago)}')",
        )

    [row] = rows(
        fresh,
        "select sum(warehouse_rows) as n from ops.reconciliation_checks where dataset = 'people'",
    )
    records = int(row["n"])
    with mail_server() as server:
        check(records // 1000, days_ago=0)
        check(records // 10, days_ago=8)
        assert watch(target=fresh) == []
        check(records // 1000 + 1, days_ago=1)
        assert watch(target=fresh) == [f"people: {records // 1000 + 1} records fewer at the portal"]
        assert len(subjects(server)) == 1
        a_day_passes(fresh)
        watch(target=fresh)
        assert subjects(server) == []


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
def test_a_warehouse_that_nothing_was_loaded_into_is_not_old(warehouse: Target) -> None:
    with mail_server() as server:
        assert watch(target=warehouse) == []
    assert server.messages == []
