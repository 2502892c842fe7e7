"""Loads of the portal's crashes and people, beside what a user would do instead."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.measuring import Measured, by_turns, python, run
from bench.portals import Recorded, recorded
from bench.recordings import pages
from bench.rivals import copied_by_postgresql, loaded_by_dlt, merged_by_orm, read_by_duckdb
from ingestion.catalog import Dataset, load_catalog
from ingestion.sample_portal.tables import dataset_specs
from ingestion.soda import SYSTEM_COLUMNS
from warehouse.settings import Target

# Of slow rivals a part is measured.
_ROWS_OF_DLT, _ROWS_OF_ORM = 20_000, 4_000
# People a crash, of the sample portal and of the City.
_PEOPLE_A_CRASH = 2.2
_FEW_PEOPLE = 100_000
_LATENCY_S, _RATE = 0.3, 5_000_000
# Why a figure is missed: of rows a second by the profile of a load, of which the page says more.
_OTHER_WORK = "to fetch, parse and hash rows takes both cores longer than to write them"
_NEAR = f"{_OTHER_WORK}, and on one machine the ORM's statements wait for no network"
_FIRST_STEPS = "it rises over the first four steps, where 100 000 people are one; see below"


@dataclass(frozen=True)
class Row:
    """A row of the table of ratios.

    Attributes:
        measured: what.
        figure: what came of it, with its unit.
        against: the other thing, with its figure.
        ratio: of the two, if there are two.
        bounds: what is to be reached, in words, and whether it is.
        why: what is known to keep it from being reached, said where it is not.
        detail: what the page says of it below the table.
    """

    measured: str
    figure: str
    against: str
    ratio: float | None
    bounds: dict[str, bool] = field(default_factory=dict)
    why: str = ""
    detail: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether all that is to be reached is."""
        return all(self.bounds.values())

    @property
    def to_reach(self) -> str:
        """What is to be reached, as the table has it."""
        return ", and ".join(self.bounds) or "–"

    @property
    def shown_ratio(self) -> str:
        """The ratio as the table has it."""
        return "–" if self.ratio is None else f"{self.ratio:.3g}"

    @property
    def shown_miss(self) -> str:
        """That it is missed and why, as the table has it."""
        if self.is_reached:
            return ""
        missed = [bound for bound, is_reached in self.bounds.items() if not is_reached]
        of_which = f" ({', '.join(missed)})" if len(missed) < len(self.bounds) else ""
        return f"**missed**{of_which}: {self.why}" if self.why else f"**missed**{of_which}"


def measured(
    portal: Recorded, rounds: int, folder: Path, few_people: int = _FEW_PEOPLE
) -> Iterator[Row]:
    """Measure all loads.

    Args:
        portal: of the size that is measured.
        rounds: how often each is measured; the median counts.
        folder: for the files; empty.
        few_people: of a small portal, which the memory of a load is held against.
    """
    with portal.served() as settings:
        # What the portal is asked for the first time it works for: that is measured of nobody.
        rows = _load("crashes", "duckdb", settings, folder).figures["rows"]
        _by_dlt(settings)
        file = _as_one_file(portal, load_catalog().datasets["crashes"], folder)
        what = f"{_thousands(rows)} crashes"
        yield from _against_rivals(what, settings, file, rounds, folder)
        yield from _memory(few_people, settings, rounds, folder)
        with ExitStack() as lines:
            yield _pages_at_once(portal, lines, rounds, folder)


def _against_rivals(
    what: str, settings: dict[str, str], file: Path, rounds: int, folder: Path
) -> Iterator[Row]:
    def loaded(target: Target) -> Callable[[], float]:
        return lambda: _rows_a_second(_load("crashes", target, settings, folder))

    postgis, copy, by_dlt, by_orm = by_turns(
        rounds,
        loaded("postgis"),
        lambda: copied_by_postgresql(file),
        lambda: _by_dlt(settings),
        lambda: merged_by_orm(file, _ROWS_OF_ORM),
    )
    of_postgis = f"portal → `raw` on PostGIS, {what}"
    yield _row(of_postgis, postgis, "`COPY` of the same CSV", copy, 0.5, _OTHER_WORK)
    yield _row("the same", postgis, "dlt's REST source, JSON rows", by_dlt, 15, _OTHER_WORK)
    yield _row("the same", postgis, "an ORM's upsert a row", by_orm, 50, _NEAR)
    duckdb, read = by_turns(rounds, loaded("duckdb"), lambda: read_by_duckdb(file))
    of_duckdb = f"portal → `raw` on DuckDB, {what}"
    yield _row(of_duckdb, duckdb, "DuckDB's `read_csv`", read, 0.4, _OTHER_WORK)


