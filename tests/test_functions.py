"""The functions that analysts ask of a place, held against sums over all crashes in Python."""

import re
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import pytest

from tests.contents import rows
from warehouse.postgis_server import open_postgis
from warehouse.settings import Target

FEET = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3435", always_xy=True)
LOOP = (-87.6278, 41.8819)
# The Loop, Austin, O'Hare, where there are few, and a place in the lake, where there are none.
PLACES = [LOOP, (-87.7650, 41.8950), (-87.9000, 41.9780), (-87.5200, 41.9000)]
SPAN = (date(2021, 3, 1), date(2024, 3, 1))

Crash = dict[str, Any]


@pytest.fixture(scope="module")
def read() -> dict[Target, list[Crash]]:
    """What was read of each engine, once for all tests."""
    return {}


@pytest.fixture
def crashes(built: Target, read: dict[Target, list[Crash]]) -> list[Crash]:
    columns = (
        "crash_record_id, crash_date, longitude, latitude, is_ksi, people_count, vehicle_count,"
        " injuries_total, injuries_fatal, injuries_incapacitating, injuries_non_incapacitating,"
        " injuries_reported_not_evident, pedestrians, cyclists, children_injured, hit_and_run_i,"
        " prim_contributory_cause, economic_cost_usd, comprehensive_cost_usd, ward,"
        " community_area, police_beat"
    )
    if built not in read:
        read[built] = rows(built, f"select {columns} from marts.crashes")
    return read[built]


def in_feet(places: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
    return np.column_stack(FEET.transform([lon for lon, _ in places], [lat for _, lat in places]))


def near(crashes: list[Crash], place: tuple[float, float], feet: float) -> list[Crash]:
    placed = [crash for crash in crashes if crash["latitude"] is not None]
    points = in_feet([(crash["longitude"], crash["latitude"]) for crash in placed])
    apart = np.hypot(*(points - in_feet([place])).T)
    return [crash for crash, distance in zip(placed, apart, strict=True) if distance <= feet]


def between(crashes: list[Crash], first: date | None, after: date | None) -> list[Crash]:
    return [
        crash
        for crash in crashes
        if crash["crash_date"]
        and (first is None or crash["crash_date"] >= first)
        and (after is None or crash["crash_date"] < after)
    ]


def years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years)


def in_sql(day: date | None) -> str:
    return f"date '{day}'" if day else "null"


@pytest.mark.parametrize("feet", [1, 1_000, 26_400])
@pytest.mark.parametrize("span", [SPAN, (None, None)], ids=["three years", "all days"])
def test_crashes_near_a_point_are_those_that_all_distances_give(
    built: Target, crashes: list[Crash], feet: float, span: tuple[date | None, date | None]
) -> None:
    found_any = False
    for place in PLACES:
        found = rows(
            built,
            "select crash_record_id, distance_ft from marts.crashes_near_point"
            f"({place[0]}, {place[1]}, {feet}, {in_sql(span[0])}, {in_sql(span[1])})",
        )
        expected = near(crashes, place, feet)
        if span != (None, None):
            expected = between(expected, *span)
        assert {row["crash_record_id"] for row in found} == {
            crash["crash_record_id"] for crash in expected
        }
        assert len(found) == len(expected)
        assert all(row["distance_ft"] <= feet for row in found)
        found_any = found_any or bool(found)
    assert found_any == (feet > 1)


@pytest.mark.parametrize("metres", [10, 250])
def test_crashes_near_signals_are_those_that_all_distances_give(
    built: Target, crashes: list[Crash], metres: float
) -> None:
    signals = rows(
        built,
        "select feature_id, longitude, latitude from marts.point_features"
        " where layer = 'traffic_signals'",
    )
    placed = [crash for crash in crashes if crash["latitude"] is not None]
    here = in_feet([(crash["longitude"], crash["latitude"]) for crash in placed])
    there = in_feet([(signal["longitude"], signal["latitude"]) for signal in signals])
    apart = np.hypot(here[:, 0, None] - there[None, :, 0], here[:, 1, None] - there[None, :, 1])
    found = rows(built, f"select * from marts.crashes_near_signals_within({metres})")
    assert {(row["crash_record_id"], row["signal_id"]) for row in found} == {
        (placed[number]["crash_record_id"], signals[place]["feature_id"])
        for number, place in zip(*np.nonzero(apart <= metres * 3937 / 1200), strict=True)
    }
    assert len(found) > 50
    assert all(abs(row["distance_m"] - row["distance_ft"] * 1200 / 3937) < 1e-9 for row in found)


