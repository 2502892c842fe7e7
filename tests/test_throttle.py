"""At most so many requests in an hour, whichever process makes them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ingestion.portal import portal_identity
from ingestion.sample_portal import SamplePortal
from ingestion.throttle import throttle
from tests.loads import CATALOG, load
from warehouse.settings import Target, soda_settings

# Asks for the metadata of a dataset, time and again, in an hour of so many seconds.
ASK = """
import sys
from ingestion import throttle
from ingestion.portal import open_portal

throttle._PERIOD_S = float(sys.argv[2])
with open_portal(sys.argv[1]) as portal:
    for _ in range(4):
        portal.metadata("p293-wvbd")
"""


@contextmanager
def asking(target: Target, hour_s: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", ASK, target, str(hour_s)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_requests(portal: SamplePortal, count: int) -> None:
    until = time.monotonic() + 20
    while len(portal.requests()) < count and time.monotonic() < until:
        time.sleep(0.05)


def test_two_processes_together_make_no_more_requests_than_are_allowed(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__REQUESTS_PER_HOUR", "5")
    with ExitStack() as stack:
        processes = [stack.enter_context(asking(warehouse, 3_600)) for _ in range(2)]
        wait_for_requests(own_portal, 5)
        time.sleep(1)
        assert len(own_portal.requests()) == 5
        waiting = [process for process in processes if process.poll() is None]
        assert waiting, "eight requests are not five"
        started = time.monotonic()
        lines = 0
        for process in waiting:
            os.kill(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=10)
            lines += said.count("5 requests in the last hour: waiting until ")
        # Each says so once; one may just be ending, as it had its four.
        assert 1 <= lines <= len(waiting)
        assert time.monotonic() - started < 3


def test_when_the_hour_is_over_the_next_ones_are_made(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__REQUESTS_PER_HOUR", "3")
    with asking(warehouse, 1) as process:
        wait_for_requests(own_portal, 1)
        started = time.monotonic()
        assert process.wait(20) == 0
        assert time.monotonic() - started > 0.8
    assert len(own_portal.requests()) == 4


def test_every_request_counts_with_its_repetitions(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_portal.misbehave("status", what="metadata", status=503)
    portal_identity(CATALOG["wards"], warehouse)
    load("wards", warehouse)
    made = len(own_portal.requests())
    monkeypatch.setenv("SOURCES__SODA__REQUESTS_PER_HOUR", str(made + 1))
    never = threading.Event()
    with throttle(warehouse, soda_settings()) as turns:
        turns.wait(never)
        another = threading.Thread(target=turns.wait, args=(never,), daemon=True)
        another.start()
        another.join(0.5)
        assert another.is_alive()
        never.set()
        another.join(5)
        assert not another.is_alive()


def test_to_count_a_request_takes_no_time_to_speak_of(warehouse: Target) -> None:
    with throttle(warehouse, soda_settings()) as turns:
        times = []
        for _ in range(200):
            started = time.perf_counter()
            turns.wait(threading.Event())
            times.append(time.perf_counter() - started)
    assert sorted(times)[len(times) // 2] < 0.005
