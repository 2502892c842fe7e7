"""A portal that misbehaves: each load ends in complete data or says why not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import tenacity

from ingestion import retry, source
from ingestion.sample_portal import SamplePortal
from ingestion.soda import PortalError
from tests.loads import IDS, assert_complete, at_the_portal, in_raw, load, of_the_portal

pytestmark = [
    pytest.mark.parametrize("target", ["duckdb"], indirect=True),
    pytest.mark.usefixtures("warehouse"),
]

# Both in five pages: one with a key of the City's, one with made ones.
PAGE_SIZES = {"crashes": "200", "fatalities": "2"}
# The requests for pages that are the first, the third and the last one, where a fault is followed
# by asking again, where half a page is followed by the rest, and where a page comes all the same.
REPEATED, HALVED, ANSWERED = (1, 4, 7), (1, 4, 6), (1, 3, 5)

FAULTS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    **{f"{code}": ({"kind": "status", "status": code}, REPEATED) for code in (202, 408, 429, 500)},
    **{f"{code}": ({"kind": "status", "status": code}, REPEATED) for code in (502, 503, 504)},
    "429 with Retry-After": ({"kind": "status", "status": 429, "retry_after": 0}, REPEATED),
    "time-out": ({"kind": "delay", "seconds": 1.2}, REPEATED),
    "connection closed": ({"kind": "drop"}, REPEATED),
    "connection cut in mid-body": ({"kind": "cut"}, REPEATED),
    "body shorter than promised": ({"kind": "short"}, REPEATED),
    "gzip body shorter than promised": ({"kind": "short", "gzip": True}, REPEATED),
    "body cut in a row": ({"kind": "torn"}, REPEATED),
    "body cut at a row's end": ({"kind": "truncated"}, HALVED),
    "HTML page": ({"kind": "html"}, REPEATED),
    "empty page": ({"kind": "empty"}, REPEATED),
    "stale replica": ({"kind": "stale"}, REPEATED),
    "rows amended": ({"kind": "change"}, ANSWERED),
}


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACKOFF", tenacity.wait_none())
    monkeypatch.setenv("SOURCES__SODA__TIMEOUT_S", "1")


def misbehave(portal: SamplePortal, name: str, fault: dict[str, Any], **when: Any) -> None:
    call: dict[str, Any] = {"dataset": IDS[name], **fault, **when}
    if fault["kind"] == "change":
        call["call"] = {"verb": "amend", "dataset": IDS[name], "rows": 1}
    portal.misbehave(**call)


def faults_met(portal: SamplePortal) -> int:
    return sum(request["fault"] is not None for request in portal.requests())


def assert_faults_met(portal: SamplePortal, count: int) -> None:
    """The portal notes an answer that nobody waited for when it is done with it."""
    until = time.monotonic() + 5
    while faults_met(portal) < count and time.monotonic() < until:
        time.sleep(0.05)
    assert faults_met(portal) == count


@pytest.mark.parametrize("name", list(PAGE_SIZES))
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_at_the_first_a_middle_and_the_last_page_costs_no_row(
    own_portal: SamplePortal, name: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All pages in one step: what dlt takes for a second one would be most of the test's time.
    monkeypatch.setattr(source, "PAGES_A_STEP", 10)
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", PAGE_SIZES[name])
    monkeypatch.setenv("SOURCES__SODA__CONCURRENCY", "1")
    call, pages = FAULTS[fault]
    for page in pages:
        misbehave(own_portal, name, call, nth=page)
    load(name)
    assert_faults_met(own_portal, len(pages))
    assert_complete(own_portal, name)


@pytest.mark.parametrize(
    "fault",
    [
        "503",
        "connection cut in mid-body",
        "empty page",
        "body cut at a row's end",
        "stale replica",
        "rows amended",
    ],
)
def test_a_fault_among_pages_that_are_read_at_once_costs_no_row(
    own_portal: SamplePortal, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "150")
    # Of the requests for pages the first three ask for the marks between them.
    for request in (2, 5, 7):
        misbehave(own_portal, "crashes", FAULTS[fault][0], nth=request)
    load("crashes")
    assert_faults_met(own_portal, 3)
    assert_complete(own_portal, "crashes")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("503", "refused resource/85ca-t3if.csv with 503"),
        ("HTML page", "expected text/csv, got text/html"),
        ("empty page", r"crashes \(85ca-t3if\): the portal counts 400 more rows but sends none"),
        ("body cut at a row's end", "more rows but sends none"),
        ("stale replica", "X-SODA2-Data-Out-Of-Date"),
    ],
)
def test_a_fault_that_stays_fails_the_load_and_the_next_one_completes_it(
    own_portal: SamplePortal, fault: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "150")
    monkeypatch.setenv("SOURCES__SODA__CONCURRENCY", "1")
    misbehave(own_portal, "crashes", FAULTS[fault][0], nth=5, times=1_000)
    with pytest.raises(PortalError, match=said) as failed:
        load("crashes")
    assert failed.value.is_passing
    assert "\n" not in str(failed.value)
    there = {row["_row_id"]: row for row in at_the_portal_after(own_portal)}
    here = of_the_portal(in_raw("crashes"))
    assert len(here) >= 600, "the step that was whole"
    assert all(row == there[row["_row_id"]] for row in here)
    own_portal.forget_requests()
    load("crashes")
    assert_complete(own_portal, "crashes")
    assert sum(r["rows"] for r in own_portal.requests() if r["what"] == "page") == 2_000 - len(here)


@pytest.mark.parametrize(
    ("what", "kinds"),
    [
        ("aggregate", ("html", "empty", "truncated", "torn", "stale")),
        ("metadata", ("html", "status", "drop")),
    ],
)
def test_counts_and_metadata_are_asked_for_again_like_pages(
    own_portal: SamplePortal, what: str, kinds: tuple[str, ...]
) -> None:
    for number, kind in enumerate(kinds, start=1):
        own_portal.misbehave(kind, dataset=IDS["wards"], what=what, nth=number)
    load("wards")
    assert_faults_met(own_portal, len(kinds))
    assert_complete(own_portal, "wards")


def at_the_portal_after(portal: SamplePortal) -> list[dict[str, str | None]]:
    """The portal's rows, once it behaves again."""
    portal.behave()
    return at_the_portal(portal, "crashes")


