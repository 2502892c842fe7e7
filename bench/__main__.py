"""`make bench`: measures at the City's size, against what a user would do instead."""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from bench import analysts, builds, indexes, loads, ranges
from bench.loads import Row
from bench.page import PAGE, Conditions, Part, write
from bench.portals import Recorded, recorded

# The City's crashes on 2026-08-04; the people and vehicles of the sample portal are in proportion.
_CRASHES = 1_080_723


def main(
    parts: Annotated[
        list[Part], typer.Argument(help="What to measure, each an hour or less; the rest is kept.")
    ] = list(Part),  # noqa: B006 - only read
    scale: Annotated[float, typer.Option(min=0.001, max=4, help="1 is the City's size.")] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each; the median counts.")] = 3,
    out: Annotated[Path, typer.Option(help="The page that is written.")] = PAGE,
) -> None:
    """Measure loads, and builds and syncs on each engine; PG* names a PostGIS server."""
    crashes = max(10, round(_CRASHES * scale))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with recorded(crashes, folder) as whole, recorded(crashes // 10, folder) as tenth:
            for part in parts:
                rows = _told(_measured(part, whole, tenth, rounds, folder))
                # After each part: the next takes long, and may be broken off.
                write(out, part, Conditions.of_now(crashes, rounds), rows)
                typer.echo(f"{part}: written to {out}")


def _measured(
    part: Part, whole: Recorded, tenth: Recorded, rounds: int, folder: Path
) -> Iterator[Row]:
    match part:
        case Part.LOADS:
            yield from loads.measured(whole, rounds, folder)
        case Part.DUCKDB:
            yield from builds.measured("duckdb", whole.portal, tenth.portal, rounds, folder)
            yield builds.run_of_newcomer(rounds, folder)
        case Part.POSTGIS:
            yield from builds.measured("postgis", whole.portal, tenth.portal, rounds, folder)
            yield from analysts.measured({"PGDATABASE": builds.WHOLE})
            yield from indexes.measured(builds.WHOLE)
            yield from ranges.measured(builds.WHOLE, rounds)


def _told(rows: Iterable[Row]) -> list[Row]:
    """The rows, each of them shown when it is there."""
    told = []
    for row in rows:
        sys.stdout.write(f"{row.measured} | {row.figure} | {row.against} | {row.shown_ratio}\n")
        sys.stdout.flush()
        told.append(row)
    return told


if __name__ == "__main__":
    typer.run(main)
