"""What a run tells whoever watches it: on a terminal, in a worker's log, or in a plain one."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ingestion.source import Progress
from warehouse.records import DatasetLoad


class Watcher(Protocol):
    """Told of a run as it goes; may be called from several threads."""

    def say(self, line: str) -> None:
        """A line worth reading at any time."""

    def warn(self, line: str) -> None:
        """A line that asks for attention, though the run goes on."""

    def page(self, progress: Progress) -> None:
        """A page of a dataset was read."""

    def loaded(self, load: DatasetLoad) -> None:
        """A dataset was loaded; of one that was not, a warning tells."""

    def node(self, name: str, done: int, total: int) -> None:
        """A node of dbt is done."""


class LogWatcher:
    """Writes one line a page, a dataset and a phase."""

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
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
            f" {progress.rows:,} of {progress.expected_rows:,} rows"
        )

    def loaded(self, load: DatasetLoad) -> None:
        """Write what the load did."""
        self._logger.info(describe(load))

    def node(self, name: str, done: int, total: int) -> None:
        """Write nothing: a node that fails or warns has its line, and the build has one."""


_watcher: Watcher | None = None


def watcher() -> Watcher:
    """The watcher of this process, else the log of the run."""
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


def describe(load: DatasetLoad) -> str:
    """What a load that succeeded did, in one line."""
    rate = load.rows_fetched / load.seconds if load.seconds else 0
    return (
        f"{load.dataset}: {load.rows_fetched:,} fetched, {load.rows_inserted:,} inserted,"
        f" {load.rows_updated:,} updated, {load.rows_unchanged:,} unchanged,"
        f" {load.requests} requests, {load.seconds:.1f} s ({rate:,.0f} rows/s)"
    )
