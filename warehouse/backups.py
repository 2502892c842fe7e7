"""A backup of the warehouse that was restored and compared before it counts as one.

While it is made the file has another name; under its own it is whole, was restored, and what was
restored had every row. Only then do older ones go.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from warehouse import duckdb_backup, postgis_backup
from warehouse.contents import Contents
from warehouse.errors import WarehouseError, WrongCall
from warehouse.settings import Target

_UNFINISHED = ".part"
# Of a line that names the tables which differ.
_NAMES_A_LINE = 5


class _Engine(Protocol):
    """How an engine is backed up; each of the two is a module."""

    SUFFIX: str

    def name(self) -> str:
        """What the backups of this warehouse begin with."""

    def vacuum(self) -> None:
        """Tidy up the warehouse's tables and bring their statistics up to date."""

    def refuse_untestable(self) -> None:
        """Raise where no backup could be restored here."""

    def dumped(self, file: Path) -> dict[str, Contents]:
        """Write the warehouse to a file that is there and empty; what it had at that moment."""

    def restored(self, file: Path) -> AbstractContextManager[dict[str, Contents]]:
        """Restore a file where it is gone after the block; what it has there."""

    def restore(self, file: Path, into: str) -> dict[str, Contents]:
        """Restore a file for good; what it has there."""


_ENGINES: Mapping[Target, _Engine] = {"duckdb": duckdb_backup, "postgis": postgis_backup}


@dataclass(frozen=True)
class TableCheck:
    """A table of the warehouse and of what was restored from its backup.

    Attributes:
        name: with its schema.
        rows: at the moment of the backup.
        restored_rows: in the restored copy.
        bytes: its size in the warehouse, indexes included; of a DuckDB file no table has one.
    """

    name: str
    rows: int
    restored_rows: int
    bytes: int | None


@dataclass(frozen=True)
class Backup:
    """A backup that was tested.

    Attributes:
        file: where it is.
        bytes: how large it is.
        seconds: how long it took to write.
        test_seconds: how long it took to restore and to compare.
        tables: what was compared.
        removed: older backups that were deleted for it.
    """

    file: Path
    bytes: int
    seconds: float
    test_seconds: float
    tables: tuple[TableCheck, ...]
    removed: tuple[Path, ...]


def vacuum_tables(target: Target) -> None:
    """Tidy up what changed rows left in the warehouse's tables, and analyze them.

    Raises:
        WarehouseError: the warehouse refuses, in one line.
    """
    _ENGINES[target].vacuum()


def check_keep(keep: int) -> None:
    """Refuse to keep no backup at all.

    Raises:
        WrongCall: names the number.
    """
    if keep < 1:
        raise WrongCall(f"{keep} backups to keep: expected 1 or more, the new one included")


def back_up(
    target: Target, folder: Path, keep: int, say: Callable[[str], None] = lambda line: None
) -> Backup:
    """Write a backup, restore it, compare every table, and delete older ones beyond a number.

    Where anything fails nothing of the new one is left, and the older ones stay.

    Args:
        target: the warehouse, whose lock the caller holds.
        folder: where backups are; it is made. Others' files in it are let alone.
        keep: how many backups of this warehouse there are then at most, the new one included.
        say: told of each step.

    Raises:
        WrongCall: none would be kept.
        WarehouseError: it could not be written, not be restored, or had other rows.
    """
    check_keep(keep)
    engine = _ENGINES[target]
    engine.refuse_untestable()
    began = datetime.now(UTC)
    stem = re.sub(r"[^\w.-]", "_", engine.name())
    file = folder / f"{stem}-{began:%Y%m%dT%H%M%SZ}{engine.SUFFIX}"
    with _new_file(file, folder.glob(f"{stem}-*{engine.SUFFIX}{_UNFINISHED}")) as unfinished:
        say(f"backup: writing {file}")
        started = time.monotonic()
        before = engine.dumped(unfinished)
        written = time.monotonic()
        size = unfinished.stat().st_size
        say(f"backup: {size:,} bytes; restoring them to compare {len(before)} tables")
        with engine.restored(unfinished) as after:
            tables = _compared(before, after)
        tested = time.monotonic()
    backups = re.compile(rf"{re.escape(stem)}-\d{{8}}T\d{{6}}Z{re.escape(engine.SUFFIX)}")
    found = sorted(path for path in folder.iterdir() if backups.fullmatch(path.name))
    removed = found[:-keep]
    for old in removed:
        _refusable(file, old.unlink)
    return Backup(file, size, written - started, tested - written, tables, tuple(removed))


def restore(target: Target, file: Path, into: str) -> dict[str, Contents]:
    """Restore a backup as a new warehouse; none that is there is touched.

    Args:
        target: the engine whose backup it is.
        file: the backup.
        into: a database that is not there yet, on the server of `PG*`; or a file that is not.

    Returns:
        What it has, by table.

    Raises:
        WrongCall: there is no such file, it is of the other engine, or something is there.
        WarehouseError: it could not be restored.
    """
    engine = _ENGINES[target]
    if not file.is_file():
        raise WrongCall(f"no backup at {file}: 'ls data/backups' shows those that there are")
    if file.suffix != engine.SUFFIX:
        raise WrongCall(
            f"{file} is no backup of {target}, whose backups end in {engine.SUFFIX}:"
            " choose the other --target"
        )
    return engine.restore(file, into)


def _compared(
    before: Mapping[str, Contents], after: Mapping[str, Contents]
) -> tuple[TableCheck, ...]:
    differences = (_difference(name, before, after) for name in sorted({*before, *after}))
    differ = [said for said in differences if said]
    if differ:
        more = f" and {len(differ) - _NAMES_A_LINE} more" if len(differ) > _NAMES_A_LINE else ""
        raise WarehouseError(
            "the restored backup is not what was backed up:"
            f" {', '.join(differ[:_NAMES_A_LINE])}{more}; it was deleted, the older ones stay:"
            " look for errors of the disk and the memory, then run 'warehouse maintain' again"
        )
    return tuple(
        TableCheck(name, one.rows, after[name].rows, one.bytes)
        for name, one in sorted(before.items())
    )


def _difference(
    name: str, before: Mapping[str, Contents], after: Mapping[str, Contents]
) -> str | None:
    if name not in after:
        return f"{name} is not there"
    if name not in before:
        return f"{name} is there as well"
    was, has = before[name], after[name]
    if was.rows != has.rows:
        return f"{name} has {has.rows:,} rows of {was.rows:,}"
    return None if was.digest == has.digest else f"{name} has other rows"


@contextmanager
def _new_file(file: Path, left_over: Iterator[Path]) -> Iterator[Path]:
    """A file for its owner alone that has its name after the block, or is gone."""
    unfinished = file.with_name(file.name + _UNFINISHED)
    _refusable(file, lambda: file.parent.mkdir(parents=True, exist_ok=True))
    for old in left_over:  # by a run that was killed
        _refusable(file, old.unlink)
    _refusable(
        file, lambda: os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    )
    try:
        yield unfinished
        _refusable(file, lambda: _settle(unfinished, file))
    finally:
        unfinished.unlink(missing_ok=True)


def _settle(unfinished: Path, file: Path) -> None:
    """Rename once the disk has all of it, so that not even a power cut leaves half a backup."""
    _flush(unfinished)
    unfinished.rename(file)
    _flush(file.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refusable(file: Path, act: Callable[[], object]) -> None:
    try:
        act()
    except OSError as error:
        raise WarehouseError(
            f"cannot write the backup {file}: {error.strerror}; older backups are as they were:"
            " make room or choose another folder with --backups"
        ) from error
