"""The page of docs with what was measured, part by part, and the figures behind it.

`python -m bench.page` writes it anew from these, where its words have changed.
"""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter

from bench.loads import Row
from warehouse.connection import connect
from warehouse.settings import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"

_VERSIONS = """
    select current_setting('server_version') as postgresql, default_version as postgis
    from pg_available_extensions
    where name = 'postgis'
"""
_PACKAGES = ("dlt", "dbt-core", "dbt-duckdb", "dbt-postgres", "prefect", "duckdb", "pyarrow")


class Part(StrEnum):
    """What is measured as one, in an hour or so."""

    LOADS = "loads"
    DUCKDB = "duckdb"
    POSTGIS = "postgis"


_TITLES = {
    Part.LOADS: "Loads",
    Part.DUCKDB: "Builds and syncs on DuckDB",
    Part.POSTGIS: "Builds, syncs and queries on PostGIS",
}


@dataclass(frozen=True)
class Conditions:
    """What the rows of a part were measured of and on.

    Attributes:
        crashes: of the portal; its people and vehicles are in proportion.
        rounds: how often each thing was measured; the median counts.
        on: the day, in UTC.
        machine: its cores, memory, system and Python.
        postgres: PostgreSQL and PostGIS with their versions.
        packages: those that do the work, with their versions.
    """

    crashes: int
    rounds: int
    on: date
    machine: str
    postgres: str
    packages: str

    @classmethod
    def of_now(cls, crashes: int, rounds: int) -> "Conditions":
        """This machine's, today."""
        return cls(
            crashes,
            rounds,
            datetime.now(UTC).date(),
            _machine(),
            _postgres(),
            ", ".join(f"{package} {version(package)}" for package in _PACKAGES),
        )


@dataclass(frozen=True)
class Table:
    """The rows of a part, each of which was measured under the same conditions."""

    conditions: Conditions
    rows: list[Row]


_TABLES = TypeAdapter(dict[Part, Table])


def write(out: Path, part: Part, conditions: Conditions, rows: Iterable[Row]) -> None:
    """Write the page anew with a part's rows; the other parts keep what they had.

    Args:
        out: the page; the figures of all parts are kept beside it, as JSON.
        part: which was measured.
        conditions: under which.
        rows: what came of it.
    """
    kept = out.with_suffix(".json")
    tables = _TABLES.validate_json(kept.read_bytes()) if kept.exists() else {}
    tables[part] = Table(conditions, list(rows))
    in_order = {part: tables[part] for part in Part if part in tables}
    kept.write_bytes(_TABLES.dump_json(in_order, indent=2) + b"\n")
    render(out)


def render(out: Path) -> None:
    """Write the page anew from the figures that are kept beside it."""
    tables = _TABLES.validate_json(out.with_suffix(".json").read_bytes())
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown
    )
    template = environment.get_template("benchmarks.md.jinja")
    out.write_text(template.render(tables=tables, titles=_TITLES), encoding="utf-8")


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB of memory,"
        f" {platform.system()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    """The model as Linux names it; elsewhere its architecture."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _postgres() -> str:
    with connect("postgis", read_only=True) as connection:
        [there] = connection.fetch(_VERSIONS).to_pylist()
    return f"PostgreSQL {there['postgresql'].split()[0]}, PostGIS {there['postgis']}"


if __name__ == "__main__":
    render(PAGE)