def report_of(crashes: list[Crash], span: tuple[date, date]) -> dict[str, Any]:
    within = between(crashes, *span)
    causes: dict[str, int] = {}
    for crash in within:
        if cause := crash["prim_contributory_cause"]:
            causes[cause] = causes.get(cause, 0) + 1
    top = sorted(causes.items(), key=lambda item: (-item[1], item[0]))[:5]
    last = len(between(crashes, years_before(span[1], 1), span[1]))
    before = len(between(crashes, years_before(span[1], 2), years_before(span[1], 1)))

    def total(column: str) -> int:
        return sum(crash[column] or 0 for crash in within)

    return {
        "total_crashes": len(within),
        "ksi_crashes": total("is_ksi"),
        "total_people": total("people_count"),
        "total_vehicles": total("vehicle_count"),
        "total_injuries": total("injuries_total"),
        "injuries_fatal": total("injuries_fatal"),
        "injuries_incapacitating": total("injuries_incapacitating"),
        "injuries_non_incapacitating": total("injuries_non_incapacitating"),
        "injuries_reported_not_evident": total("injuries_reported_not_evident"),
        "pedestrians": total("pedestrians"),
        "cyclists": total("cyclists"),
        "children_injured": total("children_injured"),
        "hit_and_run_crashes": total("hit_and_run_i"),
        "top_causes": "; ".join(f"{cause} ({count})" for cause, count in top) or None,
        "crashes_last_12_months": last,
        "crashes_12_months_before": before,
        "trend_12_months": pytest.approx(last / before - 1) if before else None,
        "economic_cost_usd": total("economic_cost_usd"),
        "comprehensive_cost_usd": total("comprehensive_cost_usd"),
    }


@pytest.mark.parametrize("feet", [1_000, 10_000])
def test_a_location_report_says_what_its_crashes_add_up_to(
    built: Target, crashes: list[Crash], feet: float
) -> None:
    for place in PLACES:
        [found] = rows(
            built,
            "select * from marts.location_report"
            f"({place[0]}, {place[1]}, {feet}, {in_sql(SPAN[0])}, {in_sql(SPAN[1])})",
        )
        assert found == report_of(near(crashes, place, feet), SPAN)


