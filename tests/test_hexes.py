"""The grid of hexagons, and the months and scorecards of places, held against Python."""

import bisect
from datetime import date
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely
from shapely import wkt

from tests.contents import rows
from warehouse.settings import Target

FEET = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3435", always_xy=True)
WIDTH_FT = 660
SUMS = (
    "count(*) as total_crashes, coalesce(sum(injuries_total), 0) as total_injuries,"
    " coalesce(sum(injuries_fatal), 0) as total_fatalities,"
    " coalesce(sum(injuries_fatal), 0) + coalesce(sum(injuries_incapacitating), 0) as total_ksi,"
    " sum(case when pedestrians > 0 then 1 else 0 end) as pedestrian_crashes,"
    " sum(case when cyclists > 0 then 1 else 0 end) as cyclist_crashes,"
    " sum(economic_cost_usd) as economic_cost_usd,"
    " sum(comprehensive_cost_usd) as comprehensive_cost_usd"
)
TOTALS = (
    "total_crashes",
    "total_injuries",
    "total_fatalities",
    "total_ksi",
    "pedestrian_crashes",
    "cyclist_crashes",
    "economic_cost_usd",
    "comprehensive_cost_usd",
)


def ranks(counted: list[dict[str, Any]]) -> list[int]:
    """1 for the most KSI, then the highest cost; equal ones share it."""
    worth = [(row["total_ksi"], row["comprehensive_cost_usd"]) for row in counted]
    ascending = sorted(worth)
    return [1 + len(worth) - bisect.bisect_right(ascending, own) for own in worth]


@pytest.fixture
def hexes(built: Target) -> list[dict[str, Any]]:
    return rows(built, "select *, st_astext(geom) as wkt from marts.hexes order by hex_id")


def test_each_crash_of_the_city_is_counted_in_the_hexagon_around_it(
    built: Target, hexes: list[dict[str, Any]]
) -> None:
    crashes = rows(
        built,
        "select longitude, latitude, injuries_fatal, injuries_incapacitating,"
        " comprehensive_cost_usd from marts.crashes where coordinate_quality = 'ok'",
    )
    polygons = [wkt.loads(row["wkt"]) for row in hexes]
    points = shapely.points(
        np.column_stack(
            FEET.transform([c["longitude"] for c in crashes], [c["latitude"] for c in crashes])
        )
    )
    inside = shapely.STRtree(polygons).query(points, predicate="intersects")
    assert sorted(inside[0].tolist()) == list(range(len(crashes)))
    count, ksi, cost = ([0] * len(hexes) for _ in range(3))
    for number, place in inside.T.tolist():
        crash = crashes[number]
        count[place] += 1
        ksi[place] += (crash["injuries_fatal"] or 0) + (crash["injuries_incapacitating"] or 0)
        cost[place] += crash["comprehensive_cost_usd"]
    assert [row["total_crashes"] for row in hexes] == count
    assert [row["total_ksi"] for row in hexes] == ksi
    assert [row["comprehensive_cost_usd"] for row in hexes] == cost
    assert [row["rank"] for row in hexes] == ranks(hexes)


def test_the_hexagons_are_660_ft_wide_cover_the_city_and_do_not_overlap(
    built: Target, hexes: list[dict[str, Any]]
) -> None:
    polygons = shapely.from_wkt([row["wkt"] for row in hexes])
    bounds = shapely.bounds(polygons)
    assert np.allclose(bounds[:, 2] - bounds[:, 0], WIDTH_FT, atol=1e-6)
    assert np.allclose(shapely.area(polygons), WIDTH_FT**2 * np.sqrt(3) / 2, rtol=1e-9)
    assert len({row["hex_id"] for row in hexes}) == len(hexes)
    centres = shapely.get_coordinates(shapely.centroid(polygons))
    assert np.isclose(centres[:, 0] % (WIDTH_FT / 2), 0, atol=1e-3).sum() > 0
    [city] = rows(built, "select st_astext(geom) as wkt from intermediate.int_city_outline")
    outline = wkt.loads(city["wkt"])
    covered = shapely.union_all(polygons, grid_size=0.001)
    assert outline.difference(covered.buffer(0.01)).area < 1
    assert abs(covered.area - shapely.area(polygons).sum()) < len(hexes)


PLACES = {"wards": "ward", "community_areas": "community_area", "police_beats": "police_beat"}


@pytest.mark.parametrize("layer", PLACES)
def test_the_months_of_places_add_up_to_their_crashes_and_have_no_gap(
    built: Target, layer: str
) -> None:
    counted = rows(
        built,
        f"select cast({PLACES[layer]} as text) as place_id,"
        f" cast(date_trunc('month', crash_date) as date) as month_start, {SUMS}"
        " from marts.crashes where crash_date is not null and not has_implausible_date"
        f" and {PLACES[layer]} is not null group by 1, 2",
    )
    expected = {
        (row["place_id"], row["month_start"]): tuple(int(row[name]) for name in TOTALS)
        for row in counted
    }
    found = rows(built, f"select * from marts.place_months where layer = '{layer}'")
    for row in found:
        key = row["place_id"], row["month_start"]
        assert tuple(row[name] for name in TOTALS) == expected.pop(key, (0,) * len(TOTALS))
    assert expected == {}
    [there] = rows(built, f"select count(*) as n from marts.places where layer = '{layer}'")
    months = sorted({row["month_start"] for row in found})
    assert len(found) == there["n"] * len(months)
    first, last = months[0], months[-1]
    assert len(months) == 12 * (last.year - first.year) + last.month - first.month + 1


@pytest.mark.parametrize("layer", PLACES)
def test_a_scorecard_holds_the_last_twelve_months_against_the_five_years_before(
    built: Target, layer: str
) -> None:
    months = rows(built, f"select * from marts.place_months where layer = '{layer}'")
    end: date = max(row["month_start"] for row in months)

    def ago(years: int) -> date:
        return end.replace(year=end.year - years)

    def within(place: str, first: date, after: date) -> list[dict[str, Any]]:
        return [
            row
            for row in months
            if row["place_id"] == place and first <= row["month_start"] < after
        ]

    cards = rows(built, f"select * from marts.place_scorecards where layer = '{layer}'")
    assert len(cards) > 40
    for card in cards[:: len(cards) // 8]:
        place = card["place_id"]
        year = within(place, ago(1), ago(0))
        before = [within(place, ago(number + 1), ago(number)) for number in range(1, 6)]
        assert (card["period_start"], card["years_before"]) == (ago(1), 5)
        assert (end - card["period_end"]).days == 1
        for name in TOTALS:
            assert card[name] == sum(row[name] for row in year)
        mean = sum(row["total_ksi"] for rows_ in before for row in rows_) / 5
        assert card["mean_ksi_before"] == pytest.approx(mean)
        assert card["ksi_trend"] == (pytest.approx(card["total_ksi"] / mean - 1) if mean else None)
        assert card["ksi_per_sq_mi"] == pytest.approx(card["total_ksi"] / card["area_sq_mi"])
        share = (
            card["pedestrian_crashes"] / card["total_crashes"] if card["total_crashes"] else None
        )
        assert card["pedestrian_share"] == (None if share is None else pytest.approx(share))
    assert [card["rank_in_layer"] for card in cards] == ranks(cards)
