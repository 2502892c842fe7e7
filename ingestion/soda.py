"""A SODA portal: what can be asked of it, and what it says of a dataset."""

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, TypeVar

import pyarrow as pa
import requests

from ingestion.answers import csv_reader, single_number
from ingestion.exchange import Exchange
from ingestion.portal_errors import DatasetMissing, PortalError, answered_at
from ingestion.retry import ATTEMPTS
from ingestion.throttle import Throttle
from ingestion.transport import TRANSPORTS, Query, metadata_request
from warehouse.settings import LARGEST_PAGE, SodaSettings

__all__ = [
    "SYSTEM_COLUMNS", "Column", "DatasetMissing", "Mark", "Metadata", "Portal", "PortalError",
    "between", "beyond", "quoted", "quoted_lists",
]  # fmt: skip

Answer = TypeVar("Answer")

# The system fields, and what raw calls them: `:` cannot begin a column's name in SQL.
SYSTEM_COLUMNS = {
    ":id": "_row_id",
    ":created_at": "_row_created_at",
    ":updated_at": "_row_updated_at",
}

# As many texts of 128 characters as an address of 8 kB surely holds.
_TEXTS = 50

# Total, as :id is unique; :updated_at is not, because a bulk write stamps thousands of rows.
_ORDER_COLUMNS = (":updated_at", ":id")
_ORDER = ",".join(_ORDER_COLUMNS)


class Mark(NamedTuple):
    """The last row that was read: rows are read in the order of these two, which is total."""

    updated_at: str
    row_id: str


class Column(NamedTuple):
    """A column of a dataset as the portal's metadata states it."""

    name: str
    type: str


@dataclass(frozen=True)
class Metadata:
    """What the portal says of a dataset.

    Attributes:
        columns: the source columns in the portal's order, without the `:@computed_region_…`
            columns, which are the portal's own joins and no part of the City's reports.
        rows_updated_at: when a row last changed, in seconds since 1970; none if that is so
            recent that the next change could carry the same second.
        attribution: whose data it is.
    """

    columns: tuple[Column, ...]
    rows_updated_at: int | None
    attribution: str

    @property
    def types(self) -> dict[str, str]:
        """The portal's type of each source column."""
        return {column.name: column.type for column in self.columns}


