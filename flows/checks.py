"""What is asked of a sync, checked before anything starts; light, so that a refusal is quick."""

from collections.abc import Iterable
from datetime import date

from ingestion.catalog import Dataset, load_catalog
from warehouse.errors import WrongCall
from warehouse.settings import Target, resolve_target


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
