"""What a run tells whoever watches it: on a terminal, in a worker's log, or in a plain one."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Protocol

from ingestion.source import Progress
from warehouse.records import DatasetLoad


class Measure(Protocol):
    """Told how far a run is; may be called from several threads."""

    def page(self, progress: Progress) -> None:
        """A page of a dataset was read."""

    def loaded(self, load: DatasetLoad) -> None:
        """A dataset was loaded; of one that was not, a warning tells."""

    def node(self, name: str, done: int, total: int) -> None:
        """A node of dbt is done."""


class Watcher(Measure, Protocol):
    """Told of a run as it goes; may be called from several threads."""

    def say(self, line: str) -> None:
        """A line worth reading at any time."""

    def warn(self, line: str) -> None:
        """A line that asks for attention, though the run goes on."""


class LogWatcher:
    """Writes one line a page, a dataset and a phase.

    Attributes:
        nodes: how many of dbt's are done.
    """

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self.nodes = 0
        self._logger = logger

    def say(self, line: str) -> None:
        """Write it."""
        self._logger.info(line)

    def warn(self, line: str) -> None:
        """Write it as a warning."""
        self._logger.warning(line)

    def page(self, progress: Progress) -> None:
        """Write how far the dataset is; of the last page `loaded` tells."""
        if progress.rows >= progress.expected_rows:
            return
        self._logger.info(
            f"{progress.dataset}: page {progress.pages},"
            f" {progress.rows:,} of {progress.expected_rows:,} rows",
            extra=asdict(progress),
        )

    def loaded(self, load: DatasetLoad) -> None:
        """Write what the load did."""
        self._logger.info(describe(load), extra=asdict(load))

    def node(self, name: str, done: int, total: int) -> None:
        """Write nothing: a node that fails or warns has its line, and the build has one."""
        self.nodes = done


class _Measured:
    """A watcher beside which a measure is told how far the run is."""

    def __init__(self, shown: Watcher, measure: Measure) -> None:
        self._shown, self._measure = shown, measure
        self.say, self.warn = shown.say, shown.warn

    def page(self, progress: Progress) -> None:
        self._shown.page(progress)
        self._measure.page(progress)

    def loaded(self, load: DatasetLoad) -> None:
        self._shown.loaded(load)
        self._measure.loaded(load)

    def node(self, name: str, done: int, total: int) -> None:
        self._shown.node(name, done, total)
        self._measure.node(name, done, total)


_watcher: Watcher | None = None
_measure: Measure | None = None


def watcher() -> Watcher:
    """The watcher of this process, else the log of the run; beside it what measures the run."""
    shown = _shown()
    return _Measured(shown, _measure) if _measure else shown


def _shown() -> Watcher:
    if _watcher:
        return _watcher
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger

    try:
        return LogWatcher(get_run_logger())
    except MissingContextError:
        return LogWatcher(logging.getLogger("flows"))


@contextmanager
def watched_by(new: Watcher) -> Iterator[None]:
    """Let a watcher see the runs of this block."""
    global _watcher
    _watcher, before = new, _watcher
    try:
        yield
    finally:
        _watcher = before


@contextmanager
def measured_by(new: Measure) -> Iterator[None]:
    """Tell a measure how far the run of this block is."""
    global _measure
    _measure, before = new, _measure
    try:
        yield
    finally:
        _measure = before


def describe(load: DatasetLoad) -> str:
    """What a load that succeeded did, in one line."""
    rate = load.rows_fetched / load.seconds if load.seconds else 0
    return (
        f"{load.dataset}: {load.rows_fetched:,} fetched, {load.rows_inserted:,} inserted,"
        f" {load.rows_updated:,} updated, {load.rows_unchanged:,} unchanged,"
        f" {load.requests} requests, {load.seconds:.1f} s ({rate:,.0f} rows/s)"
    )
