"""How a run and its results look on a terminal, and in a file that takes its place."""

import csv
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows import logs
from flows.options import ReaderGoneError
from flows.progress import LogWatcher, Watcher, describe, watched_by
from ingestion.source import Progress as Pages
from warehouse.records import DatasetLoad
from warehouse.settings import log_format

# Where no terminal says how wide it is: a summary's table fits, and no row is broken.
_WIDTH_OF_FILES = 160
# A test's name can be as long as three lines; the bar before it matters more.
_LONGEST_NODE = 40


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise ReaderGoneError


def console() -> Console:
    """The console of standard output."""
    return _Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES, highlight=False)


@contextmanager
def watching() -> Iterator["LogWatcher | TerminalWatcher"]:
    """Show the runs of this block: bars on a terminal, lines elsewhere or where JSON is asked."""
    if log_format() == "json" or not sys.stdout.isatty():
        log = LogWatcher(logs.command_log())
        with _watched_by(log):
            yield log
        return
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=console(),
    )
    shown = TerminalWatcher(bars)
    with bars, _watched_by(shown):
        yield shown


@contextmanager
def _watched_by(watcher: Watcher) -> Iterator[None]:
    """Show a watcher the runs, and what the load logs, such as a page that is asked for again."""
    handler = _WatcherHandler(logging.WARNING)
    handler.watcher = watcher
    logger = logging.getLogger("ingestion")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        with watched_by(watcher):
            yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


class _WatcherHandler(logging.Handler):
    watcher: Watcher

    def emit(self, record: logging.LogRecord) -> None:
        self.watcher.warn(record.getMessage())


class TerminalWatcher(Watcher):
    """A bar a dataset, with rows, pages and rate, then one for dbt's nodes.

    Attributes:
        nodes: how many of dbt's are done.
    """

    def __init__(self, bars: Progress) -> None:
        self.nodes = 0
        self._bars = bars
        self._known: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        """Print it above the bars."""
        self._bars.console.print(line, markup=False)

    def warn(self, line: str) -> None:
        """Print it above the bars, in yellow."""
        self._bars.console.print(line, style="yellow", markup=False)

    def page(self, progress: Pages) -> None:
        """Move the dataset's bar."""
        bar = self._bar(progress.dataset, "rows")
        seconds = self._bars.tasks[bar].elapsed or 0
        rate = f", {progress.rows / seconds:,.0f} rows/s" if seconds else ""
        self._bars.update(
            bar,
            completed=progress.rows,
            total=max(progress.rows, progress.expected_rows),
            detail=f"{progress.pages} pages{rate}",
        )

    def loaded(self, load: DatasetLoad) -> None:
        """Finish the dataset's bar and say what was done."""
        bar = self._bar(load.dataset, "rows")
        self._bars.update(bar, visible=False)
        self.say(describe(load))

    def node(self, name: str, done: int, total: int) -> None:
        """Move the bar of dbt."""
        self.nodes = done
        self._bars.update(
            self._bar("dbt", "nodes"), completed=done, total=total, detail=name[:_LONGEST_NODE]
        )

    def _bar(self, name: str, unit: str) -> TaskID:
        if name not in self._known:
            self._known[name] = self._bars.add_task(name, total=0, unit=unit, detail="")
        return self._known[name]


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers to the right."""
    listed = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left")
    for place, column in enumerate(columns):
        is_number = any(isinstance(row[place], int | float) for row in listed)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in listed:
        table.add_row(*(_cell(value) for value in row))
    console().print(table)


def show_result(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Show what came of a run: a table, or a line of its log each row where JSON is asked."""
    if log_format() == "plain":
        show_table(title, columns, rows)
        return
    log = logs.command_log()
    for row in rows:
        log.info(title, extra=dict(zip(columns, row, strict=True)))


def show_loads(loads: Iterable[DatasetLoad]) -> None:
    """Show what a run did to each dataset."""
    show_result(
        "Loaded",
        ("dataset", "fetched", "inserted", "updated", "unchanged", "requests", "seconds", "status"),
        (
            (
                load.dataset,
                load.rows_fetched,
                load.rows_inserted,
                load.rows_updated,
                load.rows_unchanged,
                load.requests,
                round(load.seconds, 1),
                load.status,
            )
            for load in loads
        ),
    )


def in_short(load: DatasetLoad) -> str:
    """What a load did, in a few words."""
    if load.status != "loaded":
        return f"{load.status}: {load.error}"
    return f"{load.rows_inserted:,} new, {load.rows_updated:,} amended of {load.rows_fetched:,}"


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV to standard output; null is empty, geometry its WKB in hexadecimal."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    try:
        writer.writerow(columns)
        writer.writerows(
            [value.hex() if isinstance(value, bytes) else value for value in row] for row in rows
        )
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
