"""The sample portal's data hangs together, and its dirt is the City's."""

import io

import duckdb
import duckdb_extension_spatial
import pytest
import requests

from ingestion.sample_portal import SamplePortal, running
from tests.sample_portal.pages import (
    AREAS,
    BEATS,
    CRASHES,
    DEATHS,
    PEOPLE,
    SEED,
    SIZE,
    VEHICLES,
    WARDS,
    all_rows,
    json_page,
    page,
)


def test_another_seed_gives_other_data(portal: SamplePortal) -> None:
    with running(crashes=SIZE, seed=SEED + 1) as other:
        ids = {row[":id"] for row in all_rows(other, CRASHES)}
        assert not ids & {row[":id"] for row in all_rows(portal, CRASHES)}


def test_the_same_seed_and_size_give_the_same_bytes(portal: SamplePortal) -> None:
    path = f"/resource/{VEHICLES}.csv?$select=:*,*&$order=:id&$limit=50000"
    first = requests.get(portal.url + path, timeout=20).content
    with running(crashes=SIZE, seed=SEED) as again:
        assert requests.get(again.url + path, timeout=20).content == first


def test_injuries_of_a_crash_sum_to_its_total_and_are_those_of_its_people(
    portal: SamplePortal,
) -> None:
    hurt: dict[str | None, list[str | None]] = {}
    for person in all_rows(portal, PEOPLE):
        hurt.setdefault(person["crash_record_id"], []).append(person["injury_classification"])
    columns = {
        "FATAL": "injuries_fatal",
        "INCAPACITATING INJURY": "injuries_incapacitating",
        "NONINCAPACITATING INJURY": "injuries_non_incapacitating",
        "REPORTED, NOT EVIDENT": "injuries_reported_not_evident",
    }
    for crash in all_rows(portal, CRASHES):
        injuries = hurt.get(crash["crash_record_id"])
        if injuries is None:
            assert crash["injuries_total"] is None
            continue
        assert sum(int(crash[c] or "") for c in columns.values()) == int(
            crash["injuries_total"] or ""
        )
        for injury, column in columns.items():
            assert int(crash[column] or "") == injuries.count(injury)
        worst = next((i for i in columns if i in injuries), "NO INDICATION OF INJURY")
        assert crash["most_severe_injury"] in (worst, None)
        if crash["injuries_total"] != "0":
            assert crash["crash_type"] == "INJURY AND / OR TOW DUE TO CRASH"


def test_people_and_vehicles_fit_their_crashes(portal: SamplePortal) -> None:
    crashes = {c["crash_record_id"]: c for c in all_rows(portal, CRASHES)}
    vehicles = all_rows(portal, VEHICLES)
    people = all_rows(portal, PEOPLE)
    assert len(crashes) == SIZE
    assert len({v["crash_unit_id"] for v in vehicles}) == len(vehicles)
    assert len({p["person_id"] for p in people}) == len(people)
    assert {r["crash_record_id"] for r in vehicles + people} <= set(crashes)
    assert 2.0 < len(people) / SIZE < 2.4
    assert 1.9 < len(vehicles) / SIZE < 2.2
    units: dict[str | None, int] = {}
    for vehicle in vehicles:
        units[vehicle["crash_record_id"]] = units.get(vehicle["crash_record_id"], 0) + 1
    assert all(int(c["num_units"] or "") == units[key] for key, c in crashes.items())
    in_vehicles = {v["vehicle_id"] for v in vehicles}
    for person in people:
        on_foot = person["person_type"] in ("PEDESTRIAN", "BICYCLE", "NON-MOTOR VEHICLE")
        assert (person["vehicle_id"] is None) == on_foot
        assert on_foot or person["vehicle_id"] in in_vehicles


def test_hour_weekday_and_month_are_those_of_the_date(portal: SamplePortal) -> None:
    wrong = json_page(
        portal,
        CRASHES,
        select="count(*) as n",
        where="date_extract_hh(crash_date) != crash_hour or "
        "date_extract_dow(crash_date) + 1 != crash_day_of_week or "
        "date_extract_m(crash_date) != crash_month",
    )
    assert wrong == [{"n": "0"}]


