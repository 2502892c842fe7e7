"""A mart as an Excel workbook: its rows, typed, and a sheet that describes the columns."""

import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from serving.marts import Mart
from warehouse.errors import WarehouseError

# Excel's own limits; the header takes one row of each sheet.
ROWS_A_SHEET = 1_048_575
_LONGEST_TEXT = 32_767
_LONGEST_SHEET_NAME = 31
_FIRST_YEAR = 1900
# It computes with 15 digits and would round what has more.
_LARGEST_INTEGER = 10**15 - 1

_WIDTH, _WIDTH_OF_DESCRIPTIONS = 18, 120


def write_xlsx(mart: Mart, rows: pa.RecordBatchReader, path: Path) -> int:
    """Write a workbook, row by row; geometry is left out, as no cell can hold a ward's.

    A mart of more rows than a sheet can have goes on in further ones.
    Texts stay texts, whatever they look like; an empty one is an empty cell, as null is. An
    integer that Excel would round, a date before its first and what is no finite number are
    written as texts too.

    Args:
        mart: what is written.
        rows: its rows.
        path: the file. What is needed until it is packed is kept beside it.

    Returns:
        How many rows were written.

    Raises:
        WarehouseError: a text is too long for a cell.
        OSError: the file cannot be written.
    """
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    book.use_zip64()  # the cells of a million wide rows are more than 2 GB until they are packed
    names = [column.name for column in mart.columns if not column.is_geometry]
    sheets = _Sheets(book, mart.name, names)
    written = 0
    for batch in rows:
        values = [batch.column(name).to_pylist() for name in names]
        for row in zip(*values, strict=True):
            if written and written % ROWS_A_SHEET == 0:
                sheets.begin()
            too_long = sheets.write(row)
            written += 1
            if too_long:
                raise WarehouseError(
                    f"column {too_long} of row {written} has a text of more than the"
                    f" {_LONGEST_TEXT:,} characters that a cell holds: take csv or parquet"
                )
    _describe(book, mart)
    try:
        book.close()
    except XlsxWriterException as error:
        raise OSError(0, str(error)) from error
    return written


class _Sheets:
    """The sheets of the rows, of which the newest is written to."""

    def __init__(self, book: Any, name: str, columns: list[str]) -> None:
        self._book, self._name, self._columns = book, name, columns
        self._header = book.add_format({"bold": True})
        self._date = book.add_format({"num_format": "yyyy-mm-dd"})
        self._timestamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._count = 0
        self.begin()

    def begin(self) -> None:
        """Go on in a new sheet."""
        self._count += 1
        suffix = f" {self._count}" if self._count > 1 else ""
        name = self._name[: _LONGEST_SHEET_NAME - len(suffix)] + suffix
        self._sheet = self._book.add_worksheet(name)
        self._sheet.set_column(0, len(self._columns), _WIDTH)
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            self._sheet.write_string(0, place, column, self._header)
        self._line = 0

    def write(self, row: tuple[Any, ...]) -> str | None:
        """Write the next row; the name of a column whose text does not fit."""
        self._line += 1
        sheet, line = self._sheet, self._line
        for place, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(line, place, value)
            elif isinstance(value, int | float) and _is_exact(value):
                sheet.write_number(line, place, value)
            elif isinstance(value, date) and value.year >= _FIRST_YEAR:
                is_day = not isinstance(value, datetime)
                sheet.write_datetime(line, place, value, self._date if is_day else self._timestamp)
            elif sheet.write_string(line, place, str(value)):
                return self._columns[place]
        return None


def _is_exact(value: float) -> bool:
    """Whether Excel keeps a number as it is."""
    return math.isfinite(value) and (isinstance(value, float) or abs(value) <= _LARGEST_INTEGER)


def _describe(book: Any, mart: Mart) -> None:
    """Add the sheet of descriptions: of the mart, then of each column."""
    sheet = book.add_worksheet("columns")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "valign": "top"})
    sheet.set_column(0, 1, _WIDTH * 2)
    sheet.set_column(2, 2, _WIDTH_OF_DESCRIPTIONS)
    sheet.freeze_panes(1, 0)
    lines = [("column", "type", "description"), (mart.full_name, "the mart", mart.description)]
    for column in mart.columns:
        kind = "geometry, not in this file" if column.is_geometry else column.kind
        lines.append((column.name, kind, column.description))
    for number, (name, kind, description) in enumerate(lines):
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, kind, wrapped if number else bold)
        sheet.write_string(number, 2, description[:_LONGEST_TEXT], wrapped if number else bold)
