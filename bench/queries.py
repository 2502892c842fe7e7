"""How long the example queries take at a million crashes.

A warehouse of generated data is synced, its staged crashes are multiplied as for `bench.space`, and
the marts are built of them. Each query of `docs/queries` is then asked again and again.
"""

import sys
import time
from collections.abc import Iterator

import typer

from bench.space import CRASHES, FIRST_CRASHES, built, multiply, warehouse_of_its_own
from flows.sync import sync
from warehouse.connection import connect, spatial_extension
from warehouse.settings import ROOT, TARGETS, Target

CALLS = 40


def main(crashes: int = CRASHES, target: Target | None = None) -> None:
    """Measure on one target or both, and print a line a query."""
    for each in (target,) if target else TARGETS:
        with warehouse_of_its_own(each):
            sync(target=each, sample=True, sample_crashes=FIRST_CRASHES)
            multiply(each, crashes)
            built(each, "stg_crashes+", "--exclude", "stg_crashes")
            for name, p50, p95 in measured(each):
                sys.stdout.write(f"{each:8} {name:42} {1000 * p50:6.1f} ms {1000 * p95:6.1f} ms\n")
                sys.stdout.flush()


def measured(target: Target) -> Iterator[tuple[str, float, float]]:
    """Of each query its name, and the seconds than which half and 95 of 100 calls are quicker."""
    with connect(target) as connection:
        connection.execute("analyze")
    with connect(target, read_only=True) as connection:
        if target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        for path in sorted((ROOT / "docs" / "queries").glob("*.sql")):
            sql = path.read_text()
            # The first call reads what the others find in memory.
            connection.fetch(sql)
            seconds = []
            for _ in range(CALLS):
                started = time.perf_counter()
                connection.fetch(sql)
                seconds.append(time.perf_counter() - started)
            seconds.sort()
            yield path.stem, seconds[CALLS // 2], seconds[CALLS * 95 // 100]


if __name__ == "__main__":
    typer.run(main)
