"""What must be known of a file before its first row is taken: one pass, nothing is written."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from ingestion.catalog import Dataset
from ingestion.files import CsvFile
from warehouse.errors import WarehouseError, WrongCall

# A pattern beside each format: strptime alone would take the year 26 for one of antiquity.
_DOWNLOADED = r"\d\d/\d\d/\d{4}( \d\d:\d\d:\d\d [AP]M)?", ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y")
_SODA = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?", ("%Y-%m-%dT%H:%M:%S.%g", "%Y-%m-%dT%H:%M:%S")
_ISO = "%Y-%m-%dT%H:%M:%S.%g"
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@dataclass(frozen=True)
class Survey:
    """A file that was read to its end.

    Attributes:
        file: the file.
        rows: how many it has.
        digest: names its content.
        as_of: when the portal said what the file says, at the latest that is sure; none where
            the rows bring their own stamps.
        is_of_file_time: the as-of is only the file's own time, which moves when it is copied.
        date_columns: the columns all of whose values are dates.
        other_values: of each other column that is not empty, a value that is no date.
    """

    file: CsvFile
    rows: int
    digest: str
    as_of: str | None
    is_of_file_time: bool
    date_columns: frozenset[str]
    other_values: Mapping[str, str]

    def dates(self, dataset: Dataset, types: Mapping[str, str]) -> list[str]:
        """The columns to be read as dates: by their types as far as known, else by their values.

        Raises:
            WarehouseError: a column of dates has a value that is none.
        """
        for name, value in self.other_values.items():
            if types.get(name) == "calendar_date":
                raise WarehouseError(
                    f"{dataset.label}: {self.file.path} has '{value}' in the column of dates"
                    f" '{name}': take the file as the portal gives it"
                )
        return sorted(
            name
            for name in self.date_columns
            if types.get(name, "calendar_date") == "calendar_date"
        )


def survey(file: CsvFile, as_of: datetime | None = None) -> Survey:
    """Read a file to its end.

    A file does not say when it was made. Its *as-of*, which its rows are stamped with, is the
    newest date in it that is not later than the file itself, taken as UTC, which Chicago's clock
    is some hours behind. That should be no later than the moment at which the portal gave the
    file: then a row that the portal stamped before the as-of is surely in the file as it was, and
    one that it stamped after is the newer of the two. A later as-of would put the file's rows
    above amendments that it does not have.

    Without dates it is the file's time. Copying or unpacking a file may move that to long after
    the download, so it is no bound then, and a warehouse with rows of the portal's does not take
    it (`load_file`).

    Args:
        file: the file.
        as_of: the instant, where a person knows it.

    Raises:
        WrongCall: an as-of for rows that bring their own stamps, or one that is yet to come.
        WarehouseError: the file cannot be read to its end, or has no rows.
    """
    if as_of and file.has_system_fields:
        raise WrongCall(f"the rows of {file.path} have their own :updated_at: leave --as-of out")
    if as_of and as_of > datetime.now(UTC):
        raise WrongCall(f"--as-of {as_of.isoformat()} is yet to come (times are UTC)")
    digest = _digest(file)
    made_at = datetime.fromtimestamp(file.path.stat().st_mtime, UTC)
    rows, dates = 0, _Dates(file, _stamp(made_at))
    for page in file.pages():
        rows += page.num_rows
        dates.look_at(page)
        if file.has_system_fields:
            _check_system_fields(file, page)
    if not rows:
        raise WarehouseError(f"{file.path} has a header and no rows: download it again")
    newest = _stamp(as_of) if as_of else max(dates.newest.values(), default="")
    stamp = newest or _stamp(made_at)
    return Survey(
        file,
        rows,
        digest,
        None if file.has_system_fields else f"{stamp}Z",
        not newest and not file.has_system_fields,
        frozenset(dates.newest),
        dates.other_values,
    )


def in_iso(file: CsvFile, page: pa.Table, date_columns: list[str]) -> pa.Table:
    """A page with its dates as SODA writes them: half past five in the afternoon is 17:30."""
    if not file.is_download or not date_columns:
        return page
    written = ", ".join(
        f"strftime({_as_time(file, name)}, '{_ISO}') as \"{name}\"" for name in date_columns
    )
    with duckdb.connect() as session:
        session.register("page", page)
        return session.sql(f"select * replace ({written}) from page").to_arrow_table()


class _Dates:
    """Which columns hold dates and nothing else, found page by page."""

    def __init__(self, file: CsvFile, latest: str) -> None:
        self._file = file
        self._latest = latest
        self._candidates = file.source_columns
        # The newest date of each column that has dates, or "" if all are later than the file.
        self.newest: dict[str, str] = {}
        self.other_values: dict[str, str] = {}

    def look_at(self, page: pa.Table) -> None:
        if not self._candidates:
            return
        asked = []
        for name in self._candidates:
            time = _as_time(self._file, name)
            iso = f"strftime({time}, '{_ISO}')"
            asked += [
                f'first("{name}") filter (where "{name}" is not null and {time} is null)',
                f"count({time})",
                f"coalesce(max({iso}) filter (where {iso} <= '{self._latest}'), '')",
            ]
        with duckdb.connect() as session:
            session.register("page", page)
            answers = session.sql(f"select {', '.join(asked)} from page").fetchall()[0]
        for place, name in enumerate(self._candidates):
            other, dates, newest = answers[3 * place : 3 * place + 3]
            if other is not None:
                self.other_values[name] = other
                self.newest.pop(name, None)
            elif dates:
                self.newest[name] = max(newest, self.newest.get(name, ""))
        self._candidates = [name for name in self._candidates if name not in self.other_values]


def _as_time(file: CsvFile, name: str) -> str:
    """The SQL of a value as a time, null if it is none."""
    pattern, formats = _DOWNLOADED if file.is_download else _SODA
    return (
        f"case when regexp_full_match(\"{name}\", '{pattern}')"
        f' then try_strptime("{name}", {list(formats)}) end'
    )


def _check_system_fields(file: CsvFile, page: pa.Table) -> None:
    with duckdb.connect() as session:
        session.register("page", page)
        wrong = session.sql(
            f"""
            select coalesce(_row_updated_at, 'nothing')
            from page
            where not coalesce(
                _row_id <> ''
                and regexp_full_match(_row_created_at, '{_INSTANT}')
                and regexp_full_match(_row_updated_at, '{_INSTANT}'),
                false
            )
            limit 1
            """
        ).fetchall()
    if wrong:
        raise WarehouseError(
            f"{file.path} has a row without an :id, :created_at or :updated_at as the portal gives"
            f" them (:updated_at is {wrong[0][0]}): leave these columns out, or download it again"
        )


def _digest(file: CsvFile) -> str:
    """The beginning of the content's SHA-256.

    Raises:
        WarehouseError: a quotation mark or a line is open at the file's end.
    """
    digest, marks, last = hashlib.sha256(), 0, b""
    with file.path.open("rb") as binary:
        while block := binary.read(1 << 20):
            digest.update(block)
            marks += block.count(b'"')
            last = block[-1:]
    if marks % 2:
        raise WarehouseError(
            f"{file.path} ends within quotation marks, so it is cut short: download it again"
        )
    if last not in (b"\n", b"\r"):
        raise WarehouseError(
            f"{file.path} ends without a line break, so it is cut short: download it again"
        )
    return digest.hexdigest()[:16]


def _stamp(instant: datetime) -> str:
    """An instant in UTC as the portal writes it, but for the `Z`."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
