"""The sample portal answers as the City's does, over data that hangs together."""

import csv
import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import duckdb
import duckdb_extension_spatial
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest
import requests

from ingestion.sample_portal import SamplePortal, StartError, running

CRASHES, PEOPLE, VEHICLES, DEATHS = "85ca-t3if", "u6pd-qa9d", "68nd-jvt3", "gzaz-isa6"
BEATS, WARDS, AREAS = "n9it-hstw", "p293-wvbd", "igwz-8jzy"
LAYERS = [BEATS, WARDS, AREAS, "thvf-6diy", "4i42-qv3h", "8pix-ypme", "kfyz-pdh6"]
SIZE = 2000
Row = dict[str, str | None]


@pytest.fixture(scope="module")
def serving() -> Iterator[SamplePortal]:
    with running(crashes=SIZE, seed=7) as portal:
        yield portal


@pytest.fixture
def portal(serving: SamplePortal) -> SamplePortal:
    """The portal as at its start, whatever a test before told it."""
    serving.reset()
    return serving


def get(portal: SamplePortal, path: str, **parameters: object) -> requests.Response:
    named = {f"${name}": str(value) for name, value in parameters.items()}
    return requests.get(f"{portal.url}{path}", params=named, timeout=20)


def page(portal: SamplePortal, dataset: str, **parameters: object) -> list[Row]:
    """A page in the CSV form; a null is None, and the empty text is not."""
    response = get(portal, f"/resource/{dataset}.csv", **parameters)
    assert response.status_code == 200, response.text
    return read_csv(response.text)