@pytest.mark.parametrize(
    ("layer", "column"),
    [("wards", "ward"), ("community_areas", "community_area"), ("police_beats", "police_beat")],
)
def test_a_place_report_says_what_its_crashes_add_up_to(
    built: Target, crashes: list[Crash], layer: str, column: str
) -> None:
    numbers = sorted({crash[column] for crash in crashes if crash[column]})
    for number in numbers[:: len(numbers) // 5]:
        [found] = rows(
            built,
            f"select * from marts.place_report('{layer}', '{number}',"
            f" {in_sql(SPAN[0])}, {in_sql(SPAN[1])})",
        )
        inside = [crash for crash in crashes if crash[column] == number]
        assert found == report_of(inside, SPAN)


def test_children_injured_are_the_people_under_18_who_were_hurt(built: Target) -> None:
    counts = (
        "select (select sum(children_injured) from marts.crashes) as told,"
        " (select count(*) from marts.people as people inner join marts.crashes as crashes"
        " on people.crash_record_id = crashes.crash_record_id"
        " where people.age < 18 and people.severity in ('K', 'A', 'B', 'C')) as counted"
    )
    [found] = rows(built, counts)
    assert int(found["told"]) == found["counted"] > 0


def test_years_before_and_after_a_treatment_are_counted_from_its_day_beside_the_citys(
    built: Target, crashes: list[Crash]
) -> None:
    treated, years = date(2021, 6, 15), 3
    found = rows(
        built,
        f"select * from marts.before_after({LOOP[0]}, {LOOP[1]}, 5000, date '{treated}', {years})",
    )
    assert [(row["period"], row["year_number"]) for row in found] == [
        ("before", -3),
        ("before", -2),
        ("before", -1),
        ("after", 1),
        ("after", 2),
        ("after", 3),
    ]
    here = near(crashes, LOOP, 5_000)
    for number, row in enumerate(found):
        first = treated.replace(year=treated.year - years + number)
        after = first.replace(year=first.year + 1)
        assert (row["starts_on"], row["ends_on"]) == (first, after - timedelta(days=1))
        assert row["is_whole"]
        inside, city = between(here, first, after), between(crashes, first, after)
        assert row["total_crashes"] == len(inside)
        assert row["comprehensive_cost_usd"] == sum(
            crash["comprehensive_cost_usd"] for crash in inside
        )
        assert row["city_crashes"] == len(city)
        assert row["city_ksi"] == sum(
            (crash["injuries_fatal"] or 0) + (crash["injuries_incapacitating"] or 0)
            for crash in city
        )
        assert row["share_of_city_crashes"] == pytest.approx(len(inside) / len(city))


def test_a_year_that_the_data_ends_in_is_no_whole_one(built: Target) -> None:
    [last] = rows(built, "select max(crash_date) as day from marts.crashes_daily")
    treated = last["day"] - timedelta(days=500)
    found = rows(
        built,
        "select year_number, is_whole from marts.before_after"
        f"({LOOP[0]}, {LOOP[1]}, 1000, date '{treated}', 2)",
    )
    assert {row["year_number"]: row["is_whole"] for row in found} == {
        -2: True,
        -1: True,
        1: True,
        2: False,
    }


WRONG_CALLS = {
    "crashes_near_point(-87.6, 41.9, 0, null, null)": "radius_ft 0",
    "crashes_near_point(-87.6, 41.9, 26401, null, null)": "expected 1 to 26400",
    "crashes_near_point(-87.6, 41.9, null, null, null)": "radius_ft null",
    "crashes_near_point(41.9, -87.6, 100, null, null)": "longitude first",
    "crashes_near_point(null, 41.9, 100, null, null)": "lon null",
    "crashes_near_point(-87.6, 41.9, 100, '2024-01-01', '2024-01-01')": "the last day is out",
    "location_report(-87.6, 41.9, 26401, null, null)": "expected 1 to 26400",
    "location_report(-87.6, 41.9, 100, '2024-01-02', '2024-01-01')": "date_from 2024-01-02",
    "crashes_near_signals_within(9.9)": "expected 10 to 1000",
    "crashes_near_signals_within(1001)": "distance_m 1001",
    "crashes_near_signals_within(null)": "distance_m null",
    "place_report('districts', '1', null, null)": "community_areas, police_beats, wards",
    "place_report(null, '1', null, null)": "layer null",
    "place_report('wards', '51', null, null)": "place_id 51",
    "place_report('wards', 'x', null, null)": "place_id x",
    "place_report('wards', '1', '2024-01-02', '2024-01-01')": "date_from 2024-01-02",
    "before_after(-87.6, 41.9, 100, '2021-01-01', 0)": "years 0",
    "before_after(-87.6, 41.9, 100, '2021-01-01', 11)": "expected 1 to 10",
    "before_after(-87.6, 41.9, 100, '2999-01-01', 1)": "treated_on 2999-01-01",
    "before_after(-87.6, 41.9, 100, null, 1)": "treated_on null",
    "before_after(-87.6, 81.9, 100, '2021-01-01', 1)": "no place in or about Chicago",
}


def test_arguments_that_cannot_be_are_refused_with_what_is_wrong(built: Target) -> None:
    for call, said in WRONG_CALLS.items():
        # What pytest itself raises is no Exception.
        with pytest.raises(Exception, match=re.escape(said)):
            pytest.fail(f"{call} gave {rows(built, f'select * from marts.{call}')}")


@pytest.mark.parametrize("target", ["duckdb"], indirect=True)
def test_part_of_a_year_is_not_rounded(built: Target) -> None:
    """PostgreSQL itself has no such function."""
    call = f"marts.before_after({LOOP[0]}, {LOOP[1]}, 1000, '2021-06-15', 1.5)"
    # What pytest itself raises is no Exception.
    with pytest.raises(Exception, match=re.escape("years 1.5: expected 1 to 10 whole years")):
        pytest.fail(f"{call} gave {rows(built, f'select * from {call}')}")


def plan_of(target: Target, sql: str) -> str:
    if target == "postgis":
        with closing(open_postgis()) as session, session.cursor() as cursor:
            cursor.execute(f"explain {sql}")
            return "\n".join(line for (line,) in cursor.fetchall())
    return "\n".join(str(row) for row in rows(target, f"explain {sql}"))


def test_a_call_finds_its_crashes_by_the_index(built: Target) -> None:
    calls = [
        f"marts.crashes_near_point({LOOP[0]}, {LOOP[1]}, 1000, null, null)",
        f"marts.crashes_near_point({LOOP[0]}, {LOOP[1]}, 1000, date '2020-01-01', null)",
        f"marts.location_report({LOOP[0]}, {LOOP[1]}, 1000, null, null)",
        f"marts.before_after({LOOP[0]}, {LOOP[1]}, 1000, date '2021-06-15', 3)",
    ]
    for call in calls:
        text = plan_of(built, f"select * from {call}")
        expected = "RTREE_INDEX_SCAN" if built == "duckdb" else "Index Scan"
        assert expected in text, text
        if built == "postgis":
            assert "Seq Scan on crashes " not in text, text


def test_a_call_for_a_place_or_for_signals_reads_what_it_asks_for(built: Target) -> None:
    """On PostgreSQL, whose planner reads a small table whole: told not to, it has an index."""
    if built == "duckdb":
        # No R-tree helps where the place is known by its name, or where all signals are asked.
        plan = plan_of(built, "select * from marts.crashes_near_signals_within(100)")
        assert "HASH_JOIN" in plan, plan
        return
    calls = {
        "marts.place_report('police_beats', '1833', null, null)": "police_beat",
        "marts.place_report('wards', '42', null, null)": "ward",
        "marts.crashes_near_signals_within(100)": "geom",
    }
    with closing(open_postgis()) as session, session.cursor() as cursor:
        cursor.execute("set enable_seqscan = off")
        for call, column in calls.items():
            cursor.execute(f"explain select * from {call}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on crashes " not in plan, plan
            assert re.search(rf"Index Cond: .*\b{column}\b", plan), plan
