"""Builds and syncs of a whole warehouse, beside the same SQL by hand and a tenth of the size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.loads import Row
from bench.measuring import PROGRAM, by_turns, python, run
from bench.portals import settings_for
from ingestion.catalog import load_catalog
from ingestion.sample_portal.client import SamplePortal
from warehouse.settings import Target

CHANGES, CHANGES_OF_EACH = 1_000, 10
# The warehouses, as files and as databases.
WHOLE, _TENTH = "bench_whole", "bench_tenth"
_LONGEST_BUILD_S = {"duckdb": 120, "postgis": 600}
# Why a figure is missed; the page says more.
_COUNTED_WHOLE = "what counts months or all of the city is counted anew"
_DBTS_OWN = "the command's start, compiling, seeds, functions and reports count, and not by hand"


@dataclass(frozen=True)
class Warehouse:
    """A warehouse of its own and the portal that it is of.

    Attributes:
        target: which engine; on PostGIS a database of the server that PG* names.
        settings: the environment in which commands find both.
    """

    portal: SamplePortal
    target: Target
    settings: dict[str, str]

    def command(self, *arguments: str) -> float:
        """The seconds of a command of ours."""
        return run([PROGRAM, *arguments, "--target", self.target], self.settings).seconds

    def sync_after_changes(self) -> float:
        """The seconds of a sync after some crashes were amended at the portal."""
        self.portal.amend("85ca-t3if", rows=CHANGES)
        return self.command("sync")

    def follow_changes_of_all(self) -> None:
        """Sync after a few changes and deletes of each dataset of reports, for what this reads."""
        for dataset in load_catalog().datasets.values():
            if dataset.date_column:
                self.portal.amend(dataset.id, rows=CHANGES_OF_EACH)
            # Of the deaths a small portal has too few: a sync would refuse to mark so many gone.
            if dataset.date_column and dataset.key:
                self.portal.delete(dataset.id, rows=CHANGES_OF_EACH)
        self.command("sync")

    def built_by_hand(self) -> float:
        """The seconds of the SQL of the last build, one node after the other."""
        command = python("bench.by_hand", "--target", self.target)
        return float(run(command, self.settings).figures["seconds"])


def warehouse_of(portal: SamplePortal, target: Target, folder: Path, database: str) -> Warehouse:
    """An empty warehouse in a folder, or in a database that is made anew."""
    there = {
        "WAREHOUSE_DUCKDB_PATH": str(folder / f"{database}.duckdb"),
        "DBT_TARGET_PATH": str(folder / f"{database}-target"),
    }
    if target == "postgis":
        run(["dropdb", "--if-exists", database], {})
        run(["createdb", database], {})
        there["PGDATABASE"] = database
    return Warehouse(portal, target, settings_for(portal.url) | there)


def measured(
    target: Target, portal: SamplePortal, tenth: SamplePortal, rounds: int, folder: Path
) -> Iterator[Row]:
    """Measure builds and syncs on an engine, of warehouses that are made for it.

    Args:
        target: the engine.
        portal: of the size that is measured.
        tenth: of a tenth of it.
        rounds: how often each is measured; the median counts.
        folder: for the files; empty.
    """
    whole = warehouse_of(portal, target, folder, WHOLE)
    yield from measured_on(whole, warehouse_of(tenth, target, folder, _TENTH), rounds)


def measured_on(whole: Warehouse, small: Warehouse, rounds: int) -> Iterator[Row]:
    """Measure builds and syncs of an empty warehouse, beside another of a tenth of its size."""
    first = whole.command("sync")
    yield Row(f"the first sync and build, {whole.target}", f"{first:,.0f} s", "–", None)
    small.command("sync")
    yield _build(whole, rounds)
    yield _unchanged(whole, rounds)
    yield _changed(whole, small, rounds)
    whole.follow_changes_of_all()


def run_of_newcomer(rounds: int, folder: Path) -> Row:
    """Measure `make run` after installation, each time without a warehouse."""

    def run_sample() -> float:
        file = folder / "sample.duckdb"
        file.unlink(missing_ok=True)
        settings = {"WAREHOUSE_DUCKDB_PATH": str(file)}
        return run([PROGRAM, "sync", "--sample"], settings).seconds

    [seconds] = by_turns(rounds, run_sample)
    return Row("`make run`, installed", f"{seconds:.0f} s", "–", None, {"under 60 s": seconds < 60})


def _build(whole: Warehouse, rounds: int) -> Row:
    by_dbt, by_hand = by_turns(
        rounds, lambda: whole.command("build", "--full-refresh"), whole.built_by_hand
    )
    longest = _LONGEST_BUILD_S[whole.target]
    return Row(
        f"build of everything, {whole.target}",
        f"{by_dbt:,.0f} s",
        f"the same SQL by hand: {by_hand:,.0f} s",
        by_dbt / by_hand,
        {"at most 1.2": by_dbt <= 1.2 * by_hand, f"under {longest} s": by_dbt < longest},
        _DBTS_OWN,
    )


def _unchanged(whole: Warehouse, rounds: int) -> Row:
    whole.portal.forget_requests()
    [seconds] = by_turns(rounds, lambda: whole.command("sync"))
    asked = [request["dataset"] for request in whole.portal.requests()]
    most = max(asked.count(dataset) for dataset in set(asked)) / rounds
    return Row(
        f"a sync when nothing changed, {whole.target}",
        f"{seconds:.1f} s; requests a dataset: {most:g}",
        "–",
        None,
        {"under 10 s": seconds < 10, "one request a dataset": most <= 1},
    )


def _changed(whole: Warehouse, small: Warehouse, rounds: int) -> Row:
    of_whole, of_small = by_turns(rounds, whole.sync_after_changes, small.sync_after_changes)
    bounds = {"at most 1.3": of_whole <= 1.3 * of_small}
    if whole.target == "postgis":
        bounds["under 60 s"] = of_whole < 60
    return Row(
        f"a sync after {CHANGES:,} changes, {whole.target}".replace(",0", " 0"),
        f"{of_whole:.1f} s",
        f"at a tenth of the size: {of_small:.1f} s",
        of_whole / of_small,
        bounds,
        _COUNTED_WHOLE,
    )