def read_csv(text: str) -> list[Row]:
    table = arrow_csv.read_csv(
        io.BytesIO(text.encode()),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(next(csv.reader([text.partition("\n")[0]])), pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    rows: list[Row] = table.to_pylist()
    return rows


def all_rows(portal: SamplePortal, dataset: str, size: int = 50_000) -> list[Row]:
    """Every row, by keyset paging."""
    rows: list[Row] = []
    where = "1 = 1"
    while True:
        got = page(
            portal,
            dataset,
            select=":*,*",
            where=where,
            order=":updated_at,:id",
            limit=size,
        )
        rows += got
        if len(got) < size:
            return rows
        at, id_ = got[-1][":updated_at"], got[-1][":id"]
        where = f"(:updated_at > '{at}' or (:updated_at = '{at}' and :id > '{id_}'))"


def json_page(portal: SamplePortal, dataset: str, **parameters: object) -> list[dict[str, Any]]:
    response = get(portal, f"/resource/{dataset}.json", **parameters)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


def count(portal: SamplePortal, dataset: str) -> int:
    return int(json_page(portal, dataset, select="count(*) as n")[0]["n"])


# ---- the data


def test_another_seed_gives_other_data(portal: SamplePortal) -> None:
    with running(crashes=SIZE, seed=8) as other:
        ids = {row[":id"] for row in all_rows(other, CRASHES)}
        assert not ids & {row[":id"] for row in all_rows(portal, CRASHES)}


def test_the_same_seed_and_size_give_the_same_bytes(portal: SamplePortal) -> None:
    path = f"/resource/{VEHICLES}.csv?$select=:*,*&$order=:id&$limit=50000"
    first = requests.get(portal.url + path, timeout=20).content
    with running(crashes=SIZE, seed=7) as again:
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


# ---- the protocol


def test_null_is_nothing_and_the_empty_text_is_two_quotes(portal: SamplePortal) -> None:
    record = {"person_id": "O1000000000", "city": "", "hospital": 'ST "MARY", 2'}
    portal.add(PEOPLE, records=[record])
    parameters = {
        "select": "person_id,city,state,hospital",
        "where": "person_id = 'O1000000000'",
    }
    csv_text = get(portal, f"/resource/{PEOPLE}.csv", **parameters).text
    assert csv_text == (
        '"person_id","city","state","hospital"\n"O1000000000","",,"ST ""MARY"", 2"\n'
    )
    assert get(portal, f"/resource/{PEOPLE}.json", **parameters).text == (
        '[{"person_id":"O1000000000","city":"","hospital":"ST \\"MARY\\", 2"}]\n'
    )


def test_keyset_paging_over_ties_misses_and_doubles_nothing(portal: SamplePortal) -> None:
    rows = all_rows(portal, CRASHES, size=97)
    stamps = [row[":updated_at"] for row in rows]
    assert len({row[":id"] for row in rows}) == len(rows) == count(portal, CRASHES)
    assert max(stamps.count(s) for s in set(stamps)) > 5 * 97
    assert all((r[":created_at"] or "") <= (r[":updated_at"] or "") for r in rows)


def test_without_order_two_answers_differ(portal: SamplePortal) -> None:
    first, second = (get(portal, f"/resource/{CRASHES}.csv", limit=200).text for _ in range(2))
    assert first != second
    assert len(json_page(portal, CRASHES)) == 1000


def test_json_forms(portal: SamplePortal) -> None:
    assert get(portal, f"/resource/{CRASHES}.json", where="crash_hour > 99").text == "[]\n"
    crash = json_page(portal, CRASHES, where="latitude > 41", limit=1)[0]
    assert crash["location"]["type"] == "Point"
    assert float(crash["longitude"]) == pytest.approx(crash["location"]["coordinates"][0])
    assert isinstance(crash["crash_hour"], str)
    assert None not in crash.values()
    text = get(portal, f"/resource/{CRASHES}.json", limit=2).text
    assert text.count("\n,{") == 1
    assert text.endswith("}]\n")
    collection = get(portal, f"/resource/{BEATS}.geojson").json()
    assert len(collection["features"]) == 277
    assert collection["features"][0]["geometry"]["type"] == "MultiPolygon"
    nulls = get(portal, f"/resource/{DEATHS}.geojson", where="person_id is null").json()
    assert nulls["features"][0]["properties"]["person_id"] is None


def test_aggregates(portal: SamplePortal) -> None:
    months = json_page(
        portal,
        CRASHES,
        select="date_trunc_ym(crash_date) as month, count(*) as n",
        group="month",
        order="month",
        limit=5000,
    )
    assert sum(int(month["n"]) for month in months) == SIZE
    assert months[-1]["month"] == "2026-08-01T00:00:00.000"
    [top] = json_page(portal, CRASHES, select="max(:updated_at) as m, max(crash_hour)")
    assert top["max_crash_hour"] == "23"
    assert top["m"] == max(row[":updated_at"] or "" for row in all_rows(portal, CRASHES))
    lights = json_page(portal, CRASHES, select="distinct lighting_condition")
    assert len(lights) == 6
    hours = json_page(portal, CRASHES, select="crash_hour", group="crash_hour", order="crash_hour")
    assert [int(row["crash_hour"]) for row in hours] == list(range(24))
    query = "select crash_hour, count(*) as n group by crash_hour having count(*) > 1 limit 30"
    assert len(json_page(portal, CRASHES, query=query)) > 15
    bare = requests.get(
        f"{portal.url}/resource/{CRASHES}.json?crash_hour=17&$select=count(*) as n", timeout=20
    ).json()
    assert 0 < int(bare[0]["n"]) < SIZE
    near = "within_circle(location, 41.8820, -87.6278, 2000)"
    assert 0 < len(json_page(portal, CRASHES, where=near)) < SIZE / 3


def test_numbers_are_ordered_as_numbers(portal: SamplePortal) -> None:
    numbers = [
        float(row["street_no"] or "")
        for row in page(portal, CRASHES, select="street_no", order="street_no desc", limit=50)
    ]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] > 9999


def test_metadata_and_headers(portal: SamplePortal) -> None:
    for dataset in [CRASHES, PEOPLE, VEHICLES, DEATHS, *LAYERS]:
        metadata = get(portal, f"/api/views/{dataset}.json").json()
        assert "sample" in metadata["attribution"]
        fields = [column["fieldName"] for column in metadata["columns"]]
        assert [c["position"] for c in metadata["columns"]] == list(range(1, len(fields) + 1))
        response = get(portal, f"/resource/{dataset}.csv", limit=5)
        assert next(csv.reader(io.StringIO(response.text))) == fields
        assert json.loads(response.headers["X-SODA2-Fields"]) == fields
        assert json.loads(response.headers["X-SODA2-Types"]) == [
            column["dataTypeName"] for column in metadata["columns"]
        ]
        assert int(response.headers["Content-Length"]) == len(response.content)
        assert response.headers["X-SODA2-Data-Out-Of-Date"] == "false"
        for name in ("ETag", "Last-Modified", "X-SODA2-Truth-Last-Modified"):
            assert name in response.headers
    assert len(get(portal, f"/api/views/{CRASHES}.json").json()["columns"]) == 48
    assert len(get(portal, f"/api/views/{VEHICLES}.json").json()["columns"]) == 71


@pytest.mark.parametrize(
    ("path", "parameters", "status", "said"),
    [
        ("/resource/none-such.json", {}, 404, "Not found"),
        ("/api/views/none-such.json", {}, 404, "Not found"),
        (f"/resource/{CRASHES}.json", {"where": "agee > 3"}, 400, "No such column: agee"),
        (f"/resource/{CRASHES}.json", {"select": "agee"}, 400, "No such column: agee"),
        (f"/resource/{CRASHES}.json", {"order": "agee"}, 400, "No such column: agee"),
        (f"/resource/{CRASHES}.json", {"where": "crash_hour >"}, 400, "Could not parse"),
        (f"/resource/{CRASHES}.json", {"limit": 50_001}, 400, "50001"),
        (f"/resource/{CRASHES}.json", {"limit": "many"}, 400, "many"),
        (f"/resource/{CRASHES}.json", {"where": "getenv('HOME') = ''"}, 400, "No such function"),
        (f"/resource/{CRASHES}.json", {"where": "crash_date > 'x'"}, 400, "type-mismatch"),
        (f"/resource/{CRASHES}.json", {"where": ":id > ''"}, 400, "type-mismatch"),
        (f"/resource/{CRASHES}.json", {"where": ":id in ('file:1')"}, 400, "type-mismatch"),
        (f"/resource/{CRASHES}.json", {"query": "select * from people"}, 400, "Could not parse"),
        (f"/resource/{CRASHES}.json", {"nonsense": "1"}, 400, "$nonsense"),
    ],
)
def test_refusals(
    portal: SamplePortal, path: str, parameters: dict[str, object], status: int, said: str
) -> None:
    response = get(portal, path, **parameters)
    body = response.json()
    assert response.status_code == status
    assert said in body["message"]
    assert ("errorCode" in body) != ("error" in body)


def test_soda_3_gives_the_same_rows_in_pages_of_a_total_order(portal: SamplePortal) -> None:
    url = f"{portal.url}/api/v3/views/{PEOPLE}/query.json"
    asked = {"query": "SELECT * WHERE sex = 'X'", "page": {"pageNumber": 1, "pageSize": 40}}
    assert requests.post(url, json=asked, timeout=20).status_code == 403
    token = {"X-App-Token": "any"}
    rows: list[dict[str, Any]] = []
    for number in range(1, 20):
        asked["page"] = {"pageNumber": number, "pageSize": 40}
        rows += requests.post(url, json=asked, headers=token, timeout=20).json()
    same = json_page(portal, PEOPLE, select=":*,*", where="sex = 'X'", order=":id", limit=5000)
    assert rows == same
    assert len(rows) > 50
    export = requests.post(
        url.replace("query.json", "export.csv"),
        json={"query": "select person_id, age order by :id", "includeSystem": False},
        headers=token,
        timeout=20,
    )
    assert (
        export.text
        == get(
            portal, f"/resource/{PEOPLE}.csv", select="person_id,age", order=":id", limit=50_000
        ).text
    )


# ---- control of the data


def newer(portal: SamplePortal, dataset: str, than: list[Row]) -> list[Row]:
    mark = max(row[":updated_at"] or "" for row in than)
    return [row for row in all_rows(portal, dataset) if (row[":updated_at"] or "") > mark]


def test_amending_keeps_the_id_and_moves_the_stamp(portal: SamplePortal) -> None:
    before = all_rows(portal, CRASHES)
    changed_at = get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"]
    portal.amend(CRASHES, rows=3)
    amended = newer(portal, CRASHES, before)
    old = {row[":id"]: row for row in before}
    assert len(amended) == 3
    for row in amended:
        differing = {name for name, value in row.items() if old[row[":id"]][name] != value}
        assert differing == {":updated_at", ":version", "prim_contributory_cause"}
    assert get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"] > changed_at
    key = before[0]["crash_record_id"]
    portal.amend(CRASHES, keys=[key], changes={"injuries_total": 4, "damage": None})
    [row] = page(portal, CRASHES, where=f"crash_record_id = '{key}'")
    assert (row["injuries_total"], row["damage"]) == ("4", None)
    assert portal.amend(CRASHES, where="crash_hour = 3")["rows"] > 0


def test_every_dataset_can_be_amended_and_added_to(portal: SamplePortal) -> None:
    for dataset in [CRASHES, PEOPLE, VEHICLES, DEATHS, *LAYERS]:
        before = all_rows(portal, dataset)
        assert portal.amend(dataset, rows=2)["rows"] == 2
        portal.add(dataset, rows=3)
        assert len(newer(portal, dataset, before)) == 5
        assert count(portal, dataset) == len(before) + 3


def test_a_whole_new_crash_brings_its_people_and_vehicles(portal: SamplePortal) -> None:
    people, vehicles = all_rows(portal, PEOPLE), all_rows(portal, VEHICLES)
    added = portal.add(CRASHES, rows=4, whole=True)
    new_people, new_vehicles = newer(portal, PEOPLE, people), newer(portal, VEHICLES, vehicles)
    assert added["rows"] == {
        CRASHES: 4,
        PEOPLE: len(new_people),
        VEHICLES: len(new_vehicles),
    }
    assert {row["crash_record_id"] for row in new_vehicles} == set(added["keys"])
    assert not {p["person_id"] for p in people} & {p["person_id"] for p in new_people}


def test_late_rows_lie_below_the_newest(portal: SamplePortal) -> None:
    before = all_rows(portal, CRASHES)
    portal.add(CRASHES, rows=2, late=True)
    assert newer(portal, CRASHES, before) == []
    assert count(portal, CRASHES) == SIZE + 2


def test_deleting_leaves_no_trace_but_the_time_of_the_dataset(portal: SamplePortal) -> None:
    before = all_rows(portal, CRASHES)
    changed_at = get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"]
    gone = portal.delete(CRASHES, rows=5)["keys"]
    after = all_rows(portal, CRASHES)
    assert len(gone) == 5
    assert [r for r in before if r["crash_record_id"] not in gone] == after
    assert get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"] > changed_at


def test_a_republished_dataset_has_new_ids_and_equal_rows(portal: SamplePortal) -> None:
    before = {r["crash_record_id"]: r for r in all_rows(portal, CRASHES)}
    portal.republish(CRASHES, changed=2)
    after = {r["crash_record_id"]: r for r in all_rows(portal, CRASHES)}
    assert set(before) == set(after)
    assert not {r[":id"] for r in before.values()} & {r[":id"] for r in after.values()}
    assert len({r[":updated_at"] for r in after.values()}) == 1
    own = [name for name in next(iter(before.values())) if not name.startswith(":")]
    differing = [k for k in before if any(before[k][n] != after[k][n] for n in own)]
    assert len(differing) == 2


def test_columns_come_go_and_change_their_type(portal: SamplePortal) -> None:
    portal.control("column", dataset=CRASHES, action="add", column="drone_i", value="N")
    portal.control("column", dataset=CRASHES, action="drop", column="lane_cnt")
    portal.control("column", dataset=CRASHES, action="retype", column="street_no", type="text")
    columns = {
        c["fieldName"]: c["dataTypeName"]
        for c in get(portal, f"/api/views/{CRASHES}.json").json()["columns"]
    }
    assert columns["drone_i"] == "text"
    assert columns["street_no"] == "text"
    assert "lane_cnt" not in columns
    [row] = page(portal, CRASHES, limit=1)
    assert row["drone_i"] == "N"
    assert list(row) == list(columns)
    portal.add(CRASHES, rows=2, whole=True)
    assert count(portal, CRASHES) == SIZE + 2


def test_a_removed_dataset_is_not_found_until_it_is_restored(portal: SamplePortal) -> None:
    portal.control("remove", dataset=BEATS)
    assert get(portal, f"/resource/{BEATS}.csv").status_code == 404
    assert get(portal, f"/api/views/{BEATS}.json").status_code == 404
    portal.control("restore", dataset=BEATS)
    assert get(portal, f"/resource/{BEATS}.csv").status_code == 200


def test_a_reset_gives_the_data_of_the_start(portal: SamplePortal) -> None:
    before = all_rows(portal, PEOPLE)
    portal.delete(PEOPLE, rows=100)
    portal.amend(PEOPLE, rows=100)
    portal.reset()
    assert all_rows(portal, PEOPLE) == before


def test_what_cannot_be_obeyed_is_refused(portal: SamplePortal) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("amend", {"dataset": CRASHES}),
        ("amend", {"dataset": CRASHES, "keys": ["none"]}),
        ("amend", {"dataset": "none-such", "rows": 1}),
        ("amend", {"dataset": CRASHES, "rows": 1, "changes": {"agee": "3"}}),
        ("amend", {"rows": 1}),
        ("add", {"dataset": CRASHES, "records": [{"agee": "3"}]}),
        ("column", {"dataset": CRASHES, "action": "bend", "column": "agee"}),
        ("misbehave", {"kind": "nonsense"}),
        ("nonsense", {}),
    ]
    for verb, call in calls:
        with pytest.raises(ValueError, match=verb):
            portal.control(verb, **call)