class Portal:
    """A SODA portal over HTTP; its verbs may be called from several threads.

    Attributes:
        address: where it is.
        page_size: rows a page.
        concurrency: pages that may be asked for at once.
    """

    def __init__(
        self, settings: SodaSettings, throttle: Throttle, *, attempts: int = ATTEMPTS
    ) -> None:
        self.address = settings.base_url
        self.page_size = settings.page_size
        self.concurrency = settings.concurrency
        self._transport = TRANSPORTS[settings.api]
        self._exchange = Exchange(settings, throttle, attempts)
        self._threads = ThreadPoolExecutor(settings.concurrency, "portal")
        # Beside them, as what is read ahead is read by them.
        self._ahead = ThreadPoolExecutor(1, "portal-ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        # In this order: a thread that waits for a page of minutes is not waited for.
        for threads in (self._ahead, self._threads):
            threads.shutdown(wait=False, cancel_futures=True)
        self._exchange.end()
        for threads in (self._ahead, self._threads):
            threads.shutdown()

    @property
    def requests(self) -> int:
        """How many were made so far, repeated ones included."""
        return self._exchange.requests

    def at_once(self, calls: Iterable[Callable[[], Answer]]) -> Iterator[Answer]:
        """The answers of several calls, made at once, in the calls' order.

        Raises:
            PortalError: of the first call that failed.
        """
        # Each in the caller's context, so that what it logs is known to be of the same dataset.
        futures = deque(self._threads.submit(copy_context().run, call) for call in calls)
        try:
            while futures:  # an answer is held no longer than it is looked at
                yield futures.popleft().result()
        finally:
            for future in futures:
                future.cancel()

    def ahead(self, answers: Iterator[Answer], most: int) -> Iterator[Answer]:
        """The same answers, so many of them asked for while one is looked at.

        Raises:
            PortalError: at an answer that could not be had, when it is its turn.
        """

        def following() -> Future[Answer | None]:
            return self._ahead.submit(copy_context().run, lambda: next(answers, None))

        futures = deque(following() for _ in range(most))
        while (answer := futures.popleft().result()) is not None:
            futures.append(following())
            yield answer

    def metadata(self, dataset_id: str) -> Metadata:
        """The columns of a dataset and when its rows last changed.

        Raises:
            DatasetMissing: the portal has no such dataset.
            PortalError: it did not answer, or not with metadata.
        """
        return self._exchange.ask(metadata_request(dataset_id), _metadata)

    def count(self, dataset_id: str, where: str | None) -> int:
        """The number of rows that a condition selects.

        Raises:
            PortalError: the portal did not give it.
        """
        query = Query(["count(*) as n"], where=where)
        return self._exchange.ask(self._transport.aggregate(dataset_id, query), single_number)

    def rows(
        self,
        dataset_id: str,
        select: Sequence[str],
        where: str | None,
        order: str,
        group: str | None = None,
    ) -> pa.Table:
        """The first page of what a query gives: text, under the names that the portal uses.

        Of an aggregate it is all: there are never as many groups as the largest page has rows.

        Args:
            dataset_id: the dataset.
            select: columns, and expressions with their names, such as `count(*) as n`.
            where: the condition, if there is one.
            order: the order, which must be total for the next page to follow on this one.
            group: the columns or expressions of an aggregate.

        Raises:
            PortalError: the portal did not give them.
        """
        largest = LARGEST_PAGE if group else self.page_size
        return self._rows(dataset_id, Query(select, where, group, order, largest))

    def row_ids(self, dataset_id: str, among: Collection[str] | None = None) -> set[str]:
        """The `:id` of each row that the portal has now; for small datasets, or few rows.

        Args:
            dataset_id: the dataset.
            among: only those of them.

        Raises:
            PortalError: the portal did not give them.
        """
        if among is None:
            return self._row_ids(dataset_id, None)
        found: set[str] = set()
        for some in quoted_lists(among):
            found |= self._row_ids(dataset_id, f":id in ({some})")
        return found

    def _row_ids(self, dataset_id: str, where: str | None) -> set[str]:
        expected = self.count(dataset_id, where)
        found: set[str] = set()
        last: str | None = None
        while len(found) < expected:
            # A text that is no row's `:id`, such as the empty one, the portal does not compare.
            beyond = f":id > {quoted(last)}" if last is not None else None
            conditions = [part for part in (where, beyond) if part]
            page = self.rows(dataset_id, [":id"], " and ".join(conditions) or None, ":id")
            if page.num_rows == 0:
                raise PortalError(
                    f"the portal {self.address} counts {expected} rows of {dataset_id} but lists"
                    f" {len(found)}; sync again later",
                    is_passing=True,
                )
            found.update(page[":id"].to_pylist())
            last = page[":id"][-1].as_py()
        return found

    def page(
        self,
        dataset_id: str,
        columns: Sequence[str],
        where: str | None,
        after: Mark | None,
        up_to: Mark | None = None,
    ) -> pa.Table:
        """The rows that follow a mark, in the order of (`:updated_at`, `:id`).

        Returns:
            A row of the portal a row: the source columns and the system fields under the
            names of `SYSTEM_COLUMNS`, all of them text. Empty after the last row, or after
            the mark up to which it was asked for.

        Raises:
            PortalError: the portal did not give them.
        """
        names = [*columns, *SYSTEM_COLUMNS]
        table = self.rows(dataset_id, names, between(where, after, up_to), _ORDER)
        return table.rename_columns([SYSTEM_COLUMNS.get(name, name) for name in names])

    def mark_of(
        self, dataset_id: str, where: str | None, after: Mark | None, place: int
    ) -> Mark | None:
        """The mark of the row at a place after a mark, the first being 1; none beyond the last.

        Raises:
            PortalError: the portal did not give it.
        """
        condition = between(where, after)
        query = Query(_ORDER_COLUMNS, condition, order=_ORDER, limit=1, offset=place - 1)
        found = self._rows(dataset_id, query)
        return Mark(*(found[name][0].as_py() for name in _ORDER_COLUMNS)) if len(found) else None

    def _rows(self, dataset_id: str, query: Query) -> pa.Table:
        return self._exchange.ask(self._transport.rows(dataset_id, query), csv_reader(query.names))


def between(where: str | None, after: Mark | None, up_to: Mark | None = None) -> str | None:
    """The SoQL condition of the rows of a part that lie after a mark, and not after another."""
    parts = [where, after and beyond(after), up_to and _not_beyond(up_to)]
    return " and ".join(f"({part})" for part in parts if part) or None


def beyond(mark: Mark) -> str:
    """The SoQL condition of the rows after a mark."""
    updated_at, row_id = quoted(mark.updated_at), quoted(mark.row_id)
    return f":updated_at > {updated_at} or (:updated_at = {updated_at} and :id > {row_id})"


def _not_beyond(mark: Mark) -> str:
    updated_at, row_id = quoted(mark.updated_at), quoted(mark.row_id)
    return f":updated_at < {updated_at} or (:updated_at = {updated_at} and :id <= {row_id})"


def quoted(text: str) -> str:
    """A text as SoQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def quoted_lists(texts: Collection[str]) -> Iterator[str]:
    """Texts in their order as SoQL writes them, with commas, as many as an address surely holds."""
    ordered = sorted(texts)
    for first in range(0, len(ordered), _TEXTS):
        yield ",".join(quoted(text) for text in ordered[first : first + _TEXTS])


def _metadata(response: requests.Response) -> Metadata:
    view: dict[str, Any] = response.json()
    columns = tuple(
        Column(column["fieldName"], column["dataTypeName"])
        for column in view["columns"]
        if not column["fieldName"].startswith(":")
    )
    if not columns:
        raise ValueError("its metadata lists no columns")
    for column in columns:  # they become names in SQL
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", column.name):
            raise ValueError(f"its metadata has a column named {column.name!r}")
    changed: int | None = view.get("rowsUpdatedAt")
    if changed is not None and changed >= answered_at(response).timestamp() - 1:
        changed = None
    return Metadata(columns, changed, view.get("attribution") or "")
