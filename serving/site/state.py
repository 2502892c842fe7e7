"""What every page of a site tells of the data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from serving.site.rendering import page
from serving.sql_files import Ask
from warehouse.errors import WarehouseError
from warehouse.settings import Target


@dataclass(frozen=True)
class Page:
    """A page of the site: its file, from the site's folder, and its HTML."""

    path: str
    html: str


@dataclass(frozen=True)
class State:
    """The data that a site is made of.

    Attributes:
        is_sample: the crashes are generated.
        published_until: the day of the City's last publication.
        provisional_since: the first day of which reports may still come in.
        settling_days: how many days that is.
        recent_since: the first day of the three years that some figures are of.
        first_day: the first day with a crash.
        layers: of points and polygons that the warehouse has, such as `wards`, and `fatalities`.
    """

    is_sample: bool
    published_until: date
    provisional_since: date
    settling_days: int
    recent_since: date
    first_day: date
    layers: frozenset[str]

    def without(self, layers: Iterable[str]) -> list[str]:
        """Such of these layers as the warehouse has not, by their names as datasets."""
        return [layer for layer in layers if layer not in self.layers]

    def page(self, path: str, template: str, title: str, **values: object) -> Page:
        """A page.

        Args:
            path: of its file, from the site's folder.
            template: its name.
            title: of the page.
            values: what the template shows.
        """
        root = "../" * path.count("/")
        return Page(path, page(template, state=self, path=path, root=root, title=title, **values))


def state_of(target: Target, ask: Ask, *, is_sample: bool) -> State:
    """How the data stands.

    Raises:
        WarehouseError: there are no crashes.
    """
    [row] = ask("site_state")
    if row["published_until"] is None or row["first_day"] is None:
        raise WarehouseError(f"{target} has no crashes yet: run 'warehouse sync' first")
    layers = frozenset(each["layer"] for each in ask("site_layers"))
    return State(is_sample=is_sample, layers=layers, **row)
