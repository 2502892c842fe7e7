"""The user's file of treatments: what was changed at a place, and when."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from serving.sql_files import Ask
from warehouse.errors import WrongCall

COLUMNS = ("name", "longitude", "latitude", "treated_on")
OPTIONAL = ("radius_ft", "years")
# A crossing and its approaches.
DEFAULT_RADIUS_FT = 500.0
# The Highway Safety Manual (AASHTO, 2010) asks for three to five years on each side.
DEFAULT_YEARS = 3
# What marts.before_after takes.
_LONGEST_RADIUS_FT, _MOST_YEARS = 26_400, 10


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


def read_treatments(path: Path) -> list[Treatment]:
    """The treatments of a CSV file with a heading.

    Raises:
        WrongCall: the file cannot be read; or names the line, and what is wrong with it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            treatments = list(_treatments(path, csv.DictReader(file, strict=True)))
    except OSError as error:
        raise WrongCall(f"--treatments {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongCall(f"--treatments {path} is no text in UTF-8: save it as CSV UTF-8") from error
    except csv.Error as error:
        raise WrongCall(f"--treatments {path} is no CSV: {error}") from error
    if not treatments:
        raise WrongCall(f"--treatments {path} has no treatment: write a line for each")
    return treatments


def refuse_elsewhere(path: Path, treatments: list[Treatment], ask: Ask) -> None:
    """Refuse treatments outside of the city, or outside of the days of the data.

    Args:
        path: their file.
        treatments: of the file.
        ask: asks the marts.

    Raises:
        WrongCall: names the line, and what is wrong with it.
    """
    for one in treatments:
        point = f'{{"type":"Point","coordinates":[{one.longitude},{one.latitude}]}}'
        [found] = ask("treatment_place", point)
        if found["is_in_city"] is False:
            raise WrongCall(
                f"{path}, line {one.line}: {one.longitude}, {one.latitude} is not in Chicago:"
                " expected degrees, as in -87.6278, 41.8857"
            )
        # A street that was treated yesterday is listed, though no crash since then is known yet.
        if not found["first_day"] < one.treated_on <= date.today():
            raise WrongCall(
                f"{path}, line {one.line}: treated_on is {one.treated_on}: expected a day after"
                f" {found['first_day']}, from which on there are crashes, and not after today"
            )


def _treatments(path: Path, rows: "csv.DictReader[str]") -> Iterator[Treatment]:
    names = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name not in (*COLUMNS, *OPTIONAL)]
    if missing or unknown:
        raise WrongCall(
            f"{path}, line 1: "
            + (
                f"there is no column '{missing[0]}', with commas between"
                if missing
                else f"unknown column '{unknown[0]}'"
            )
            + f": expected {', '.join(COLUMNS)}, and if you like {', '.join(OPTIONAL)}"
        )
    for row in rows:
        given = {name: (row[name] or "").strip() for name in names}
        if not any(given.values()) and None not in row:
            continue  # spreadsheets leave such lines at the end
        where = f"{path}, line {rows.line_num}"
        if None in row:
            raise WrongCall(f"{where}: more values than columns: put quotes around a comma")
        if not given["name"]:
            raise WrongCall(f"{where}: name is empty: say what was done")
        yield Treatment(
            rows.line_num,
            given["name"],
            _number(where, "longitude", given["longitude"], -88.5, -87),
            _number(where, "latitude", given["latitude"], 41, 42.8),
            _day(where, given["treated_on"]),
            _number(
                where, "radius_ft", given.get("radius_ft"), 1, _LONGEST_RADIUS_FT, DEFAULT_RADIUS_FT
            ),
            int(
                _number(
                    where, "years", given.get("years"), 1, _MOST_YEARS, DEFAULT_YEARS, is_whole=True
                )
            ),
        )


def _number(
    where: str,
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
    try:
        number = float(given or "")
    except ValueError:
        number = float("nan")
    if not least <= number <= most or (is_whole and number != int(number)):
        kind = "a whole number" if is_whole else "a number"
        raise WrongCall(
            f"{where}: {name} is '{given or ''}': expected {kind} from {least:g} to {most:g}"
        )
    return number


def _day(where: str, given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise WrongCall(
            f"{where}: treated_on is '{given}': expected a day such as 2022-06-01"
        ) from None
