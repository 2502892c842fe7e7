"""Makes the site of a warehouse: every page, what they share, and then the folder, at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from plotly.offline import get_plotlyjs

from serving.marts import Mart, find_marts
from serving.site.pages.before_after import before_after
from serving.site.pages.data_state import data_state
from serving.site.pages.map import city_map
from serving.site.pages.marts import marts_page
from serving.site.pages.overview import overview
from serving.site.pages.places import places
from serving.site.publishing import publish, refuse_other_folders
from serving.site.rendering import ASSETS, QUERIES
from serving.site.state import Page, State, state_of
from serving.site.treatments import (
    Treatment,
    TreatmentsFile,
    read_treatments,
    refuse_elsewhere,
)
from serving.sql_files import Ask, asking
from warehouse.connection import connect
from warehouse.settings import Target

# The tables of quality that pages show.
QUALITY = (
    "quality.coordinate_quality",
    "quality.reconciliation",
    "quality.rule_effects",
    "quality.validation_summary",
)
INDEX = "index.html"


@dataclass(frozen=True)
class Site:
    """A site that was made: its first page, how many there are, and the bytes of all of it."""

    index: Path
    pages: int
    size: int


def build_site(
    target: Target, folder: Path, treatments: TreatmentsFile | None = None, *, is_sample: bool
) -> Site:
    """Make the site of a warehouse, in the place of the one before.

    All of it is of the same moment of the warehouse.

    Args:
        target: the warehouse.
        folder: where the site goes.
        treatments: the user's file of treatments.
        is_sample: the crashes are generated.

    Raises:
        WrongCall: the folder has other things in it, or the file of treatments is wrong.
        WarehouseError: there is no warehouse, or there are no crashes in it; or the folder cannot
            be written.
    """
    refuse_other_folders(folder)
    listed = read_treatments(treatments) if treatments else []
    with asking(target, QUERIES, is_spatial=True) as ask:
        state = state_of(target, ask, is_sample=is_sample)
        if treatments:
            refuse_elsewhere(treatments, listed, ask)
        made = 0

        def write(root: Path) -> None:
            nonlocal made
            for page in _pages(target, ask, state, listed):
                _write(root / page.path, page.html)
                made += 1
            for asset in sorted(ASSETS.iterdir()):
                _write(root / "assets" / asset.name, asset.read_text(encoding="utf-8"))
            _write(root / "assets" / "plotly.min.js", get_plotlyjs())

        size = publish(folder, write)
    return Site(folder / INDEX, made, size)


def _pages(
    target: Target, ask: Ask, state: State, treatments: Sequence[Treatment]
) -> Iterator[Page]:
    single: tuple[Callable[[Ask, State], Page], ...] = (overview, city_map, data_state)
    for page in single:
        yield page(ask, state)
    yield from places(ask, state)
    yield before_after(ask, state, treatments)
    yield marts_page(state, _quality(target))


def _quality(target: Target) -> list[Mart]:
    with connect(target, read_only=True) as connection:
        return find_marts(connection, list(QUALITY))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
