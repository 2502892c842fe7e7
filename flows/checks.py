"""What is asked of a sync, checked before anything starts; light, so that a refusal is quick."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.catalog import Dataset, load_catalog
from warehouse.errors import WrongCall
from warehouse.settings import Target, resolve_target

if TYPE_CHECKING:
    from ingestion.files import CsvFile


def checked(
    datasets: Iterable[str], target: str | None, since: date | None, until: date | None
) -> tuple[list[Dataset], Target]:
    """The datasets and the target that are meant.

    Raises:
        WrongCall: one of them is unknown, or the period ends before it begins.
    """
    chosen = load_catalog().select(datasets)
    where = resolve_target(target)
    if since and until and since >= until:
        raise WrongCall(
            f"since {since} is not before until {until}: the last day is left out,"
            " so a single day ends on the next"
        )
    return chosen, where


def checked_file(
    dataset: str, path: Path, target: str | None, as_of: datetime | None
) -> tuple[Dataset, CsvFile, Target, datetime | None]:
    """The dataset, the file with its header read, the target and the instant in UTC.

    Raises:
        WrongCall: one of them is unknown.
        WarehouseError: the file is no CSV of the dataset.
    """
    from ingestion.files import csv_file  # late: no other check needs Arrow

    [entry], where = checked([dataset], target, None, None)
    if as_of:
        as_of = as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    return entry, csv_file(path, entry), where, as_of


def read_instant(name: str, text: str | None) -> datetime | None:
    """An instant as `2026-08-04T12:00`, in UTC where it does not say otherwise.

    Raises:
        WrongCall: it is none.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongCall(
            f"{name} '{text}' is no instant: expected one like 2026-08-04T12:00, in UTC"
        ) from error


def read_date(name: str, text: str | None) -> date | None:
    """A date as `2024-05-31`.

    Raises:
        WrongCall: it is none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongCall(f"{name} '{text}' is no date: expected one like 2024-05-31") from error
