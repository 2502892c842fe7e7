"""The user's file of treatments: what was changed at a place, and when."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from serving.sql_files import Ask
from warehouse.errors import WrongCall
from warehouse.settings import treatments_file

COLUMNS = ("name", "longitude", "latitude", "treated_on")
OPTIONAL = ("radius_ft", "years")
# A crossing and its approaches.
DEFAULT_RADIUS_FT = 500.0
# The Highway Safety Manual (AASHTO, 2010) asks for three to five years on each side.
DEFAULT_YEARS = 3
# What marts.before_after takes.
_LONGEST_RADIUS_FT, _MOST_YEARS = 26_400, 10
# So many wrong lines are told of; who has more sees by these what is amiss.
_TOLD = 3
# Of a value that is wrong so much is shown.
_SHOWN = 40
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# By what a treatment was found to be outside of the city, where not by the community areas.
_TOLD_BY = {
    "wards": ", by its wards",
    "bounds": ", by the bounds of crashes' coordinates: the warehouse has no wards",
}


@dataclass(frozen=True)
class Treatment:
    """A change of a street.

    Attributes:
        line: of the file, from 1.
        name: what was done and where.
        longitude: in degrees.
        latitude: in degrees.
        treated_on: the day from which on it worked.
        radius_ft: how far crashes are from it at most, in US survey feet.
        years: how many years before and after are looked at.
    """

    line: int
    name: str
    longitude: float
    latitude: float
    treated_on: date
    radius_ft: float
    years: int


@dataclass(frozen=True)
class TreatmentsFile:
    """A file of treatments, and what named it.

    Attributes:
        path: of the file.
        named_by: the option or the setting.
    """

    path: Path
    named_by: str

    def __str__(self) -> str:
        return f"{self.named_by} {self.path}"


def chosen_file(given: Path | None) -> TreatmentsFile | None:
    """The file that the call gives, else that of the settings, if there is one."""
    if given:
        return TreatmentsFile(given, "--treatments")
    path = treatments_file()
    return TreatmentsFile(path, "WAREHOUSE_TREATMENTS") if path else None


class _WrongLineError(Exception):
    """What is wrong with a line."""


def read_treatments(file: TreatmentsFile) -> list[Treatment]:
    """The treatments of a CSV file with a heading.

    Raises:
        WrongCall: the file cannot be read; or names the first wrong lines, and what is wrong with
            each.
    """
    rows = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    treatments: list[Treatment] = []
    wrong: list[tuple[int, str]] = []
    names: list[str] = []
    line = 1
    try:
        names = _names(file, next(rows, []))
        line = rows.line_num + 1
        for row in rows:
            if any(value.strip() for value in row):  # spreadsheets leave empty lines at the end
                try:
                    treatments.append(_treatment(line, names, row))
                except _WrongLineError as error:
                    wrong.append((line, str(error)))
            line = rows.line_num + 1
    except csv.Error as error:
        wrong.append(
            (
                line,
                f"{error}: a quote that is opened has to be closed, and one in a value is doubled",
            )
        )
    _refuse(file, [*wrong, *_repeated(treatments)])
    if not treatments:
        raise WrongCall(f"{file} has no treatment: write a line for each")
    return treatments


def refuse_elsewhere(file: TreatmentsFile, treatments: list[Treatment], ask: Ask) -> None:
    """Refuse treatments outside of the city, or outside of the days of the data.

    Args:
        file: theirs.
        treatments: of the file.
        ask: asks the marts.

    Raises:
        WrongCall: names the first wrong lines, and what is wrong with each.
    """
    wrong = []
    for one in treatments:
        point = f'{{"type":"Point","coordinates":[{one.longitude},{one.latitude}]}}'
        [found] = ask("treatment_place", point)
        if not found["is_in_city"]:
            told_by = _TOLD_BY.get(found["told_by"], "")
            said = (
                f"{one.longitude}, {one.latitude} is not in Chicago{told_by}: expected degrees, as"
                " in -87.6278, 41.8857"
            )
            wrong.append((one.line, said))
        # A street that was treated yesterday is listed, though no crash since then is known yet.
        elif not found["first_day"] < one.treated_on <= date.today():
            said = (
                f"treated_on is {one.treated_on}: expected a day after {found['first_day']}, from"
                " which on there are crashes, and not after today"
            )
            wrong.append((one.line, said))
    _refuse(file, wrong)


def _text(file: TreatmentsFile) -> str:
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise WrongCall(f"{file} cannot be read: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WrongCall(
            f"{file}, line {line}: it is no text in UTF-8: save it as CSV UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise WrongCall(f"{file}, line {line}: a NUL character: save it as CSV UTF-8")
    return text


def _names(file: TreatmentsFile, heading: Sequence[str]) -> list[str]:
    """The columns of the heading, however they are written."""
    names = [name.strip().casefold() for name in heading]
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name not in (*COLUMNS, *OPTIONAL)]
    doubled = [name for name in names if names.count(name) > 1]
    expected = f"expected {', '.join(COLUMNS)}, and if you like {', '.join(OPTIONAL)}"
    said = ""
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and mark in names[0]:
            said = f"its columns have {called} between them: save it with commas"
    if not said and missing:
        said = f"there is no column '{missing[0]}', with commas between"
    elif not said and unknown:
        said = f"unknown column {_shown(unknown[0])}"
    elif not said and doubled:
        said = f"the column '{doubled[0]}' is there twice"
    if said:
        raise WrongCall(f"{file}, line 1: {said}: {expected}")
    return names


def _treatment(line: int, names: list[str], row: list[str]) -> Treatment:
    """The treatment of a line.

    Raises:
        _WrongLineError: it has none.
    """
    if len(row) > len(names):
        raise _WrongLineError("more values than columns: put quotes around a comma")
    values = [value.strip() for value in row] + [""] * (len(names) - len(row))
    given = dict(zip(names, values, strict=True))
    if not given["name"]:
        raise _WrongLineError("name is empty: say what was done")
    years = _number("years", given.get("years"), 1, _MOST_YEARS, DEFAULT_YEARS, is_whole=True)
    return Treatment(
        line,
        " ".join(given["name"].split()),
        _number("longitude", given["longitude"], -88.5, -87),
        _number("latitude", given["latitude"], 41, 42.8),
        _day(given["treated_on"]),
        _number("radius_ft", given.get("radius_ft"), 1, _LONGEST_RADIUS_FT, DEFAULT_RADIUS_FT),
        int(years),
    )


def _number(
    name: str,
    given: str | None,
    least: float,
    most: float,
    default: float | None = None,
    *,
    is_whole: bool = False,
) -> float:
    if not given and default is not None:
        return default
    # What float takes besides, as 5_00 and digits of other scripts, is seldom what was meant.
    number = float(given) if given and _NUMBER.fullmatch(given) else float("nan")
    if not least <= number <= most or (is_whole and number != int(number)):
        kind = "a whole number" if is_whole else "a number"
        raise _WrongLineError(
            f"{name} is {_shown(given or '')}: expected {kind} from {least:g} to {most:g}"
        )
    return number


def _day(given: str) -> date:
    try:
        if _DAY.fullmatch(given):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise _WrongLineError(f"treated_on is {_shown(given)}: expected a day such as 2022-06-01")


def _shown(given: str) -> str:
    """A value in one line, with what cannot be seen written out."""
    return repr(given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…")


def _repeated(treatments: list[Treatment]) -> Iterator[tuple[int, str]]:
    """The lines that say what one before them says."""
    first: dict[Treatment, int] = {}
    for one in treatments:
        line = first.setdefault(replace(one, line=0), one.line)
        if line != one.line:
            yield one.line, f"the same treatment as line {line}: leave one of them out"


def _refuse(file: TreatmentsFile, wrong: Sequence[tuple[int, str]]) -> None:
    if not wrong:
        return
    ordered = sorted(wrong)
    told = "; ".join(f"line {line}: {said}" for line, said in ordered[:_TOLD])
    more = len(ordered) - _TOLD
    rest = f"; and {more} more wrong {'line' if more == 1 else 'lines'}" if more > 0 else ""
    raise WrongCall(f"{file}, {told}{rest}")
