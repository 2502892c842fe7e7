"""What a page shows: a chart, the table behind it, and the marts that both are from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.sql_files import Row


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        value: what a cell has of a row, as text.
        is_number: it stands to the right.
        order: what the column is sorted by, where it is sorted; none sorts last.
        link: where a cell leads, from the site's folder; none leads nowhere.
    """

    title: str
    value: Callable[[Row], str]
    is_number: bool = False
    order: Callable[[Row], float | str | None] | None = None
    link: Callable[[Row], str] | None = None


@dataclass(frozen=True)
class Cell:
    """A cell of a table, ready to be shown."""

    text: str
    is_number: bool
    order: float | str | None
    link: str | None


@dataclass(frozen=True)
class Table:
    """A table, whose first column names the row.

    Attributes:
        caption: what one row is, and of when.
        titles: of the columns, and whether they are numbers.
        rows: the cells.
        is_sortable: its headings are buttons that sort it.
        sorted_by: the title of the column that it is sorted by to begin with, the least first.
    """

    caption: str
    titles: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]]
    is_sortable: bool = False
    sorted_by: str = ""


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Row], sorted_by: str = ""
) -> Table:
    """A table of rows; it can be sorted where its columns say by what."""
    return Table(
        caption,
        [(column.title, column.is_number) for column in columns],
        [[_cell(column, row) for column in columns] for row in rows],
        is_sortable=any(column.order for column in columns),
        sorted_by=sorted_by,
    )


def _cell(column: Column, row: Row) -> Cell:
    return Cell(
        column.value(row),
        column.is_number,
        column.order(row) if column.order else None,
        column.link(row) if column.link else None,
    )


@dataclass(frozen=True)
class Chart:
    """A chart with the table behind it.

    Attributes:
        name: names it within its page.
        title: its heading.
        says: what it shows, for who does not see it.
        marts: the tables that it is from, such as `marts.crashes_daily`.
        figure: `data` and `layout` as Plotly takes them; none where there is nothing to draw.
        table: the same in figures.
        note: a line below it.
        nothing: what stands there where there is nothing to draw.
        height: of the drawing, as a class of the style sheet.
        more_tables: others that go with it.
    """

    name: str
    title: str
    says: str
    marts: Sequence[str]
    figure: dict[str, Any] | None
    table: Table
    note: str = ""
    nothing: str = "There is nothing to draw."
    height: str = "usual"
    more_tables: Sequence[Table] = field(default_factory=tuple)
