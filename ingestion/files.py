"""A dataset's rows in a CSV file, in either of the forms that people have.

SODA's own form has field names as headers, ISO stamps, and nothing for null but `""` for the
empty string; it may hold the rows' system fields. The form of the portal's download button has
display names as headers and dates like `04/18/2026 01:45:00 PM`, and it does not tell null from
the empty string: empty is null there.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc

from ingestion.catalog import Dataset
from ingestion.soda import SYSTEM_COLUMNS
from warehouse.errors import WarehouseError, WrongCall

# As many as a page of the portal's, so that a file costs the memory that the portal does.
PAGE_ROWS = 25_000
# Must hold the longest row.
_BLOCK_BYTES = 1 << 24

_FIELD_NAME = re.compile(r":?@?[a-z_][a-z0-9_]*")
# What raw adds to the City's columns.
_OURS = {*SYSTEM_COLUMNS.values(), "_version_hash", "_record_key", "_dlt_load_id"}
# A line that lists more columns than this is read by nobody.
_COLUMNS_NAMED = 8
# How files begin that people take for CSV, without the blanks before it.
_OTHER_KINDS = {
    b"<": "a page of HTML or XML",
    b"{": "JSON",
    b"[": "JSON",
    b"PK": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "compressed with gzip",
}


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header was read and fits the dataset.

    Attributes:
        path: where it is.
        header: the names in its first row.
        columns: what raw calls each of them; none for those that raw is not to have.
        is_download: it has the form of the portal's download button, else SODA's.
    """

    path: Path
    header: tuple[str, ...]
    columns: tuple[str | None, ...]
    is_download: bool

    @property
    def source_columns(self) -> list[str]:
        """The City's columns in the file."""
        return [name for name in self.columns if name and name not in _OURS]

    @property
    def has_system_fields(self) -> bool:
        """The rows bring their own `:id`, `:created_at` and `:updated_at`."""
        return set(SYSTEM_COLUMNS.values()) <= set(self.columns)

    def pages(self) -> Iterator[pa.Table]:
        """The rows in the file's order, as text, under the names of raw.

        Raises:
            WarehouseError: the file cannot be read to its end; names the line where it can.
        """
        waiting = None
        try:
            for batch in self._open():
                read = pa.Table.from_batches([batch])
                waiting = pa.concat_tables([waiting, read]) if waiting else read
                while waiting.num_rows >= PAGE_ROWS:
                    yield self._named(waiting.slice(0, PAGE_ROWS))
                    waiting = waiting.slice(PAGE_ROWS)
        except pa.ArrowInvalid as error:
            raise self._unreadable(error) from error
        if waiting:
            yield self._named(waiting)

    def _open(self) -> pc.CSVStreamingReader:
        return pc.open_csv(
            self.path,
            read_options=pc.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=pc.ParseOptions(newlines_in_values=True),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(self.header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=self.is_download,
            ),
        )

    def _named(self, table: pa.Table) -> pa.Table:
        kept = [position for position, name in enumerate(self.columns) if name]
        return table.select(kept).rename_columns([name for name in self.columns if name])

    def _unreadable(self, error: pa.ArrowInvalid) -> WarehouseError:
        if "UTF8" in str(error):
            return _not_utf8(self.path)
        try:
            line = self._first_ragged_line()
        except UnicodeDecodeError:  # Arrow counts the values before it looks at the text
            return _not_utf8(self.path)
        if line is None:
            return WarehouseError(f"{self.path} cannot be read as CSV: {error}")
        number, values = line
        return WarehouseError(
            f"{self.path}, line {number}: {values} values under {len(self.header)} headers;"
            " the file is cut short or was edited: download it again"
        )

    def _first_ragged_line(self) -> tuple[int, int] | None:
        """The first line with more or fewer values than headers, and how many it has.

        Raises:
            UnicodeDecodeError: the file up to there is no text in UTF-8.
        """
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.reader(file)
                for row in rows:
                    if row and len(row) != len(self.header):
                        return rows.line_num, len(row)
        except csv.Error:  # which is about the same fault, but names no line
            pass
        return None


def csv_file(path: Path, dataset: Dataset) -> CsvFile:
    """Read a file's header and hold it against the catalog.

    Raises:
        WrongCall: there is no such file.
        WarehouseError: it is no CSV, or that of another dataset.
    """
    header = _header(path)
    is_download = not all(_FIELD_NAME.fullmatch(name) for name in header)
    columns = [_column(name, dataset, is_download) for name in header]
    if not set(SYSTEM_COLUMNS.values()) <= set(columns):
        # Without all three of them a row is not as the portal would give it.
        columns = [name if name not in SYSTEM_COLUMNS.values() else None for name in columns]
    file = CsvFile(path, tuple(header), tuple(columns), is_download)
    _check(file, dataset)
    return file


def _check(file: CsvFile, dataset: Dataset) -> None:
    known = [name for name in file.columns if name]
    for place, name in enumerate(known):
        if name in known[:place]:
            raise WarehouseError(
                f"{dataset.label}: {file.path} has the column '{name}' twice; leave one of them out"
            )
    for needed in (dataset.key, *dataset.made_from, dataset.date_column):
        if needed and needed not in known:
            named = ", ".join(sorted(known)[:_COLUMNS_NAMED])
            more = len(known) - _COLUMNS_NAMED
            raise WarehouseError(
                f"{dataset.label}: {file.path} has no column '{needed}', so it is probably another"
                f" dataset's; its columns are {named}{f' and {more} more' if more > 0 else ''}:"
                " download the dataset as CSV"
            )


def _header(path: Path) -> list[str]:
    try:
        with path.open("rb") as binary:
            start = binary.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise WrongCall(f"cannot read the file {path}: {error.strerror}") from error
    if not start:
        raise WarehouseError(f"{path} is empty: download it again")
    for beginning, kind in _OTHER_KINDS.items():
        if start.startswith(beginning):
            raise WarehouseError(f"{path} is {kind}, no CSV: download the dataset as CSV")
    if b"\x00" in start:
        raise WarehouseError(
            f"{path} has NUL characters, so it is no CSV of the portal's, or not in UTF-8:"
            " download it again, or save it as UTF-8 without them"
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            header = next(row for row in csv.reader(text) if row)
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    except csv.Error as error:
        raise WarehouseError(f"{path} cannot be read as CSV: {error}") from error
    if len(header) == 1 and (others := [mark for mark in ";\t|" if mark in header[0]]):
        raise WarehouseError(
            f"{path} has {others[0]!r} between its values, not a comma: download it again as CSV"
        )
    return header


def _column(header: str, dataset: Dataset, is_download: bool) -> str | None:
    """What raw calls a column, by its header."""
    if header in dataset.download_names:
        return dataset.download_names[header]
    if header.startswith(":"):
        return SYSTEM_COLUMNS.get(header)
    name = re.sub(r"[^a-z0-9]+", "_", header.lower()) if is_download else header
    if not name.strip("_") or name in _OURS:
        raise WarehouseError(
            f"{dataset.label}: the file has a column named '{header}', which cannot be the City's;"
            " take the file as the portal gives it"
        )
    return f"_{name}" if name[0].isdigit() else name


def _not_utf8(path: Path) -> WarehouseError:
    return WarehouseError(f"{path} is no text in UTF-8: download it again, or save it as UTF-8")
