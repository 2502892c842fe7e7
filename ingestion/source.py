"""The dlt source: each dataset that is read becomes a dlt resource of Arrow tables."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.catalog import Dataset
from ingestion.drift import Types
from ingestion.intake import Intake
from ingestion.soda import Mark, Metadata, Portal, PortalError, beyond

# Pages a step: 200 000 rows are committed with their mark at once. More would be lost by a
# kill, fewer would pay dlt's half second a step more often.
PAGES_A_STEP = 4
# Empty answers in a row while the portal counts more rows, after which it is not believed.
_EMPTY_PAGES = 3


@dataclass(frozen=True)
class Progress:
    """How far the reading of a dataset is.

    Attributes:
        expected_rows: how many rows the portal counted before the first page.
    """

    dataset: str
    pages: int
    rows: int
    expected_rows: int


class Reading(Protocol):
    """One reading of a dataset, over as many steps as it takes.

    Attributes:
        intake: takes the rows in and counts them.
        is_complete: no row is left to read.
    """

    intake: Intake
    is_complete: bool

    def step(self) -> Iterator[pa.Table]:
        """The new versions of the next step, which is committed as a whole."""

    def keep(self, state: dict[str, Any]) -> None:
        """Write into dlt's state of the dataset, which is committed with the step."""


@dataclass
class PortalReading:
    """A reading from the portal.

    Attributes:
        part: the SoQL condition of a reading of a part of the dataset; it keeps no mark.
        mark: the last row read.
        known_types: the columns as the last reading kept them.
    """

    dataset: Dataset
    portal: Portal
    metadata: Metadata
    intake: Intake
    on_progress: Callable[[Progress], None]
    part: str | None = None
    mark: Mark | None = None
    known_types: Types = field(default_factory=dict)
    is_complete: bool = False
    expected_rows: int | None = None
    pages: int = 0

    def step(self) -> Iterator[pa.Table]:
        """The new versions in the next pages.

        Raises:
            PortalError: a page could not be had.
        """
        if self.expected_rows is None:
            self.expected_rows = self._rows_left()
            self.is_complete = self.expected_rows == 0
        self.intake.begin_step()
        empty = 0
        for _ in range(PAGES_A_STEP):
            if self.is_complete:
                return
            page = self.portal.page(self.dataset.id, self.intake.columns, self.part, self.mark)
            if page.num_rows:
                new = self._new_versions(page)
                if new.num_rows:
                    yield new
            # Only a count tells the last page from one that was cut short at a row's end.
            if page.num_rows < self.portal.page_size:
                left = self._rows_left()
                self.is_complete = left == 0
                empty = empty + 1 if left and not page.num_rows else 0
                if empty == _EMPTY_PAGES:
                    raise PortalError(
                        f"{self.dataset.label}: the portal counts {left} more rows but sends none;"
                        " sync again later",
                        is_passing=True,
                    )

    def keep(self, state: dict[str, Any]) -> None:
        """Keep the mark and, when the end is reached, that there is nothing to fetch.

        The columns are kept at the end as well, by a part too: who breaks off before it tells
        nobody of them. Only a type that was accepted holds from the first step on.
        """
        types = self.metadata.types
        if self.is_complete:
            state["columns"] = types
        elif self.known_types:
            state["columns"] = {
                name: types.get(name, known) for name, known in self.known_types.items()
            }
        if self.part is None:
            state["mark"] = list(self.mark) if self.mark else None
            state["rows_updated_at"] = self.metadata.rows_updated_at if self.is_complete else None

    def _rows_left(self) -> int:
        conditions = [part for part in (self.part, self.mark and beyond(self.mark)) if part]
        return self.portal.count(
            self.dataset.id, " and ".join(f"({part})" for part in conditions) or None
        )

    def _new_versions(self, page: pa.Table) -> pa.Table:
        new = self.intake.take(page)
        last = Mark(page["_row_updated_at"][-1].as_py(), page["_row_id"][-1].as_py())
        if self.mark and last <= self.mark:
            raise PortalError(
                f"{self.dataset.label}: asked for the rows after {self.mark}, the portal sent rows"
                f" up to {last}: it does not order by (:updated_at, :id)"
            )
        self.mark = last
        self.pages += 1
        self.on_progress(
            Progress(self.dataset.name, self.pages, self.intake.fetched, self.expected_rows or 0)
        )
        return new


@dlt.source(name="soda")
def soda(readings: Iterable[Reading]) -> Iterable[DltResource]:
    """A resource for each reading, which takes its next step and keeps its state in dlt's."""
    return [_resource(reading) for reading in readings]


def _resource(reading: Reading) -> DltResource:
    def pages() -> Iterator[pa.Table]:
        yield from reading.step()
        reading.keep(dlt.current.resource_state())

    return dlt.resource(
        pages,
        name=reading.intake.dataset.name,
        write_disposition="append",
    )
