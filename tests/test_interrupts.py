"""A run that is called off while DuckDB works ends as called off, and at once."""

import os
import signal
import time
from collections.abc import Iterator
from threading import Timer
from types import FrameType

import pytest
from prefect.exceptions import TerminationSignal

from flows.build import build
from flows.progress import LogWatcher
from ingestion.sample_portal import SamplePortal
from ingestion.source import Progress
from tests.loads import in_raw, load
from warehouse.connection import connect
from warehouse.settings import Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)
CTRL_C, ORDER_TO_END = KeyboardInterrupt(), TerminationSignal(signal.SIGTERM)
DAYS_OF_WORK = "select sum(a.range * b.range) from range(10_000_000) a, range(10_000_000) b"
SOON_S = 0.2
KILLED_AFTER_S = 30


@pytest.fixture(params=[CTRL_C, ORDER_TO_END], ids=["Ctrl-C", "SIGTERM"])
def interrupt(request: pytest.FixtureRequest) -> Iterator[BaseException]:
    """What a signal raises: a Ctrl-C, or what Prefect makes of the order to end."""

    def raise_it(number: int, frame: FrameType | None) -> None:
        raise request.param

    before = {
        signal.SIGUSR1: signal.signal(signal.SIGUSR1, raise_it),
        # Prefect passes the order on to the process when the flow has ended.
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: None),
    }
    try:
        yield request.param
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


@pytest.mark.usefixtures("prefect_server", "models_alone")
@pytest.mark.parametrize(
    ("target", "interrupt", "error"),
    [
        ("duckdb", CTRL_C, "interrupted"),
        ("postgis", ORDER_TO_END, "ended from outside: it was cancelled in Prefect, or its"),
    ],
    ids=["Ctrl-C-duckdb", "SIGTERM-postgis"],
    indirect=["target", "interrupt"],
)
def test_within_a_build(
    loaded: Target, interrupt: BaseException, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called_off: list[float] = []

    def node(self: LogWatcher, name: str, done: int, total: int) -> None:
        if not called_off:
            called_off.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGUSR1)

    monkeypatch.setattr(LogWatcher, "node", node)
    with pytest.raises(type(interrupt)):
        build(target=loaded)
    # Prefect kills what does not end.
    assert time.monotonic() - called_off[0] < KILLED_AFTER_S
    with connect(loaded, read_only=True) as connection:
        [run] = connection.fetch(
            "select status, error from ops.sync_runs where parameters like '%build%'"
        ).to_pylist()
    assert run["status"] == "failed"
    assert run["error"].startswith(error)
