"""A run that is called off while DuckDB works ends as called off, whatever DuckDB makes of it."""

import signal
from collections.abc import Iterator
from types import FrameType

import duckdb
import pytest
from prefect.exceptions import TerminationSignal

from ingestion.sample_portal import SamplePortal
from ingestion.source import Progress
from tests.loads import in_raw, load
from warehouse.connection import connect
from warehouse.settings import Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)
HOURS_OF_WORK = "select sum(a.range * b.range) from range(10_000_000) a, range(10_000_000) b"
SOON_S = 0.2


@pytest.fixture(
    params=[KeyboardInterrupt(), TerminationSignal(signal.SIGTERM)], ids=["Ctrl-C", "SIGTERM"]
)
def interrupt(request: pytest.FixtureRequest) -> Iterator[BaseException]:
    """What an alarm raises: a Ctrl-C, or what Prefect makes of the order to end."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise request.param

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield request.param
    finally:
        signal.signal(signal.SIGALRM, before)


@on_duckdb
def test_within_a_query_of_the_warehouse(warehouse: Target, interrupt: BaseException) -> None:
    signal.setitimer(signal.ITIMER_REAL, SOON_S)
    with pytest.raises(type(interrupt)), connect(warehouse) as connection:
        connection.fetch(HOURS_OF_WORK)


@on_duckdb
def test_within_a_step_of_a_load(
    own_portal: SamplePortal, warehouse: Target, interrupt: BaseException
) -> None:
    def work(progress: Progress) -> None:
        signal.setitimer(signal.ITIMER_REAL, SOON_S)
        with duckdb.connect() as session:
            session.sql(HOURS_OF_WORK).fetchall()

    with pytest.raises(type(interrupt)):
        load("crashes", warehouse, on_progress=work)
    assert in_raw("crashes", warehouse) == []