# ---- faults


def statuses(portal: SamplePortal, requests_made: int) -> list[int]:
    return [
        get(portal, f"/resource/{CRASHES}.csv", limit=3).status_code for _ in range(requests_made)
    ]


@pytest.mark.parametrize("status", [202, 429, 500, 502, 503, 504])
def test_a_status_comes_with_the_request_it_is_queued_for(
    portal: SamplePortal, status: int
) -> None:
    portal.misbehave("status", dataset=CRASHES, status=status, nth=2, times=2, retry_after=7)
    assert get(portal, f"/resource/{PEOPLE}.csv", limit=1).status_code == 200
    assert count(portal, CRASHES) == SIZE
    assert statuses(portal, 4) == [200, status, status, 200]


def test_both_bodies_of_errors(portal: SamplePortal) -> None:
    portal.misbehave("status", status=500, body="errorCode", retry_after=None)
    portal.misbehave("status", status=429, nth=2, retry_after=3)
    first = get(portal, f"/resource/{CRASHES}.csv")
    assert "errorCode" in first.json()
    assert "Retry-After" not in first.headers
    second = get(portal, f"/resource/{CRASHES}.csv")
    assert second.json()["error"] is True
    assert second.headers["Retry-After"] == "3"


@pytest.mark.parametrize("kind", ["cut", "short", "drop"])
def test_a_broken_body_is_a_broken_connection(portal: SamplePortal, kind: str) -> None:
    portal.misbehave(kind, dataset=CRASHES)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        get(portal, f"/resource/{CRASHES}.csv", limit=1000)
    assert statuses(portal, 1) == [200]


