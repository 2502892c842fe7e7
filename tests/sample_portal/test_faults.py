"""The faults that the sample portal is told to have, each once it is due."""

import csv
import io
import time

import pytest
import requests

from ingestion.sample_portal import SamplePortal
from tests.sample_portal.pages import BEATS, CRASHES, PEOPLE, SIZE, count, get, page


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
