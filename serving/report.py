"""The daily report: what happened, against the year before, and how the data stands.

Every figure comes from a query that stands in `serving/sql`, its text from a template.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from serving.pages import day, days, html, markdown, number, plain
from serving.sql_files import Row, asking
from warehouse.errors import WarehouseError, WrongCall
from warehouse.records import DatasetStatus
from warehouse.settings import Target

# More would be read by nobody.
_MOST_NOTES = 10
# A crash's id has 128 characters; as many tell it from all others.
_ID_LENGTH = 12

_FIGURES = {
    "crashes": "Crashes",
    "injuries": "People injured",
    "deaths": "People killed",
    "ksi": "Killed or seriously injured",
}
_TITLES = {
    "day": "{days}",
    "week": "The week: {days}",
    "settled_week": "The newest week that is settled: {days}",
}
_EFFECTS = {
    "injuries_fatal": "deaths",
    "injuries_incapacitating": "incapacitating injuries",
    "injuries_total": "injuries of any kind",
    "most_severe_injury": "severest injury",
}


@dataclass(frozen=True)
class Report:
    """A report, ready to be read.

    Attributes:
        day: the day that it is of.
        subject: what it comes to, in one line.
        markdown: all of it.
        html: the same as a page.
    """

    day: date
    subject: str
    markdown: str
    html: str


def make_report(
    target: Target, states: Iterable[DatasetStatus], on: date | None = None, *, is_sample: bool
) -> Report:
    """Make the report of a day.

    Args:
        target: the warehouse.
        states: how the datasets stand, from `warehouse.records`.
        on: the day; by default that before the portal's last publication, the newest that may be
            whole.
        is_sample: the crashes are generated.

    Raises:
        WrongCall: the City has published nothing of the day.
        WarehouseError: there is no warehouse, or there are no crashes in it.
    """
    with asking(target) as ask:
        totals = ask("report_totals", on.isoformat() if on else None)
        if not totals or totals[0]["published_until"] is None:
            raise WarehouseError(f"{target} has no crashes yet: run 'warehouse sync' first")
        reported = totals[0]
        _refuse_unknown(reported)
        # The publication of the day after is the one that the report is made from.
        amended_until: date = reported["last_day"] + timedelta(days=1)
        amendments = ask("report_amendments", amended_until.isoformat())
        of_note = ask("report_amendments_of_note", amended_until.isoformat())
        checked = ask("last_comparison")
        quality = {row["dataset"]: row for row in ask("report_quality")}
        runs = ask("report_runs")
    title = f"Chicago's crashes on {day(reported['last_day'])}"
    effects, notes = _effects(of_note), [_note(row) for row in of_note]
    text = markdown(
        "report",
        title=title,
        is_sample=is_sample,
        published_until=reported["published_until"],
        reported_on=reported["last_day"],
        is_newest=reported["last_day"] == reported["published_until"] - timedelta(days=1),
        is_provisional=any(row["is_provisional"] for row in totals),
        provisional_since=reported["provisional_since"],
        settling_days=(reported["published_until"] - reported["provisional_since"]).days,
        spans=[_span(row) for row in totals],
        amended_since=amended_until - timedelta(days=6),
        amended_until=amended_until,
        amendments=amendments,
        effects=effects,
        notes=notes[:_MOST_NOTES],
        notes_left=len(notes[_MOST_NOTES:]),
        states=[_state(one) for one in states],
        checked=[_checked(row, quality) for row in checked],
        runs=runs,
        failures=[run for run in runs if run["run_status"] == "failed"],
    )
    return Report(reported["last_day"], _subject(reported, is_sample), text, html(title, text))


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write a report as `report-2026-08-03.md` and `.html`; gives the files.

    Raises:
        WarehouseError: a file cannot be written.
    """
    written = []
    for ending, text in (("md", report.markdown), ("html", report.html)):
        path = folder / f"report-{report.day}.{ending}"
        begun = path.with_name(f".{path.name}.begun")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            begun.write_text(text, encoding="utf-8")
            begun.replace(path)
        except OSError as error:
            begun.unlink(missing_ok=True)
            raise WarehouseError(
                f"{path} cannot be written: {error.strerror}; name another folder with --out"
            ) from error
        written.append(path)
    return written


def _refuse_unknown(reported: Row) -> None:
    asked, until = reported["last_day"], reported["published_until"]
    if asked > until:
        raise WrongCall(
            f"of {asked} the City has published nothing yet: its last publication is of {until}"
        )
    if not reported["is_known"]:
        raise WrongCall(f"the warehouse has no crashes from before {asked + timedelta(days=1)}")


def _subject(reported: Row, is_sample: bool) -> str:
    counts = (
        f"{number(reported['crashes'])} {'crash' if reported['crashes'] == 1 else 'crashes'}",
        f"{number(reported['injuries'])} injured",
        f"{number(reported['deaths'])} killed",
    )
    return (
        f"{'SAMPLE DATA: ' if is_sample else ''}Chicago, {day(reported['last_day'])}:"
        f" {', '.join(counts)}{' (provisional)' if reported['is_provisional'] else ''}"
    )


def _span(row: Row) -> dict[str, Any]:
    return {
        "title": _TITLES[row["span"]].format(days=days(row["first_day"], row["last_day"])),
        "is_day": row["span"] == "day",
        "is_provisional": row["is_provisional"],
        "is_known_before": row["crashes_before"] is not None,
        "days_before": days(row["first_day_before"], row["last_day_before"]),
        "figures": [(said, row[name], row[f"{name}_before"]) for name, said in _FIGURES.items()],
    }


def _effects(of_note: list[Row]) -> list[dict[str, Any]]:
    """What the amendments of note did, a line a column."""
    lines = []
    for column, name in _EFFECTS.items():
        rows = [row for row in of_note if row["column_name"] == column]
        if rows:
            differences = [row["difference"] for row in rows if row["difference"] is not None]
            is_number = column != "most_severe_injury"
            lines.append(
                {
                    "name": name,
                    "crashes": len(rows),
                    "more": sum(one for one in differences if one > 0) if is_number else None,
                    "fewer": -sum(one for one in differences if one < 0) if is_number else None,
                }
            )
    return lines


def _note(row: Row) -> str:
    """An amendment of a crash, in one line."""
    where = f"{day(row['crash_date'])}, " if row["crash_date"] else ""
    street = f"{plain(row['street_name'])}, " if row["street_name"] else ""
    old, new = (plain(row[side] or "nothing") for side in ("old_value", "new_value"))
    return (
        f"{where}{street}crash {plain(row['crash_record_id'][:_ID_LENGTH])}:"
        f" {_EFFECTS[row['column_name']]} from {old} to {new}"
    )


def _state(state: DatasetStatus) -> dict[str, Any]:
    """How a dataset stands, with the portal's stamp as an instant where it is one."""
    try:
        newest = datetime.fromisoformat(state.newest_row_at or "").astimezone(UTC)
    except ValueError:
        newest = None
    return {
        "last_load": state.last_load,
        "records": state.records,
        "newest": newest,
        "last_success_at": state.last_success_at,
    }


def _checked(row: Row, quality: Mapping[str, Row]) -> dict[str, Any]:
    """How a dataset was last found to compare; of layers quality counts no records."""
    unknown = {"rejected_rows": None, "cleaned_values": None, "unsound_records": None}
    return {**unknown, **quality.get(row["dataset"], {}), **row}