@pytest.mark.parametrize("form", ["csv", "json", "geojson"])
def test_a_body_cut_at_a_rows_end_parses(portal: SamplePortal, form: str) -> None:
    portal.misbehave("truncated", dataset=BEATS)
    response = get(portal, f"/resource/{BEATS}.{form}", order=":id")
    assert int(response.headers["Content-Length"]) == len(response.content)
    if form == "csv":
        rows = len(list(csv.DictReader(io.StringIO(response.text))))
    else:
        body = response.json()
        rows = len(body if form == "json" else body["features"])
    assert 100 < rows < 177


def test_html_empty_page_stale_replica_and_delay(portal: SamplePortal) -> None:
    path = f"/resource/{CRASHES}.csv"
    portal.misbehave("html")
    response = get(portal, path)
    assert response.status_code == 200
    assert response.text.startswith("<!DOCTYPE html>")
    portal.misbehave("empty")
    assert page(portal, CRASHES) == []
    portal.misbehave("stale")
    assert get(portal, path, limit=1).headers["X-SODA2-Data-Out-Of-Date"] == "true"
    portal.misbehave("delay", seconds=0.4, what="metadata")
    started = time.monotonic()
    get(portal, f"/api/views/{CRASHES}.json")
    assert time.monotonic() - started >= 0.4