@pytest.mark.parametrize(
    "retry_after",
    [lambda: 1, lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)],
    ids=["seconds", "date"],
)
def test_a_portal_that_asks_for_patience_gets_it(
    own_portal: SamplePortal, retry_after: Callable[[], object]
) -> None:
    own_portal.misbehave(
        "status", what="metadata", status=429, dataset=IDS["wards"], retry_after=retry_after()
    )
    started = time.monotonic()
    load("wards")
    assert time.monotonic() - started >= 1
    assert_complete(own_portal, "wards")


def test_a_portal_that_asks_for_an_hour_fails_the_load_at_once(own_portal: SamplePortal) -> None:
    own_portal.misbehave("status", status=429, dataset=IDS["wards"], retry_after=3600)
    with pytest.raises(PortalError, match=r"429.*it asks for 3,600 s of patience"):
        load("wards")


@pytest.mark.parametrize("what", ["aggregate", "metadata"])
def test_what_changes_after_the_last_page_comes_with_the_same_load(
    own_portal: SamplePortal, what: str
) -> None:
    call = {"verb": "amend", "dataset": IDS["wards"], "rows": 5}
    own_portal.misbehave("change", dataset=IDS["wards"], call=call, what=what, nth=2)
    assert load("wards").rows_updated == 5
    assert_complete(own_portal, "wards")
    own_portal.forget_requests()
    load("wards")
    assert [request["what"] for request in own_portal.requests()] == ["metadata"]


def test_what_changes_without_end_is_left_to_the_next_load(own_portal: SamplePortal) -> None:
    call = {"verb": "amend", "dataset": IDS["wards"], "rows": 5}
    own_portal.misbehave(
        "change", dataset=IDS["wards"], what="metadata", nth=2, times=50, call=call
    )
    load("wards")
    own_portal.behave()
    assert load("wards").rows_updated == 5
    assert_complete(own_portal, "wards")


def test_an_interrupt_does_not_wait_for_the_pages_that_are_under_way(
    own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "150")
    monkeypatch.setenv("SOURCES__SODA__TIMEOUT_S", "120")
    own_portal.misbehave("delay", dataset=IDS["crashes"], nth=4, times=4, seconds=40)
    code = "from tests.loads import load; load('crashes')"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as run:
        while sum(request["what"] == "page" for request in own_portal.requests()) < 3:
            assert run.poll() is None
            time.sleep(0.05)
        time.sleep(0.3)
        started = time.monotonic()
        os.kill(run.pid, signal.SIGINT)
        run.communicate(timeout=60)
        assert time.monotonic() - started < 20
    assert run.returncode == -signal.SIGINT
