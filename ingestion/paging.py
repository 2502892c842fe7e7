"""Several pages at once, in the order of (`:updated_at`, `:id`), no row missed or doubled.

The rows beyond a mark are parted at marks that the portal names, and the ranges between them
are read at once. Whatever these marks are, each row beyond the first lies in a range, so a
portal that changes meanwhile makes ranges longer or shorter but leaves no gap; what is amended
moves beyond the last range and is met there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import pyarrow as pa

from ingestion.catalog import Dataset
from ingestion.soda import Mark, Portal, PortalError, between
from ingestion.versions import with_version_hash

# Empty answers in a row while the portal counts more rows, after which it is not believed.
_EMPTY_PAGES = 3


@dataclass(frozen=True)
class Paging:
    """The pages of a dataset.

    Attributes:
        columns: its source columns.
        part: the SoQL condition of the rows that are meant.
    """

    portal: Portal
    dataset: Dataset
    columns: Sequence[str]
    part: str | None

    def rows_left(self, after: Mark | None, up_to: Mark | None = None) -> int:
        """The number of rows beyond a mark, by the portal's count.

        Raises:
            PortalError: it could not be had.
        """
        return self.portal.count(self.dataset.id, between(self.part, after, up_to))

    def read(self, after: Mark | None, left: int) -> Iterator[tuple[pa.Table, int]]:
        """The rows that follow a mark, in order, page by page to the end.

        A page may be shorter than asked for without being the last.

        Args:
            after: the mark.
            left: how many rows the portal counts beyond it.

        Yields:
            A page with its rows' `_version_hash`, and how many rows are left beyond it: as counted
            before, and where none would be left by that, as counted now, for rows come, go and
            move meanwhile.

        Raises:
            PortalError: a page could not be had, or the portal's order is another.
        """
        while left > 0:
            came = 0
            for page in self._at_once(after, self._pages_at_once(left)):
                after = mark_of_last(page)
                came += page.num_rows
                left -= page.num_rows
                if left <= 0:
                    left = self.rows_left(after)
                yield page, left
            if not came:
                left = self.rows_left(after)

    def _pages_at_once(self, rows: int) -> int:
        pages = -(-rows // self.portal.page_size)
        return min(pages, self.portal.concurrency)

    def _at_once(self, after: Mark | None, pages: int) -> Iterator[pa.Table]:
        """The rows that follow a mark, in order: about so many pages, fetched at once."""
        ranges = pairwise([after, *self._marks_between(after, pages), None])
        calls = [partial(self._range, start, end) for start, end in ranges]
        for tables in self.portal.at_once(calls):
            yield from tables

    def _marks_between(self, after: Mark | None, pages: int) -> list[Mark]:
        """The marks of the last row of each page but the last, as far as the portal has them."""
        places = [self.portal.page_size * number for number in range(1, pages)]
        ask = partial(self.portal.mark_of, self.dataset.id, self.part, after)
        return [
            mark for mark in self.portal.at_once(partial(ask, place) for place in places) if mark
        ]

    def _range(self, after: Mark | None, up_to: Mark | None) -> list[pa.Table]:
        """All rows after one mark and up to the other, or a page where there is no other."""
        tables: list[pa.Table] = []
        empty = 0
        while True:
            page = self.portal.page(self.dataset.id, self.columns, self.part, after, up_to)
            if page.num_rows:
                after, empty = self._advanced(page, after), 0
                # Here, by a thread beside others, as it is the most work that a page makes.
                tables.append(with_version_hash(page, self.columns))
                if up_to in (None, after):
                    return tables
                if page.num_rows == self.portal.page_size:
                    continue
            # Only a count tells a range that ends before its mark, whose row was amended, from a
            # page that was cut short at a row's end.
            left = self.rows_left(after, up_to)
            if not left:
                return tables
            empty += not page.num_rows
            if empty == _EMPTY_PAGES:
                raise PortalError(
                    f"{self.dataset.label}: the portal counts {left} more rows but sends none;"
                    " sync again later",
                    is_passing=True,
                )

    def _advanced(self, page: pa.Table, after: Mark | None) -> Mark:
        """The mark of a page's last row.

        Stamps alone are compared: how the portal sorts the letters of `:id` is its own affair.
        """
        last = mark_of_last(page)
        if after and (last == after or last.updated_at < after.updated_at):
            raise PortalError(
                f"{self.dataset.label}: asked for the rows after {after}, the portal sent rows"
                f" up to {last}: it does not order by (:updated_at, :id)"
            )
        return last


def mark_of_last(page: pa.Table) -> Mark:
    """The mark of the last row of a page."""
    return Mark(page["_row_updated_at"][-1].as_py(), page["_row_id"][-1].as_py())
