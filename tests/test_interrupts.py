"""A run that is called off while DuckDB works ends as called off, and at once."""

import os
import signal
from collections.abc import Iterator
from threading import Timer
from types import FrameType

import pytest
from prefect.exceptions import TerminationSignal

from ingestion.sample_portal import SamplePortal
from ingestion.source import Progress
from tests.loads import in_raw, load
from warehouse.connection import connect
from warehouse.settings import Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)
DAYS_OF_WORK = "select sum(a.range * b.range) from range(10_000_000) a, range(10_000_000) b"
SOON_S = 0.2


@pytest.fixture(
    params=[KeyboardInterrupt(), TerminationSignal(signal.SIGTERM)], ids=["Ctrl-C", "SIGTERM"]
)
def interrupt(request: pytest.FixtureRequest) -> Iterator[BaseException]:
    """What a signal raises: a Ctrl-C, or what Prefect makes of the order to end."""

    def raise_it(number: int, frame: FrameType | None) -> None:
        raise request.param

    before = signal.signal(signal.SIGUSR1, raise_it)
    try:
        yield request.param
    finally:
        signal.signal(signal.SIGUSR1, before)


@on_duckdb
def test_within_a_query_of_the_warehouse(warehouse: Target, interrupt: BaseException) -> None:
    for _ in range(3):  # of many threads that share few cores one is likely to be left behind
        with pytest.raises(type(interrupt)):
            work_and_be_called_off(warehouse)


def work_and_be_called_off(target: Target) -> None:
    with connect(target) as connection:
        connection.execute("set threads = 8")
        Timer(SOON_S, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        connection.fetch(DAYS_OF_WORK)


@on_duckdb
def test_within_a_step_of_a_load(
    own_portal: SamplePortal, warehouse: Target, interrupt: BaseException
) -> None:
    def called_off(progress: Progress) -> None:
        # As DuckDB does, by which each page is sifted.
        raise RuntimeError("Query interrupted") from interrupt

    with pytest.raises(type(interrupt)):
        load("crashes", warehouse, on_progress=called_off)
    assert in_raw("crashes", warehouse) == []
