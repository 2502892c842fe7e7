"""The data files of the sample portal: small CSV tables with comments."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of `facts/{name}.csv`; lines that begin with `#` are comments."""
    with (FOLDER / "facts" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def read_sql(name: str) -> str:
    """The text of `sql/{name}.sql`."""
    return (FOLDER / "sql" / f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Column:
    """A column of a dataset, as the portal's metadata describes it."""

    field: str
    type: str
    description: str = ""


@dataclass(frozen=True)
class DatasetSpec:
    """A dataset of the portal: its id, name, columns, key and the column that amending changes."""

    id: str
    name: str
    columns: tuple[Column, ...]
    key: str | None = None
    amended: str | None = None


@cache
def dataset_specs() -> dict[str, DatasetSpec]:
    """The datasets that the City's portal has and this one generates, by id."""
    columns: dict[str, list[Column]] = {}
    for row in read_table("columns"):
        column = Column(row["field"], row["type"], row["description"])
        columns.setdefault(row["dataset"], []).append(column)
    return {
        row["id"]: DatasetSpec(
            row["id"],
            row["name"],
            tuple(columns[row["id"]]),
            row["key"] or None,
            row["amended"] or None,
        )
        for row in read_table("datasets")
    }