def test_rows_change_while_paging(portal: SamplePortal) -> None:
    portal.misbehave(
        "change", dataset=CRASHES, nth=2, call={"verb": "amend", "dataset": CRASHES, "rows": 9}
    )
    before = page(portal, CRASHES, select=":id,:updated_at", order=":id", limit=5000)
    after = page(portal, CRASHES, select=":id,:updated_at", order=":id", limit=5000)
    assert sum(b != a for b, a in zip(before, after, strict=True)) == 9


def test_a_token_can_be_required(portal: SamplePortal) -> None:
    portal.control("token", token="secret")  # noqa: S106 - of this test
    path = f"/resource/{CRASHES}.csv?$limit=1"
    assert requests.get(portal.url + path, timeout=20).status_code == 403
    given = {"X-App-Token": "secret"}
    assert requests.get(portal.url + path, headers=given, timeout=20).status_code == 200
    portal.behave()
    assert requests.get(portal.url + path, timeout=20).status_code == 200


def test_requests_are_logged_with_what_they_got(portal: SamplePortal) -> None:
    portal.forget_requests()
    get(portal, f"/resource/{CRASHES}.csv", limit=12)
    count(portal, CRASHES)
    get(portal, f"/api/views/{CRASHES}.json")
    get(portal, "/resource/none-such.csv")
    logged = [(r["what"], r["status"], r["rows"]) for r in portal.requests()]
    assert logged == [
        ("page", 200, 12),
        ("aggregate", 200, 1),
        ("metadata", 200, 0),
        ("page", 404, 0),
    ]


