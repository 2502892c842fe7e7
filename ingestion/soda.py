"""One page of a dataset as an Arrow table of text: paging, retry and the portal's errors.

The protocol is SODA 2.1. Pages come as CSV, which costs half of JSON on the wire and can be
parsed straight into columns, and which tells null (nothing) from the empty string (`""`).
"""

import io
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Self, TypeVar

import pyarrow as pa
import pyarrow.csv as pc
import requests
import tenacity

from warehouse.errors import WarehouseError
from warehouse.settings import SodaSettings

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# The system fields, and what raw calls them: `:` cannot begin a column's name in SQL.
SYSTEM_COLUMNS = {
    ":id": "_row_id",
    ":created_at": "_row_created_at",
    ":updated_at": "_row_updated_at",
}

_PASSING_STATUS = frozenset({202, 408, 429, 500, 502, 503, 504})
_ATTEMPTS = 6
# Seconds: 0.5, 1, 2, 4, 8 with jitter, so a portal that restarts is met again within a minute.
_BACKOFF = tenacity.wait_exponential_jitter(multiplier=0.5, max=30, jitter=0.5)
# A portal that asks for more patience than this gets it from the next run, not from this one.
_LONGEST_WAIT_S = 300
# Connecting is quick or not at all; a page of 50 000 rows may be a minute in the making.
_TIMEOUT_S = (10, 120)
# Must hold the longest row, which is a ward's outline of some 100 kB.
_CSV_BLOCK_BYTES = 1 << 24


