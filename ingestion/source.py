"""The dlt source: each dataset that is read becomes a dlt resource of Arrow tables."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.catalog import Dataset
from ingestion.soda import Mark, Metadata, Portal, PortalError, beyond
from ingestion.versions import KNOWN_COLUMNS, sift, with_version_hash

# Pages a step: 200 000 rows are committed with their mark at once. More would be lost by a
# kill, fewer would pay dlt's half second a step more often.
_PAGES_A_STEP = 4
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


class KnownRecords(Protocol):
    """What raw has of a dataset."""

    def sign(self, page: pa.Table) -> pa.Table:
        """Fetched rows with the column that names their record."""

    def versions(self, page: pa.Table) -> pa.Table:
        """The versions that raw has of a page's records, columns as in `KNOWN_COLUMNS`."""


@dataclass
class Reading:
    """One reading of a dataset, over as many steps as it takes, and what it found.

    Attributes:
        part: the SoQL condition of a reading of a part of the dataset; it keeps no mark.
        mark: the last row read.
        is_complete: no row is left to read.
    """

    dataset: Dataset
    portal: Portal
    metadata: Metadata
    known: KnownRecords
    on_progress: Callable[[Progress], None]
    part: str | None = None
    mark: Mark | None = None
    is_complete: bool = False
    expected_rows: int | None = None
    pages: int = 0
    fetched: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def columns(self) -> list[str]:
        """The source columns, in the portal's order."""
        return [column.name for column in self.metadata.columns]

    def step(self) -> Iterator[pa.Table]:
        """The new versions in the next pages.

        Raises:
            PortalError: a page could not be had.
        """
        if self.expected_rows is None:
            self.expected_rows = self._rows_left()
            self.is_complete = self.expected_rows == 0
        # The versions of this step are not in raw yet; a row amended while we page comes twice.
        earlier: list[pa.Table] = []
        empty = 0
        for _ in range(_PAGES_A_STEP):
            if self.is_complete:
                return
            page = self.portal.page(self.dataset.id, self.columns, self.part, self.mark)
            if page.num_rows:
                new = self._new_versions(page, earlier)
                if new.num_rows:
                    named = [self.dataset.key_column, *KNOWN_COLUMNS[1:]]
                    earlier.append(new.select(named).rename_columns(KNOWN_COLUMNS))
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

    def _rows_left(self) -> int:
        conditions = [part for part in (self.part, self.mark and beyond(self.mark)) if part]
        return self.portal.count(
            self.dataset.id, " and ".join(f"({part})" for part in conditions) or None
        )

    def _new_versions(self, page: pa.Table, earlier: list[pa.Table]) -> pa.Table:
        signed = self.known.sign(with_version_hash(page, self.columns))
        known = pa.concat_tables([self.known.versions(signed), *earlier])
        found = sift(signed, self.dataset.key_column, known)
        last = Mark(page["_row_updated_at"][-1].as_py(), page["_row_id"][-1].as_py())
        if self.mark and last <= self.mark:
            raise PortalError(
                f"{self.dataset.label}: asked for the rows after {self.mark}, the portal sent rows"
                f" up to {last}: it does not order by (:updated_at, :id)"
            )
        self.mark = last
        self.pages += 1
        self.fetched += page.num_rows
        self.inserted += found.inserted
        self.updated += found.updated
        self.unchanged += found.unchanged
        self.on_progress(
            Progress(self.dataset.name, self.pages, self.fetched, self.expected_rows or 0)
        )
        return found.rows


@dlt.source(name="soda")
def soda(readings: Iterable[Reading]) -> Iterable[DltResource]:
    """A resource for each reading, which takes its next step and keeps its mark in dlt's state."""
    return [_resource(reading) for reading in readings]


def _resource(reading: Reading) -> DltResource:
    def pages() -> Iterator[pa.Table]:
        yield from reading.step()
        if reading.part is None:
            state = dlt.current.resource_state()
            state["mark"] = list(reading.mark) if reading.mark else None
            # Written only when the end is reached: it says that there is nothing to fetch.
            state["rows_updated_at"] = (
                reading.metadata.rows_updated_at if reading.is_complete else None
            )

    return dlt.resource(
        pages,
        name=reading.dataset.name,
        write_disposition="append",
    )