def _memory(few_people: int, settings: dict[str, str], rounds: int, folder: Path) -> Iterator[Row]:
    few = round(few_people / _PEOPLE_A_CRASH)
    with recorded(few, folder) as small, small.served() as settings_of_small:
        for target in ("duckdb", "postgis"):
            rows: list[int] = []
            few_mb, many_mb = by_turns(
                rounds,
                _peak_mb(target, settings_of_small, folder, []),
                _peak_mb(target, settings, folder, rows),
            )
            yield Row(
                f"peak memory of a load of {_thousands(rows[0])} people, {target}",
                f"{many_mb:,.0f} MB",
                f"of {_thousands(few_people)}: {few_mb:,.0f} MB",
                many_mb / few_mb,
                {"at most 1.1": many_mb <= 1.1 * few_mb, "under 700 MB": many_mb < 700},
                _FIRST_STEPS,
            )


def _pages_at_once(portal: Recorded, lines: ExitStack, rounds: int, folder: Path) -> Row:
    slow = lines.enter_context(portal.served(_LATENCY_S, _RATE))

    def loaded(concurrency: int) -> Callable[[], float]:
        settings = slow | {"SOURCES__SODA__CONCURRENCY": str(concurrency)}
        return lambda: _rows_a_second(_load("crashes", "duckdb", settings, folder))

    four, one = by_turns(rounds, loaded(4), loaded(1))
    what = f"4 pages at once, a portal of {_LATENCY_S * 1000:.0f} ms and {_RATE / 1e6:.0f} MB/s"
    return _row(what, four, "one page at a time", one, 3)


def _peak_mb(
    target: str, settings: dict[str, str], folder: Path, rows: list[int]
) -> Callable[[], float]:
    """Loads people and gives the peak of memory; notes how many there were."""

    def loaded() -> float:
        figures = _load("people", target, settings, folder).figures
        rows.append(figures["rows"])
        return float(figures["peak_mb"])

    return loaded


def _load(dataset: str, target: str, settings: dict[str, str], folder: Path) -> Measured:
    of_its_own = {"WAREHOUSE_DUCKDB_PATH": str(folder / "loaded.duckdb")}
    command = python("bench.load_once", dataset, "--target", target)
    return run(command, settings | of_its_own)


def _by_dlt(settings: dict[str, str]) -> float:
    crashes = load_catalog().datasets["crashes"]
    return loaded_by_dlt(settings["SOURCES__SODA__BASE_URL"], crashes.id, _ROWS_OF_DLT)


def _rows_a_second(load: Measured) -> float:
    return float(load.figures["rows"] / load.figures["seconds"])


def _as_one_file(portal: Recorded, dataset: Dataset, folder: Path) -> Path:
    """The pages of a dataset as one CSV file, as its download would be."""
    columns = len(dataset_specs()[dataset.id].columns) + len(SYSTEM_COLUMNS)
    file = folder / f"{dataset.name}.csv"
    with file.open("wb") as written:
        for number, page in enumerate(pages(portal.folder, dataset.id, columns)):
            header, _, rows = page.read_bytes().partition(b"\n")
            written.write(rows if number else header + b"\n" + rows)
    return file


def _row(what: str, ours: float, against: str, theirs: float, least: float, why: str = "") -> Row:
    return Row(
        what,
        f"{_thousands(ours)} rows/s",
        f"{against}: {_thousands(theirs)} rows/s",
        ours / theirs,
        {f"at least {least:g}": ours >= least * theirs},
        why,
    )


def _thousands(figure: float) -> str:
    return f"{figure:,.0f}".replace(",", " ")
