"""Where crashes are and what is near to them, held against shapely and pyproj.

Everything is compared with everything, so that no grid and no index has a part in the truth.
"""

import re
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import pytest
import shapely
from shapely import wkt

from tests.contents import rows
from tests.dbt_commands import dbt
from warehouse.postgis_server import open_postgis
from warehouse.settings import Target

# 1 mm, and 100 m, in US survey feet.
MILLIMETRE_FT = 0.001 * 3937 / 1200
RADIUS_FT = 100 * 3937 / 1200

FEET = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3435", always_xy=True)


@pytest.fixture
def crashes(built: Target) -> list[dict[str, Any]]:
    """Each crash with a place: its key, its coordinates, and what the marts say of it."""
    return rows(
        built,
        "select crash_record_id, longitude, latitude, st_x(geom) as x, st_y(geom) as y, ward,"
        " community_area, police_beat, nearest_signal_id, nearest_signal_distance_ft,"
        " is_near_signal from marts.crashes where coordinate_quality = 'ok'",
    )


def in_feet(places: list[dict[str, Any]]) -> npt.NDArray[np.float64]:
    """Places in EPSG:3435, a row each."""
    return np.column_stack(
        FEET.transform([row["longitude"] for row in places], [row["latitude"] for row in places])
    )


def test_each_crash_with_coordinates_has_its_point_in_feet(
    built: Target, crashes: list[dict[str, Any]]
) -> None:
    assert len(crashes) > 4_800
    expected = in_feet(crashes)
    found = np.array([[row["x"], row["y"]] for row in crashes])
    assert np.abs(found - expected).max() < MILLIMETRE_FT
    assert rows(
        built, "select count(*) as n from marts.crashes where (geom is null) <> (latitude is null)"
    ) == [{"n": 0}]


def test_the_nearest_signal_and_all_that_is_near_are_those_that_all_distances_give(
    built: Target, crashes: list[dict[str, Any]]
) -> None:
    features = rows(
        built, "select layer, feature_id, longitude, latitude from marts.point_features"
    )
    assert len({row["layer"] for row in features}) == 4
    here, there = in_feet(crashes), in_feet(features)
    apart = np.hypot(here[:, 0, None] - there[None, :, 0], here[:, 1, None] - there[None, :, 1])
    signals = sorted(
        (row["feature_id"].encode(), place)
        for place, row in enumerate(features)
        if row["layer"] == "traffic_signals"
    )
    of_signals = apart[:, [place for _, place in signals]]
    for number, crash in enumerate(crashes):
        nearest = int(of_signals[number].argmin())
        distance = of_signals[number, nearest]
        assert crash["nearest_signal_id"].encode() == signals[nearest][0]
        assert abs(crash["nearest_signal_distance_ft"] - distance) < MILLIMETRE_FT
        assert crash["is_near_signal"] == (distance <= RADIUS_FT)

    near = {
        (row["crash_record_id"], row["layer"], row["feature_id"]): row
        for row in rows(built, "select * from marts.crashes_near_features")
    }
    pairs = list(zip(*np.nonzero(apart <= RADIUS_FT), strict=True))
    assert len(near) == len(pairs) > 1_000
    for number, place in pairs:
        feature = features[place]
        row = near[crashes[number]["crash_record_id"], feature["layer"], feature["feature_id"]]
        assert abs(row["distance_ft"] - apart[number, place]) < MILLIMETRE_FT
        assert abs(row["distance_m"] - row["distance_ft"] * 1200 / 3937) < 1e-9
    [counted] = rows(built, "select sum(total_crashes) as n from marts.feature_safety")
    assert int(counted["n"]) == len(near)


LAYERS = {
    "ward": ("wards", "ward"),
    "community_area": ("community_areas", "area_numbe"),
    "police_beat": ("police_beats", "beat_num"),
}


@pytest.mark.parametrize("column", LAYERS)
def test_each_crash_is_in_the_place_whose_border_is_around_it(
    built: Target, crashes: list[dict[str, Any]], column: str
) -> None:
    table, key = LAYERS[column]
    drawn = rows(built, f'select "{key}" as number, the_geom from raw."{table}"')
    polygons = [
        shapely.transform(
            wkt.loads(row["the_geom"]),
            lambda xy: np.column_stack(FEET.transform(xy[:, 0], xy[:, 1])),
        )
        for row in drawn
    ]
    around: dict[int, set[int]] = {}
    tree = shapely.STRtree([shapely.make_valid(polygon) for polygon in polygons])
    points = shapely.points(in_feet(crashes))
    for number, piece in zip(*tree.query(points, predicate="intersects"), strict=True):
        around.setdefault(int(number), set()).add(int(drawn[piece]["number"]))
    found = [row[column] for row in crashes]
    expected = [min(around.get(number, {0})) or None for number in range(len(crashes))]
    assert found == expected
    assert sum(number is not None for number in found) > 4_800
    [places] = rows(built, f"select count(*) as n from marts.places where layer = '{table}'")
    assert places["n"] == len({row["number"] for row in drawn})


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
def test_the_nearest_signal_is_asked_of_the_index(built: Target) -> None:
    model = "int_nearest_signals"
    compiled = dbt(built, "compile", "--full-refresh", "--select", model)
    with closing(open_postgis()) as session, session.cursor() as cursor:
        cursor.execute(f"explain {compiled[model].node.compiled_code}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(r"Index Scan using \S+ on point_features", plan), plan
    assert re.search(r"Order By: .*<->", plan), plan