def test_the_dirt_is_there_in_about_its_share(portal: SamplePortal) -> None:
    crashes = all_rows(portal, CRASHES)
    missing = [c for c in crashes if c["latitude"] is None]
    assert all(c["longitude"] is None and c["location"] is None for c in missing)
    assert 0.002 < len(missing) / SIZE < 0.02
    assert 0.85 < sum(c["lane_cnt"] is None for c in crashes) / SIZE < 0.95
    people = all_rows(portal, PEOPLE)
    assert 0.25 < sum(p["age"] is None for p in people) / len(people) < 0.33
    deaths = [tuple(v for k, v in d.items() if k[0] != ":") for d in all_rows(portal, DEATHS)]
    ids = [death[0] for death in deaths]
    assert ids.count("UNK") == 2
    assert None in ids
    assert max(ids.count(i) for i in ids if i not in (None, "UNK")) == 3
    assert len(set(deaths)) == len(deaths) - 1
    units = {v["unit_no"] for v in all_rows(portal, VEHICLES)}
    assert "3778035" in units


@pytest.fixture(scope="module")
def spatial(serving: SamplePortal) -> duckdb.DuckDBPyConnection:
    """Crashes and layers with geometry."""
    serving.reset()
    session = duckdb.connect()
    folder = duckdb_extension_spatial.__path__[0]
    [file] = duckdb.sql(
        f"select file from glob('{folder}/extensions/*/spatial.duckdb_extension')"
    ).fetchall()
    session.execute(f"load '{file[0]}'")
    for name, dataset in {"wards": WARDS, "areas": AREAS, "beats": BEATS, "c": CRASHES}.items():
        columns = "beat_of_occurrence, location" if name == "c" else "*"
        url = f"{serving.url}/resource/{dataset}.csv?$limit=50000&$select={columns}"
        text = requests.get(url, timeout=20).text
        geometry = "location" if name == "c" else "the_geom"
        read = session.read_csv(io.StringIO(text), all_varchar=True)  # noqa: F841 - SQL reads it
        session.execute(
            f"create table {name} as select *, st_geomfromtext({geometry}) as geom from read"
        )
    return session


def test_wards_areas_and_beats_tile_the_same_city(spatial: duckdb.DuckDBPyConnection) -> None:
    for layer, rows in {"wards": 50, "areas": 77, "beats": 277}.items():
        [(count_, sum_, union, valid)] = spatial.execute(
            f"select count(*), sum(st_area(geom)), st_area(st_union_agg(geom)), "
            f"bool_and(st_isvalid(geom)) from {layer}"
        ).fetchall()
        assert count_ == rows
        assert valid
        assert sum_ == pytest.approx(union, rel=1e-9)
    [(difference,)] = spatial.execute(
        "select st_area(st_difference((select st_union_agg(geom) from wards), "
        "(select st_union_agg(geom) from beats)))"
    ).fetchall()
    assert difference == pytest.approx(0, abs=1e-12)


def test_crashes_lie_in_one_ward_and_their_beat(spatial: duckdb.DuckDBPyConnection) -> None:
    [(crashes, in_ward, in_beat)] = spatial.execute(
        """
        select
            count(*),
            count(*) filter ((select count(*) from wards w where st_contains(w.geom, c.geom)) = 1),
            count(*) filter (exists (
                select 1 from beats b
                where st_contains(b.geom, c.geom)
                    and b.beat_num::int = c.beat_of_occurrence::int
            ))
        from c where location <> 'POINT (0 0)' and location not like '%-88.2%'
        """
    ).fetchall()
    assert in_ward > 0.99 * crashes
    assert in_beat > 0.985 * crashes


def test_a_crash_lies_where_its_street_and_number_say(portal: SamplePortal) -> None:
    western = page(
        portal, CRASHES, where="street_name = 'WESTERN AVE' and latitude > 41", limit=1000
    )
    assert len(western) > 20
    for crash in western:
        # 2400 West is three miles west of State Street
        assert float(crash["longitude"] or "") == pytest.approx(-87.6278 - 3 * 0.01938, abs=2e-4)
        miles = (float(crash["latitude"] or "") - 41.8820) / 0.014489
        number = miles * 800 if miles >= 0 else 3100 + (-miles - 3) * 800
        if miles >= 0 or miles <= -3:
            assert float(crash["street_no"] or "") == pytest.approx(number, abs=1)
