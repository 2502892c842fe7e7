"""The dlt source: each dataset that is read becomes a dlt resource of Arrow tables."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.catalog import Dataset
from ingestion.drift import Types
from ingestion.intake import Intake
from ingestion.paging import Paging, mark_of_last
from ingestion.sightings import TABLE as SIGHTINGS
from ingestion.soda import Mark, Metadata, Portal

# Pages a step: 100 000 rows are committed with their mark at once. More would be lost by a
# kill and be in memory, fewer would pay dlt's half second a step more often.
PAGES_A_STEP = 4
# Looks at the metadata after the last row, while the portal goes on changing; what comes after
# them comes with the next load.
_LOOKS = 3


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
        metadata: what the portal says of the dataset, read before the last count of its rows.
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
    _left: int = 0
    # What is read ahead while a step is committed.
    _ahead: Iterator[tuple[pa.Table, int]] | None = None
    _looks: int = 0

    def step(self) -> Iterator[pa.Table]:
        """The new versions in the next pages.

        Raises:
            PortalError: a page could not be had.
        """
        paging = Paging(self.portal, self.dataset, self.intake.columns, self.part)
        if self.expected_rows is None:
            self.expected_rows = self._left = paging.rows_left(self.mark)
            self.is_complete = self._left == 0
        if self.is_complete:
            return
        self.intake.begin_step()
        if self._ahead is None:
            read = paging.read(self.mark, self._left)
            self._ahead = self.portal.ahead(read, self.portal.concurrency)
        for _ in range(max(PAGES_A_STEP, self.portal.concurrency)):
            page, self._left = next(self._ahead, (None, 0))
            if page is None:
                break
            new = self._new_versions(page)
            if new.num_rows:
                yield new
        if self._left == 0:
            self._ahead = None
            self.is_complete = self._has_settled(paging)

    def _has_settled(self, paging: Paging) -> bool:
        """Whether the portal changed nothing while it was read; else what came is counted."""
        if self.part is not None:
            return True
        before, self.metadata = self.metadata, self.portal.metadata(self.dataset.id)
        if self.metadata.columns != before.columns:
            # The rows were read by the columns of before: have the next load tell of the change.
            self.metadata = replace(before, rows_updated_at=None)
        now = self.metadata.rows_updated_at
        if now is None or now != before.rows_updated_at:
            self._left = paging.rows_left(self.mark)
        self._looks += 1
        if self._left and self._looks == _LOOKS:
            self.metadata = replace(self.metadata, rows_updated_at=None)
            return True
        return self._left == 0

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

    def _new_versions(self, page: pa.Table) -> pa.Table:
        new = self.intake.take(page)
        self.mark = mark_of_last(page)
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
    def pages() -> Iterator[Any]:
        yield from reading.step()
        for noted in reading.intake.sightings:
            yield dlt.mark.with_table_name(noted, SIGHTINGS)
        reading.keep(dlt.current.resource_state())
        # The engine writes the step next: what Arrow keeps of the pages in store is free for it.
        pa.default_memory_pool().release_unused()

    return dlt.resource(
        pages,
        name=reading.intake.dataset.name,
        write_disposition="append",
    )
