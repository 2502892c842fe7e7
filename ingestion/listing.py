"""What the portal has of a dataset without its rows: counts by month, and keys of some months."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalog import Dataset
from ingestion.made_keys import without_key
from ingestion.soda import Portal, PortalError, quoted, quoted_lists

# Months are written like `2024-05`. Rows without a date, and all of a dataset without a date
# column, are a period of their own.
UNDATED = ""

# As many ranges of months as an address of 8 kB surely holds.
_RANGES = 30
# Counts that do not add up are asked for again: rows may have come meanwhile.
_ATTEMPTS = 3

Counts = dict[str, int]


@dataclass(frozen=True)
class Listing:
    """The portal's side of a comparison.

    Attributes:
        dataset: the entry of the catalog.
        portal: where to ask.
        part: the SoQL condition of the part that is compared; none for the whole dataset.
    """

    dataset: Dataset
    portal: Portal
    part: str | None = None

    def counts(self, months: Sequence[str] | None = None) -> Counts:
        """Rows by month, of all months or of some.

        Raises:
            PortalError: the portal did not give them.
        """
        where = self.condition(months) if months is not None else self.part
        column = self.dataset.date_column
        if not column:
            return {UNDATED: self.portal.count(self.dataset.id, where)}
        select = [f"date_trunc_ym({column}) as period", "count(*) as n"]
        for _ in range(_ATTEMPTS):
            total = self.portal.count(self.dataset.id, where)
            found = self.portal.rows(self.dataset.id, select, where, "period", "period").to_pydict()
            months_found = [month_of(period) for period in found["period"]]
            counts = dict(zip(months_found, map(int, found["n"]), strict=True))
            # An answer that was cut short would leave out months, whose rows would seem gone.
            if sum(counts.values()) == total:
                return counts
        raise PortalError(
            f"{self.dataset.label}: the portal counts {total} rows, but {sum(counts.values())} by"
            f" month; run 'warehouse reconcile {self.dataset.name}' later",
            is_passing=True,
        )

    def pages(self, months: Sequence[str], expected: int) -> Iterator[pa.Table]:
        """The keys of some months, a page at a time, until there are as many as expected.

        Returns:
            period, record_key, _row_id and _row_updated_at of each row of the portal's; without
            a key of the City's record_key is null.

        Raises:
            PortalError: the portal did not give them.
        """
        yield from self._list(self.condition(months), expected)

    def of_records(self, column: str, names: Collection[str]) -> Iterator[pa.Table]:
        """The rows of the whole dataset, whatever their month, that have one of these names.

        Args:
            column: the key, or `:id`.
            names: their values in it.

        Raises:
            PortalError: the portal did not give them.
        """
        for some in quoted_lists(names):
            where = f"{column} in ({some})"
            # Only a count that is no page can be nothing by right: a page may have come empty.
            expected = self.portal.count(self.dataset.id, where)
            pages = list(self._list(where, expected))
            if (listed := sum(page.num_rows for page in pages)) != expected:
                raise PortalError(
                    f"{self.dataset.label}: the portal counts {expected} rows of some keys but"
                    f" lists {listed}; run 'warehouse reconcile {self.dataset.name}' later",
                    is_passing=True,
                )
            yield from pages

    def condition(self, months: Sequence[str]) -> str | None:
        """The SoQL condition of some months within the part; none if that is every row."""
        column = self.dataset.date_column
        if not column:
            return self.part
        ranges = [
            f"({column} >= '{first}-01T00:00:00' and {column} < '{after}-01T00:00:00')"
            for first, after in _ranges(month for month in months if month != UNDATED)
        ]
        if UNDATED in months:
            ranges.append(f"{column} is null")
        either = " or ".join(ranges)
        return f"({self.part}) and ({either})" if self.part else either

    def _list(self, where: str | None, expected: int) -> Iterator[pa.Table]:
        """Keys, `:id`, `:updated_at` and months, until there are as many as expected."""
        key, column = self.dataset.key, self.dataset.date_column
        select = [name for name in (key, ":id", ":updated_at", column) if name]
        last: str | None = None
        while expected > 0:
            beyond = f":id > {quoted(last)}" if last is not None else None
            conditions = [f"({part})" for part in (where, beyond) if part]
            page = self.portal.rows(
                self.dataset.id, select, " and ".join(conditions) or None, ":id"
            )
            if not page.num_rows:
                return
            expected -= page.num_rows
            last = page[":id"][-1].as_py()
            nothing = pa.nulls(page.num_rows, pa.string())
            dates = (page[column] if column else nothing).to_pylist()
            yield pa.table(
                {
                    "period": pa.array([month_of(date) for date in dates], pa.string()),
                    "record_key": _named(page[key]) if key else nothing,
                    "_row_id": page[":id"],
                    "_row_updated_at": page[":updated_at"],
                }
            )


def _named(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """The keys of the City's, null where one names no record."""
    return pc.if_else(without_key(keys), None, keys)


def month_of(date: str | None) -> str:
    """The month of a date as the portal writes it."""
    return date[:7] if date else UNDATED


def grouped(counts: Mapping[str, int], largest: int) -> Iterator[list[str]]:
    """The months in their order, as many together as fit on a page and into an address."""
    group: list[str] = []
    rows = 0
    for month in sorted(counts):
        is_full = rows + counts[month] > largest or len(_ranges([*group, month])) > _RANGES
        if group and is_full:
            yield group
            group, rows = [], 0
        group.append(month)
        rows += counts[month]
    if group:
        yield group


def in_words(months: Sequence[str]) -> str:
    """Some months, as an error names them."""
    if list(months) == [UNDATED]:
        return "all rows or those without a date"
    names = [month or "no month" for month in months]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _ranges(months: Iterable[str]) -> list[tuple[str, str]]:
    """Runs of months that follow one another: the first, and the one after the last."""
    found: list[tuple[str, str]] = []
    for month in sorted(months):
        if not month:
            continue
        after = _month_after(month)
        if found and found[-1][1] == month:
            found[-1] = (found[-1][0], after)
        else:
            found.append((month, after))
    return found


def _month_after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"
