"""The marts of time and cause, held against sums over all crashes in Python."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.contents import rows
from warehouse.settings import DBT_PROJECT, Target

Crash = dict[str, Any]
Totals = dict[Any, tuple[int, ...]]

TOTALS = "total_crashes, total_injuries, total_fatalities, total_ksi"
NO_CRASH = (0, 0, 0, 0)
# The City's columns, and what a report without a word of them says.
DIMENSIONS = (
    "crash_type",
    "weather_condition",
    "lighting_condition",
    "first_crash_type",
    "prim_contributory_cause",
)


@pytest.fixture
def crashes(built: Target) -> list[Crash]:
    columns = (
        "crash_date, crashed_at, has_implausible_date, injuries_total, injuries_fatal,"
        f" injuries_incapacitating, pedestrians, cyclists, hit_and_run_i, {', '.join(DIMENSIONS)}"
    )
    return rows(built, f"select {columns} from marts.crashes")


def totals(crashes: Iterable[Crash], keys: Callable[[Crash], Iterable[Any]]) -> Totals:
    """What crashes add up to, by each of a crash's keys."""
    counted: dict[Any, Counter[str]] = {}
    for crash in crashes:
        for key in keys(crash):
            total = counted.setdefault(key, Counter())
            killed, badly = crash["injuries_fatal"] or 0, crash["injuries_incapacitating"] or 0
            total.update(
                crashes=1, injured=crash["injuries_total"] or 0, killed=killed, ksi=killed + badly
            )
    return {
        key: (total["crashes"], total["injured"], total["killed"], total["ksi"])
        for key, total in counted.items()
    }


def dated(crashes: Iterable[Crash]) -> list[Crash]:
    """Those that are in the marts of days and weeks."""
    return [crash for crash in crashes if crash["crash_date"] and not crash["has_implausible_date"]]


def found(target: Target, key: str, mart: str) -> Totals:
    """What a mart says of each of its keys."""
    return {
        row["key"]: in_order(row)
        for row in rows(target, f"select {key} as key, {TOTALS} from marts.{mart}")
    }


def in_order(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(row[name]) for name in TOTALS.split(", "))


def test_hours_are_counted_and_those_without_a_crash_are_zeros(
    built: Target, crashes: list[Crash]
) -> None:
    expected = totals((crash for crash in crashes if crash["crashed_at"]), _hour)
    hours = found(built, "crash_hour", "crashes_by_hour")
    assert hours == {hour: expected.get(hour, NO_CRASH) for hour in range(24)}


def _hour(crash: Crash) -> list[int]:
    return [crash["crashed_at"].hour]


def test_causes_are_counted_and_each_has_its_category(built: Target, crashes: list[Crash]) -> None:
    expected = totals(crashes, lambda crash: [crash["prim_contributory_cause"] or "NOT STATED"])
    assert found(built, "cause", "crashes_by_cause") == expected
    seed = DBT_PROJECT / "seeds" / "cause_categories.csv"
    with seed.open(encoding="utf-8", newline="") as lines:
        categories = {row["cause"]: row["category"] for row in csv.DictReader(lines)}
    causes = rows(built, "select cause, category, share_of_crashes from marts.crashes_by_cause")
    for row in causes:
        stated = "not determined" if row["cause"] == "NOT STATED" else "other"
        assert row["category"] == categories.get(row["cause"], stated), row
        assert row["share_of_crashes"] == pytest.approx(
            expected[row["cause"]][0] / len(crashes), abs=1e-12
        )


def test_every_cause_of_the_city_s_list_has_a_category() -> None:
    seeds = DBT_PROJECT / "seeds"
    with (seeds / "categories.csv").open(encoding="utf-8", newline="") as lines:
        listed = {
            row["value"]
            for row in csv.DictReader(lines)
            if row["dataset"] == "crashes" and row["column"].endswith("_contributory_cause")
        }
    with (seeds / "cause_categories.csv").open(encoding="utf-8", newline="") as lines:
        assert listed <= {row["cause"] for row in csv.DictReader(lines)}


def test_weeks_begin_on_monday_and_lack_none(built: Target, crashes: list[Crash]) -> None:
    def week(crash: Crash) -> list[date]:
        return [crash["crash_date"] - timedelta(days=crash["crash_date"].weekday())]

    expected = totals(dated(crashes), week)
    weeks = found(built, "week_start", "crashes_weekly")
    assert {start: total for start, total in weeks.items() if total != NO_CRASH} == expected
    days = rows(
        built,
        "select min(crash_date) as first, max(crash_date) as last from marts.crashes_daily",
    )[0]
    counted = rows(
        built,
        "select week_start, days_counted from marts.crashes_weekly order by 1",
    )
    starts = [row["week_start"] for row in counted]
    past = [start for start in starts if start + timedelta(days=6) < days["last"]]
    assert past == [past[0] + timedelta(weeks=number) for number in range(len(past))]
    assert {row["days_counted"] for row in counted if row["week_start"] in past[1:-1]} == {7}


def test_days_are_counted_by_each_dimension_with_zeros(built: Target, crashes: list[Crash]) -> None:
    def keys(crash: Crash) -> list[tuple[date, str, str]]:
        day = crash["crash_date"]
        flag = {True: "Y", False: "N", None: "NOT STATED"}[crash["hit_and_run_i"]]
        users = [
            name
            for name, people in (("PEDESTRIAN", "pedestrians"), ("CYCLIST", "cyclists"))
            if crash[people]
        ]
        return [
            *((day, name, crash[name] or "NOT STATED") for name in DIMENSIONS),
            (day, "hit_and_run", flag),
            *((day, "road_user", user) for user in users or ["MOTORISTS ONLY"]),
        ]

    expected = totals(dated(crashes), keys)
    counted = rows(
        built, f"select crash_date, dimension, value, {TOTALS} from marts.crashes_daily_by"
    )
    with_crashes = {
        (row["crash_date"], row["dimension"], row["value"]): in_order(row)
        for row in counted
        if row["total_crashes"]
    }
    assert with_crashes == expected
    [days] = rows(built, "select count(*) as n from marts.crashes_daily")
    assert len(counted) == days["n"] * len({key[1:] for key in expected})
