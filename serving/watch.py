"""What is amiss with the data: it is too old, or a count is not what it should be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.pages import code, day, instant, number
from serving.sql_files import Row, asking
from warehouse.freshness import Freshness
from warehouse.settings import (
    FEWEST_WEEKDAYS,
    LARGEST_SHRINKAGE,
    UNUSUAL_DEVIATIONS,
    Target,
)

OLD_DATA, FRESH_AGAIN = "old data", "fresh again"


@dataclass(frozen=True)
class Finding:
    """A thing that is amiss.

    Attributes:
        kind: of what kind it is, such as `old data`.
        about: what it concerns; with the kind it names the matter.
        subject: what is amiss, in one line.
        markdown: the same with what is known of it and the next step.
        is_lasting: it goes on until somebody or something ends it; of what happened once one is
            told once.
    """

    kind: str
    about: str
    subject: str
    markdown: str
    is_lasting: bool


@dataclass(frozen=True)
class Limits:
    """How old a dataset may be, in hours; none where that is not watched.

    Attributes:
        loaded_h: the last load that succeeded.
        published_h: the portal's newest row.
    """

    loaded_h: int | None
    published_h: int | None


def find_old_data(
    target: Target, found: Iterable[Freshness], limits: Mapping[str, Limits], now: datetime
) -> list[Finding]:
    """The datasets whose last success, or whose newest row at the portal, is too old.

    Args:
        target: the warehouse.
        found: how old each dataset is.
        limits: how old each may be.
        now: the instant that they are held against.
    """
    findings = []
    for one in found:
        allowed = limits[one.dataset]
        reasons = []
        if one.last_success_at is None:
            reasons.append("No load of it ever succeeded.")
        elif _is_older(one.last_success_at, allowed.loaded_h, now):
            reasons.append(
                f"Its last load that succeeded was on {instant(one.last_success_at)}, more than"
                f" {allowed.loaded_h} hours ago."
            )
        if one.newest_row_at and _is_older(one.newest_row_at, allowed.published_h, now):
            reasons.append(
                f"The newest row that the City published is of {instant(one.newest_row_at)}, more"
                f" than {allowed.published_h} hours ago."
            )
        if reasons:
            findings.append(_old(target, one.dataset, " ".join(reasons)))
    return findings


def _is_older(at: datetime, hours: int | None, now: datetime) -> bool:
    return hours is not None and at < now - timedelta(hours=hours)


def _old(target: Target, dataset: str, reasons: str) -> Finding:
    subject = f"{dataset}: the data is old"
    status, sync = _command(target, "status"), _command(target, "sync", dataset)
    text = (
        f"# {subject}\n\n{reasons} Times are UTC.\n\n"
        f"Next: {status} says what the last runs did, and {sync} tries again. Where the loads"
        " succeed, the City has not published.\n"
    )
    return Finding(OLD_DATA, dataset, subject, text, is_lasting=True)


def find_odd_counts(target: Target) -> list[Finding]:
    """The days whose crashes leave their band, and the datasets that shrank.

    Raises:
        WarehouseError: there is no warehouse, or there are no marts in it.
    """
    with asking(target) as ask:
        days = ask("watch_unusual_days", UNUSUAL_DEVIATIONS, FEWEST_WEEKDAYS)
        checks = ask("watch_shrunk_datasets", LARGEST_SHRINKAGE)
    return [_unusual_day(target, row) for row in days] + [_shrunk(target, row) for row in checks]


def _unusual_day(target: Target, row: Row) -> Finding:
    subject = f"{number(row['total_crashes'])} crashes on {day(row['crash_date'])}: unusual"
    rows = f"select * from marts.crashes where crash_date = '{row['crash_date']}'"
    look, reconcile = _command(target, "query", f'"{rows}"'), _command(target, "reconcile --deep")
    text = (
        f"# {subject}\n\n"
        f"The {row['weekdays']} same weekdays of the 52 weeks before had a median of"
        f" {row['median']:,.1f}, and the band around it is {row['band_from']:,.1f} to"
        f" {row['band_to']:,.1f}: {UNUSUAL_DEVIATIONS} times 1.4826 median absolute deviations"
        " to either side, or as many roots of the median, whichever is more. The day is no"
        " more provisional.\n\n"
        "A snow storm or a holiday may be the reason, or rows that are lacking or doubled.\n\n"
        f"Next: {look}, and {reconcile}.\n"
    )
    about = f"crashes of {row['crash_date']}"
    return Finding("unusual count", about, subject, text, is_lasting=False)


def _shrunk(target: Target, row: Row) -> Finding:
    subject = f"{row['dataset']}: {number(row['vanished'])} records fewer at the portal"
    where = f"dataset = '{row['dataset']}' and difference = 'vanished'"
    look = _command(target, "query", f'"select * from quality.reconciliation_keys where {where}"')
    text = (
        f"# {subject}\n\n"
        f"The comparison of {instant(row['checked_at'])} (UTC) found that of"
        f" {number(row['records'])} records the portal has {number(row['vanished'])} no more,"
        f" above {LARGEST_SHRINKAGE:.1%}. What the portal has no more leaves the marts, but not"
        " raw.\n\n"
        f"Next: {look} names them; a record that the City brings back returns with the next"
        " sync.\n"
    )
    about = f"{row['dataset']} at {row['checked_at']}"
    return Finding("fewer records", about, subject, text, is_lasting=False)


def _command(target: Target, command: str, argument: str = "") -> str:
    """A command to copy, for this warehouse."""
    option = "" if target == "duckdb" else f" --target {target}"
    return code(f"warehouse {command}{option} {argument}".rstrip())
