"""`make bench`: measures at the City's size, against what a user would do instead."""

import os
import platform
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench import analysts, builds, indexes, loads
from bench.loads import Row
from bench.portals import recorded
from warehouse.connection import connect
from warehouse.settings import ROOT

# The City's crashes on 2026-08-04; the people and vehicles of the sample portal are in proportion.
_CRASHES = 1_080_723
_PACKAGES = ("dlt", "dbt-core", "dbt-duckdb", "dbt-postgres", "prefect", "duckdb", "pyarrow")


def main(
    scale: Annotated[float, typer.Option(min=0.001, max=4, help="1 is the City's size.")] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each; the median counts.")] = 3,
    out: Annotated[Path, typer.Option(help="The page that is written.")] = (
        ROOT / "docs" / "benchmarks.md"
    ),
) -> None:
    """Measure everything on both engines and write the page; PG* names a PostGIS server."""
    crashes = max(10, round(_CRASHES * scale))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with recorded(crashes, folder) as whole, recorded(crashes // 10, folder) as tenth:
            rows += _told(loads.measured(whole, rounds, folder))
            rows += _told(builds.measured(whole.portal, tenth.portal, rounds, folder))
            rows += _told(analysts.measured({"PGDATABASE": builds.WHOLE}))
            rows += _told(indexes.measured(builds.WHOLE))
    out.write_text(page(rows, crashes, rounds), encoding="utf-8")
    typer.echo(f"written to {out}")


def _told(rows: Iterable[Row]) -> list[Row]:
    """The rows, each of them shown when it is there."""
    told = []
    for row in rows:
        sys.stdout.write(f"{row.measured} | {row.figure} | {row.against} | {row.shown_ratio}\n")
        sys.stdout.flush()
        told.append(row)
    return told


def page(rows: list[Row], crashes: int, rounds: int) -> str:
    """The page of docs with the table of what was measured, of so many crashes, so often."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown
    )
    return environment.get_template("benchmarks.md.jinja").render(
        rows=rows,
        crashes=f"{crashes:,}".replace(",", " "),
        rounds=rounds,
        measured_on=datetime.now(UTC).date(),
        machine=_machine(),
        versions=", ".join(f"{package} {version(package)}" for package in _PACKAGES),
        postgis=_postgis_version(),
    )


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()},"
        f" Python {platform.python_version()}"
    )


def _postgis_version() -> str:
    with connect("postgis", read_only=True) as connection:
        found = connection.fetch("select current_setting('server_version')")
    return f"PostgreSQL {found[0][0].as_py().split()[0]}"


if __name__ == "__main__":
    typer.run(main)
