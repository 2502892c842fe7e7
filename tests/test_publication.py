"""How late reports come, what is provisional for it, and the figures of a dashboard."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.contents import rows
from warehouse.settings import Target

CHICAGO = ZoneInfo("America/Chicago")
SHARES = {"lag_days_p50": 0.5, "lag_days_p90": 0.9, "lag_days_p95": 0.95, "lag_days_p99": 0.99}
METRICS: dict[str, Callable[[dict[str, Any]], int]] = {
    "total_crashes": lambda crash: 1,
    "total_injuries": lambda crash: crash["injuries_total"] or 0,
    "total_fatalities": lambda crash: crash["injuries_fatal"] or 0,
    "total_ksi": lambda crash: (
        (crash["injuries_fatal"] or 0) + (crash["injuries_incapacitating"] or 0)
    ),
    "pedestrian_crashes": lambda crash: int(crash["pedestrians"] > 0),
    "cyclist_crashes": lambda crash: int(crash["cyclists"] > 0),
    "economic_cost_usd": lambda crash: crash["economic_cost_usd"],
    "comprehensive_cost_usd": lambda crash: crash["comprehensive_cost_usd"],
}


@pytest.fixture
def crashes(built: Target) -> list[dict[str, Any]]:
    return rows(
        built,
        "select crashed_at, crash_date, first_seen_at, is_provisional, injuries_total,"
        " injuries_fatal, injuries_incapacitating, pedestrians, cyclists, economic_cost_usd,"
        " comprehensive_cost_usd from marts.crashes"
        " where crash_date is not null and not has_implausible_date",
    )


def in_chicago(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC).astimezone(CHICAGO).replace(tzinfo=None)


def published_until(target: Target) -> date:
    [newest] = rows(target, "select max(_row_updated_at) as at from staging.stg_crashes")
    return in_chicago(newest["at"]).date()


def quantile(values: list[float], share: float) -> float:
    """The value at a share of the way through, between the two that are next to it."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below, above = ordered[math.floor(position)], ordered[math.ceil(position)]
    return below + (above - below) * (position - math.floor(position))


def lags_by_month(crashes: list[dict[str, Any]]) -> dict[date, list[float]]:
    """Days from each crash to its publication, for those after the portal's stamps begin."""
    seen = [in_chicago(crash["first_seen_at"]) for crash in crashes]
    lags: dict[date, list[float]] = defaultdict(list)
    for crash, published in zip(crashes, seen, strict=True):
        month = lags[crash["crash_date"].replace(day=1)]
        if min(seen) <= crash["crashed_at"] <= published:
            month.append((published - crash["crashed_at"]) / timedelta(days=1))
    return lags


def test_the_lag_of_each_month_is_that_of_its_crashes(
    built: Target, crashes: list[dict[str, Any]]
) -> None:
    expected = lags_by_month(crashes)
    months = {row["month_start"]: row for row in rows(built, "select * from marts.reporting_lag")}
    assert set(months) == set(expected)
    counted = Counter(crash["crash_date"].replace(day=1) for crash in crashes)
    for month, lags in expected.items():
        row = months[month]
        assert row["total_crashes"] == counted[month]
        assert row["observed_crashes"] == len(lags)
        for column, share in SHARES.items():
            of_lags = pytest.approx(quantile(lags, share), abs=1e-4) if lags else None
            assert row[column] == of_lags, (month, column)
        assert row["lag_days_max"] == (pytest.approx(max(lags), abs=1e-6) if lags else None)
    assert sum(map(len, expected.values())) > 100


def test_what_the_lag_says_is_still_filling_is_provisional(
    built: Target, crashes: list[dict[str, Any]]
) -> None:
    lags = [lag for month in lags_by_month(crashes).values() for lag in month]
    settling = math.ceil(quantile(lags, 0.99))
    since = published_until(built) - timedelta(days=settling)
    assert {row["settling_days"] for row in rows(built, "select * from marts.reporting_lag")} == {
        settling
    }
    for crash in crashes:
        assert crash["is_provisional"] == (crash["crash_date"] >= since), crash
    assert 0 < sum(crash["is_provisional"] for crash in crashes) < len(crashes)
    for mart in ("reporting_lag", "place_months"):
        months = rows(built, f"select distinct month_start, is_provisional from marts.{mart}")
        for month in months:
            last_day = (month["month_start"] + timedelta(days=31)).replace(day=1) - timedelta(1)
            assert month["is_provisional"] == (last_day >= since), (mart, month)
        assert {month["is_provisional"] for month in months} == {True, False}


def a_year_before(day: date) -> date:
    in_february = day.month == 2 and day.day == 29
    return day.replace(year=day.year - 1, day=28 if in_february else day.day)


def test_the_figures_of_a_dashboard_stand_beside_those_of_the_same_days_a_year_before(
    built: Target, crashes: list[dict[str, Any]]
) -> None:
    today = published_until(built)

    def first_days(last: date) -> dict[str, date]:
        return {
            "today": last,
            "last_7_days": last - timedelta(days=6),
            "last_30_days": last - timedelta(days=29),
            "last_365_days": last - timedelta(days=364),
            "year_to_date": date(last.year, 1, 1),
        }

    spans, spans_before = first_days(today), first_days(a_year_before(today))
    found = {
        (row["span"], row["metric"]): row
        for row in rows(built, "select * from marts.dashboard_metrics")
    }
    assert set(found) == {(span, metric) for span in spans for metric in METRICS}
    for (span, metric), row in found.items():
        first, last = spans[span], today
        figure, before = (
            sum(METRICS[metric](crash) for crash in crashes if start <= crash["crash_date"] <= end)
            for start, end in ((first, last), (spans_before[span], a_year_before(last)))
        )
        assert (row["first_day"], row["last_day"]) == (first, last)
        assert (row["figure"], row["figure_year_before"]) == (figure, before), (span, metric)
        assert row["difference"] == figure - before
        assert row["change_share"] == (
            pytest.approx((figure - before) / before) if before else None
        )
        assert row["is_provisional"] is True
    assert found["last_365_days", "total_crashes"]["figure"] > 100