# ---- the process


def test_a_taken_port_is_said_in_one_line(portal: SamplePortal) -> None:
    port = int(portal.url.rpartition(":")[2])
    with pytest.raises(StartError, match=f"port {port}"), running(crashes=10, port=port):
        pass


def test_it_ends_with_its_parent_however_that_ends() -> None:
    script = (
        "from ingestion.sample_portal import running\n"
        "import sys\n"
        "with running(crashes=10) as p:\n"
        "    print(p.url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert requests.get(f"{url}/api/views/{CRASHES}.json", timeout=5).ok
        parent.kill()
    for _ in range(50):
        try:
            requests.get(f"{url}/api/views/{CRASHES}.json", timeout=5)
        except requests.RequestException:
            # Refused, or cut off where it was answering just then.
            return
        time.sleep(0.1)
    pytest.fail("the sample portal outlived its parent")


def test_a_folder_of_files_is_served_as_it_is(tmp_path: Any) -> None:
    (tmp_path / "aaaa-0001.csv").write_text('"id","name"\n"1",\n"2",""\n"3","a ""b"", c"\n')
    (tmp_path / "aaaa-0001.types.json").write_text('{"id": "number", "name": "text"}')
    square = [[[[-87.5, 41.5], [-87.25, 41.5], [-87.25, 41.75], [-87.5, 41.5]]]]
    feature = {
        "type": "Feature",
        "geometry": {"type": "MultiPolygon", "coordinates": square},
        "properties": {"ward": "1", "note": None},
    }
    collection = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "p293-wvbd.geojson").write_text(json.dumps(collection))
    with running(folder=tmp_path) as portal:
        text = get(portal, "/resource/aaaa-0001.csv", order="id").text
        assert text == '"id","name"\n"1",\n"2",""\n"3","a ""b"", c"\n'
        served = get(portal, "/resource/p293-wvbd.geojson").json()
        assert served["features"][0]["geometry"] == feature["geometry"]
        assert served["features"][0]["properties"] == feature["properties"]
        assert get(portal, f"/resource/{CRASHES}.csv").status_code == 404
        metadata = get(portal, "/api/views/aaaa-0001.json").json()
        assert metadata["attribution"].startswith("Files of")
        assert len(all_rows(portal, "aaaa-0001", size=1)) == 3


def test_a_folder_without_datasets_is_refused(tmp_path: Any) -> None:
    with pytest.raises(StartError, match=r"no \.csv or \.geojson"), running(folder=tmp_path):
        pass


def test_twenty_thousand_crashes_are_served_within_five_seconds() -> None:
    # Seconds of the processor that the portal takes: those of the clock are the other tests' too.
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with running(crashes=20_000) as portal:
            assert count(portal, CRASHES) == 20_000
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert 0.1 < min(seconds) < 5