class PortalError(WarehouseError):
    """The portal did not give what was asked for.

    Attributes:
        is_passing: asking again later may succeed.
        retry_after_s: how long the portal asked to wait, in seconds.
    """

    def __init__(
        self, message: str, *, is_passing: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.is_passing = is_passing
        self.retry_after_s = retry_after_s


class DatasetMissing(PortalError):  # noqa: N818 - a state of the portal, not a fault
    """The portal has no dataset of this id."""


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
    """A SODA portal over HTTP.

    Attributes:
        address: where it is.
        page_size: rows a page.
        requests: how many were made so far, repeated ones included.
    """

    def __init__(self, settings: SodaSettings, *, attempts: int = _ATTEMPTS) -> None:
        self.address = settings.base_url
        self.page_size = settings.page_size
        self.requests = 0
        self._attempts = attempts
        self._session = requests.Session()
        self._session.headers["Accept-Encoding"] = "gzip"
        if settings.app_token:
            self._session.headers["X-App-Token"] = settings.app_token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.close()

    def metadata(self, dataset_id: str) -> Metadata:
        """The columns of a dataset and when its rows last changed.

        Raises:
            DatasetMissing: the portal has no such dataset.
            PortalError: it did not answer, or not with metadata.
        """
        return self._ask(f"api/views/{dataset_id}.json", {}, _metadata)

    def count(self, dataset_id: str, where: str | None) -> int:
        """The number of rows that a condition selects.

        Raises:
            PortalError: the portal did not give it.
        """
        query = {"$select": "count(*) as n"} | ({"$where": where} if where else {})
        return self._ask(f"resource/{dataset_id}.json", query, _count)

    def row_ids(self, dataset_id: str) -> set[str]:
        """The `:id` of each row that the portal has now; for small datasets.

        Raises:
            PortalError: the portal did not give them.
        """
        found: set[str] = set()
        last = ""
        while True:
            query = {
                "$select": ":id",
                "$where": f":id > {quoted(last)}",
                "$order": ":id",
                "$limit": str(self.page_size),
            }
            page = self._ask(f"resource/{dataset_id}.csv", query, _csv_reader([":id"]))
            if page.num_rows == 0:
                return found
            found.update(page[":id"].to_pylist())
            last = page[":id"][-1].as_py()

    def page(
        self, dataset_id: str, columns: Sequence[str], where: str | None, after: Mark | None
    ) -> pa.Table:
        """The rows that follow a mark, in the order of (`:updated_at`, `:id`).

        Returns:
            A row of the portal a row: the source columns and the system fields under the
            names of `SYSTEM_COLUMNS`, all of them text. Empty after the last row.

        Raises:
            PortalError: the portal did not give them.
        """
        names = [*columns, *SYSTEM_COLUMNS]
        conditions = [f"({part})" for part in (where, after and beyond(after)) if part]
        query = {
            "$select": ",".join(names),
            "$order": ":updated_at,:id",
            "$limit": str(self.page_size),
        }
        if conditions:
            query["$where"] = " and ".join(conditions)
        table = self._ask(f"resource/{dataset_id}.csv", query, _csv_reader(names))
        return table.rename_columns([SYSTEM_COLUMNS.get(name, name) for name in names])

    def _ask(
        self, path: str, query: Mapping[str, str], read: Callable[[requests.Response], Answer]
    ) -> Answer:
        """One answer, asked for again while the fault is one that may pass."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=_wait,
            before_sleep=_say_so,
            reraise=True,
        )
        answer: Answer = attempts(self._ask_once, path, query, read)
        return answer

    def _ask_once(
        self, path: str, query: Mapping[str, str], read: Callable[[requests.Response], Answer]
    ) -> Answer:
        self.requests += 1
        try:
            response = self._session.get(f"{self.address}/{path}", params=query, timeout=_TIMEOUT_S)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise PortalError(
                f"the portal {self.address} cannot be reached: {_cause(error)};"
                " check the network and SOURCES__SODA__BASE_URL",
                is_passing=True,
            ) from error
        except requests.RequestException as error:
            raise PortalError(
                f"the portal {self.address} broke off {path}: {_cause(error)}", is_passing=True
            ) from error
        if response.status_code != 200:
            raise _refusal(self.address, path, response)
        try:
            return read(response)
        except (ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
            raise PortalError(
                f"the portal {self.address} answered {path} with something else than asked for:"
                f" {error}",
                is_passing=True,
            ) from error


def beyond(mark: Mark) -> str:
    """The SoQL condition of the rows after a mark."""
    updated_at, row_id = quoted(mark.updated_at), quoted(mark.row_id)
    return f":updated_at > {updated_at} or (:updated_at = {updated_at} and :id > {row_id})"


def quoted(text: str) -> str:
    """A text as SoQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _csv_reader(names: Sequence[str]) -> Callable[[requests.Response], pa.Table]:
    def read(response: requests.Response) -> pa.Table:
        kind = response.headers.get("Content-Type", "nothing")
        if not kind.startswith("text/csv"):
            raise ValueError(f"expected text/csv, got {kind}")
        table = pc.read_csv(
            io.BytesIO(response.content),
            read_options=pc.ReadOptions(block_size=_CSV_BLOCK_BYTES),
            parse_options=pc.ParseOptions(newlines_in_values=True),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        if table.column_names != list(names):
            raise ValueError(f"expected the columns {list(names)}, got {table.column_names}")
        return table

    return read


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
    if changed is not None and changed >= _answered_at(response).timestamp() - 1:
        changed = None
    return Metadata(columns, changed, view.get("attribution") or "")


def _answered_at(response: requests.Response) -> datetime:
    """The portal's own clock, against which its stamps can be held."""
    stated = response.headers.get("Date")
    return parsedate_to_datetime(stated) if stated else datetime.now(UTC)


def _count(response: requests.Response) -> int:
    return int(response.json()[0]["n"])


def _refusal(address: str, path: str, response: requests.Response) -> PortalError:
    """The error of a status that is not 200, with the portal's own message."""
    status = response.status_code
    said = _portal_message(response)
    message = f"the portal {address} refused {path} with {status}: {said}"
    if status == 404:
        return DatasetMissing(message)
    if status in (401, 403):
        message += "; check SOURCES__SODA__APP_TOKEN and whether the dataset is public"
    return PortalError(
        message, is_passing=status in _PASSING_STATUS, retry_after_s=_retry_after_s(response)
    )


def _portal_message(response: requests.Response) -> str:
    """The message of either error body that portals send, else the body's beginning."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200].strip() or response.reason or "no message"


def _retry_after_s(response: requests.Response) -> float | None:
    """`Retry-After`, which comes as seconds or as a date."""
    stated = response.headers.get("Retry-After")
    if not stated:
        return None
    if stated.strip().isdecimal():
        return float(stated)
    try:
        return max(0.0, (parsedate_to_datetime(stated) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None


def _may_pass(error: BaseException) -> bool:
    return (
        isinstance(error, PortalError)
        and error.is_passing
        and (error.retry_after_s or 0) <= _LONGEST_WAIT_S
    )


def _wait(state: tenacity.RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    asked = fault.retry_after_s if isinstance(fault, PortalError) else None
    return max(asked or 0.0, _BACKOFF(state))


def _say_so(state: tenacity.RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome else None
    logger.warning("%s; asking again in %.1f s", fault, state.upcoming_sleep)


def _cause(error: Exception) -> str:
    """The innermost reason: requests and urllib3 wrap it several times over."""
    reason: Any = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (part for part in getattr(reason, "args", ()) if isinstance(part, Exception)), None
        )
        if not isinstance(inner, Exception):
            return str(reason).rpartition(": ")[2] if "Errno" in str(reason) else str(reason)
        reason = inner
