"""The sample portal answers as the City's does."""

import csv
import io
import json
from typing import Any

import pytest
import requests

from ingestion.sample_portal import SamplePortal
from tests.sample_portal.pages import (
    BEATS,
    CRASHES,
    DEATHS,
    LAYERS,
    PEOPLE,
    SIZE,
    VEHICLES,
    all_rows,
    count,
    get,
    json_page,
    page,
)


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
