"""Holds the warehouse against the portal within one session: counts first, then keys.

The rows are compared where they are, in SQL over temp tables; what passes through this process
is a page of keys at a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from ingestion import sightings
from ingestion.catalog import Dataset
from ingestion.current_records import read_records
from ingestion.differences import DIFFERENCES
from ingestion.listing import Counts, Listing, grouped, in_words
from ingestion.soda import PortalError
from warehouse.connection import Connection, connect
from warehouse.reconciliation import ensure_tables
from warehouse.settings import Target

# A listing that has not as many rows as were counted is asked for again, counted anew.
_ATTEMPTS = 3
# Up to so many records that seem gone are asked for by key, wherever they may have moved to;
# beyond, listing the whole dataset costs fewer requests.
_ASKED_BY_KEY = 1_000

_COLUMNS = "period varchar, record_key varchar, _row_id varchar, _row_updated_at varchar"


@dataclass
class Comparison:
    """One comparison of a dataset.

    Attributes:
        connection: the session, with its temp tables `current_records`, `listed`, `differences`
            and `counted_months`.
        listing: the portal's side.
        months: all months that either side has rows in.
        portal_rows: what the portal counts, by month.
        listed_months: the months whose keys were compared.
    """

    connection: Connection
    dataset: Dataset
    listing: Listing
    months: list[str] = field(default_factory=list)
    portal_rows: Counts = field(default_factory=dict)
    listed_months: list[str] = field(default_factory=list)

    def count_rows(self, months: Sequence[str], *, deep: bool) -> Counts:
        """Compare the counts; gives the months to compare the keys of, and the portal's rows.

        Args:
            months: these among them, even if their counts agree.
            deep: all of them.

        Raises:
            PortalError: the portal did not count.
        """
        self.portal_rows = self.listing.counts()
        here = self._warehouse_rows()
        self.months = sorted({*self.portal_rows, *here})
        return {
            month: self.portal_rows.get(month, 0)
            for month in self.months
            if deep or month in months or self.portal_rows.get(month, 0) != here.get(month, 0)
        }

    def compare_keys(self, chosen: Counts) -> None:
        """Compare the keys of some months.

        Raises:
            PortalError: the portal did not list what it counts.
        """
        for group in grouped(chosen, self.listing.portal.page_size):
            self._list(self.listing, group, {month: chosen[month] for month in group})
        self.listed_months = sorted(chosen)
        self._find_differences()
        if gone := self.number("vanished"):
            self._look_elsewhere(gone, is_whole=len(chosen) == len(self.months))
        self._keep_counts()

    def number(self, difference: str) -> int:
        """How many records differ in this way."""
        return self._number(
            f"select count(*) as n from differences where difference = '{difference}'"
        )

    def months_of(self, *differences: str) -> list[str]:
        """The months in which records differ in one of these ways."""
        names = ", ".join(f"'{difference}'" for difference in differences)
        found = self.connection.fetch(
            f"select distinct period from differences where difference in ({names}) order by 1"
        )
        periods: list[str] = found["period"].to_pylist()
        return periods

    def current(self) -> int:
        """How many records of the whole dataset the warehouse takes to be there."""
        return self._number("select count(*) as n from current_records where not is_deleted")

    def in_part(self) -> int:
        """The same of the part that is compared."""
        return sum(self._warehouse_rows().values())

    def _number(self, sql: str) -> int:
        return int(self.connection.fetch(sql)["n"][0].as_py())

    def _warehouse_rows(self) -> Counts:
        found = self.connection.fetch(
            "select period, count(*) as n from current_records"
            " where is_in_part and not is_deleted group by period"
        )
        return dict(zip(found["period"].to_pylist(), found["n"].to_pylist(), strict=True))

    def _list(self, listing: Listing, months: list[str], counted: Counts) -> None:
        """Put the keys of some months into `listed`, all that the portal counts or none."""
        for _ in range(_ATTEMPTS):
            expected, rows = sum(counted.values()), 0
            for page in listing.pages(months, expected):
                self._take(page)
                rows += page.num_rows
            if rows == expected:
                self.portal_rows |= counted if listing is self.listing else {}
                return
            names = ", ".join(f"'{month}'" for month in months)
            self.connection.execute(f"delete from listed where period in ({names})")
            counted = dict.fromkeys(months, 0) | listing.counts(months)
        raise PortalError(
            f"{self.dataset.label}: the portal counts {expected} rows in {in_words(months)} but"
            f" lists {rows}; run 'warehouse reconcile {self.dataset.name}' later",
            is_passing=True,
        )

    def _take(self, page: pa.Table) -> None:
        self.connection.execute(
            "insert into listed select period, record_key, _row_id, _row_updated_at from page_keys",
            tables={"page_keys": page},
        )

    def _look_elsewhere(self, gone: int, *, is_whole: bool) -> None:
        """List the records that seem gone, if they are only in another month now."""
        whole = Listing(self.dataset, self.listing.portal)
        if self.dataset.key and gone <= _ASKED_BY_KEY:
            for column, names in self._names_of_vanished(self.dataset.key):
                for page in whole.of_records(column, names):
                    self._take(page)
        elif is_whole and not self.listing.part:
            return
        else:
            every = {
                month: rows
                for month, rows in whole.counts().items()
                if self.listing.part or month not in self.listed_months
            }
            for group in grouped(every, whole.portal.page_size):
                self._list(whole, group, {month: every[month] for month in group})
        self._find_differences()

    def _names_of_vanished(self, key: str) -> Iterator[tuple[str, list[str]]]:
        """What the portal knows the records by: by the City's key, or by each `:id` they had."""
        vanished = """
            select record_key from current_records
            where is_made = {made} and record_key in (
                select record_key from differences where difference = 'vanished'
            )
        """
        found = self.connection.fetch(vanished.format(made="false"))
        yield key, found["record_key"].to_pylist()
        found = self.connection.fetch(
            "select distinct _row_id from fetched_rows where _row_id not like 'file:%'"
            f" and record_key in ({vanished.format(made='true')})"
        )
        yield ":id", found["_row_id"].to_pylist()

    def _find_differences(self) -> None:
        if self.connection.target == "postgis":
            self.connection.execute("analyze listed")
        names = ", ".join(f"'{month}'" for month in self.listed_months) or "null"
        self.connection.execute("drop table if exists differences")
        self.connection.execute(DIFFERENCES.format(months=names))

    def _keep_counts(self) -> None:
        self.connection.execute(
            "create temp table counted_months as select period, portal_rows from portal_counts",
            tables={
                "portal_counts": pa.table(
                    {
                        "period": pa.array(self.portal_rows.keys(), pa.string()),
                        "portal_rows": pa.array(self.portal_rows.values(), pa.int64()),
                    }
                )
            },
        )


@contextmanager
def comparison(
    dataset: Dataset, target: Target, listing: Listing, since: date | None, until: date | None
) -> Iterator[Comparison]:
    """A session in which a dataset is compared; what is written in it is committed at its end.

    Args:
        dataset: the entry of the catalog.
        target: the warehouse.
        listing: the portal's side, of the same days.
        since: only records whose date column is on this day or later.
        until: only records whose date column is before this day.
    """
    with connect(target) as connection:
        ensure_tables(connection)
        sightings.make_table(connection)
        read_records(connection, dataset, since, until)
        connection.execute(f"create temp table listed ({_COLUMNS})")
        yield Comparison(connection, dataset, listing)
