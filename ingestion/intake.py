"""Takes fetched rows in: finds the versions among them that raw has not, and counts what came."""

from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from ingestion.catalog import Dataset
from ingestion.made_keys import record_keys
from ingestion.sightings import NO_SIGHTINGS, SIGHTING, sighted
from ingestion.versions import KNOWN_COLUMNS, sift


class KnownRecords(Protocol):
    """What raw has of a dataset."""

    def sign(self, page: pa.Table) -> pa.Table:
        """Fetched rows with `_record_key`, which names the record of those without a key."""

    def versions(self, page: pa.Table) -> pa.Table:
        """The versions that raw has of a page's records, columns as in `KNOWN_COLUMNS`."""

    def sighted(self, rows: pa.Table) -> pa.Table:
        """The sightings, columns as in `SIGHTING`, that an earlier load noted of these rows."""


@dataclass
class Intake:
    """The rows of one reading of a dataset, page by page; each is inserted, updated or unchanged.

    Attributes:
        dataset: the entry of the catalog.
        columns: the dataset's source columns.
        known: what raw has of it.
        sighted: how many of the unchanged rows were noted as sightings.
    """

    dataset: Dataset
    columns: list[str]
    known: KnownRecords
    fetched: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    sighted: int = 0
    # The versions of this step are not in raw yet; a row amended while we page comes twice.
    _earlier: list[pa.Table] = field(default_factory=list)
    _sightings: list[pa.Table] = field(default_factory=list)

    def begin_step(self) -> None:
        """What came before is in raw now."""
        self._earlier.clear()
        self._sightings.clear()

    @property
    def sightings(self) -> list[pa.Table]:
        """The rows of this step that say nothing new, but under an `:id` or a stamp that is new."""
        return self._sightings

    def take(self, page: pa.Table) -> pa.Table:
        """The rows of a page that raw is to keep, with their record key.

        Args:
            page: fetched rows with their `_version_hash`.
        """
        signed = self.known.sign(page)
        known = pa.concat_tables([self.known.versions(signed), *self._earlier])
        found = sift(signed, record_keys(self.dataset, signed), known)
        self.fetched += page.num_rows
        self.inserted += found.inserted
        self.updated += found.updated
        self.unchanged += found.unchanged
        kept = self._as_known(found.rows)
        if kept.num_rows:
            self._earlier.append(kept)
        if found.unchanged:
            self._note(signed, pa.concat_tables([known, kept]).select(SIGHTING))
        return found.rows

    def _as_known(self, rows: pa.Table) -> pa.Table:
        """Signed rows with columns as in `KNOWN_COLUMNS`."""
        keys = record_keys(self.dataset, rows)
        return rows.select(KNOWN_COLUMNS[1:]).add_column(0, KNOWN_COLUMNS[0], keys)

    def _note(self, signed: pa.Table, in_raw: pa.Table) -> None:
        """Note the rows that raw has not under their record, `:id` and stamp."""
        fresh = sighted(self.dataset, signed, in_raw)
        if fresh.num_rows:
            before = [table.select(SIGHTING) for table in self._sightings]
            noted = pa.concat_tables([NO_SIGHTINGS, self.known.sighted(fresh), *before])
            fresh = sighted(self.dataset, signed, pa.concat_tables([in_raw, noted]))
        if fresh.num_rows:
            self._sightings.append(fresh)
            self.sighted += fresh.num_rows
