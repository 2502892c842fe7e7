"""How long an export of a million crashes takes in each format, and in how much memory.

A warehouse of generated data is synced and its crashes are multiplied, each copy with a key of its
own. Each format is then written by `warehouse export` in a process of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import typer

from bench.measuring import PROGRAM
from bench.space import CRASHES, FIRST_CRASHES, warehouse_of_its_own
from serving.export_formats import FORMATS
from warehouse.connection import connect
from warehouse.settings import TARGETS, Target


def main(crashes: int = CRASHES, target: Target | None = None) -> None:
    """Measure on one target or both, and print a line a figure."""
    for each in (target,) if target else TARGETS:
        with warehouse_of_its_own(each):
            from flows.sync import sync

            sync(target=each, sample=True, sample_crashes=FIRST_CRASHES)
            _multiply(each, crashes // FIRST_CRASHES)
            for line in measured(each):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()


def measured(target: Target) -> Iterator[str]:
    """A line a format: seconds, the most memory that the process had, the file's size."""
    folder = Path(tempfile.mkdtemp())
    try:
        for name in FORMATS:
            call = ["export", "crashes", "--format", name, "--out", str(folder), "--target", target]
            started = time.perf_counter()
            child = subprocess.Popen([PROGRAM, *call], stdout=subprocess.DEVNULL)  # noqa: S603
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise SystemExit(child.returncode)
            seconds = time.perf_counter() - started
            size = sum(file.stat().st_size for file in folder.iterdir())
            yield (
                f"{target:8} {name:10} {seconds:4.0f} s"
                f" {usage.ru_maxrss / 1024:4.0f} MB of memory {size / 1e6:6,.0f} MB"
            )
            for file in folder.iterdir():
                file.unlink()
    finally:
        shutil.rmtree(folder)


def _multiply(target: Target, times: int) -> None:
    """Put copies of all crashes behind them."""
    with connect(target) as connection:
        names = connection.fetch(
            "select column_name as name from information_schema.columns where table_schema ="
            " 'marts' and table_name = 'crashes' order by ordinal_position"
        )["name"].to_pylist()
        values = [
            "crash_record_id || ' ' || copy" if name == "crash_record_id" else name
            for name in names
        ]
        connection.execute(
            f"insert into marts.crashes ({', '.join(names)}) select {', '.join(values)} from"
            f" marts.crashes cross join generate_series(2, {times}) as n (copy) order by copy"
        )


if __name__ == "__main__":
    typer.run(main)
