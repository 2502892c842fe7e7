"""Reads the seeds of cleaning and cleans whole rows by them: values, classes and the log."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.city_outline import CityOutline
from tests.cleaning import KINDS, Given, Row, Value, ascii_upper, is_plausible, tidy

_CHICAGO = ZoneInfo("America/Chicago")
_PAIR = ("latitude", "longitude")


class Rule(NamedTuple):
    """What is done to a column."""

    name: str
    kind: str
    parameters: dict[str, str]


class Change(NamedTuple):
    """A row of the log, within its record."""

    column: str
    rule: str
    raw: str
    clean: str | None


@dataclass
class Cleaned:
    """What a raw row becomes."""

    values: dict[str, Value]
    changes: list[Change] = field(default_factory=list)


class Cleaner:
    """Cleans rows by the rules of two seeds.

    Args:
        rules: the seed of rules, each for a column of a dataset.
        categories: the seed of the values that the City lists.
        outline: the city's, where the warehouse knows it.
    """

    def __init__(self, rules: Path, categories: Path, outline: CityOutline | None = None) -> None:
        self.rules: dict[str, dict[str, Rule]] = defaultdict(dict)
        self.listed: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._outline = outline
        for entry in _entries(rules):
            parameters = dict(part.split("=", 1) for part in entry["parameters"].split())
            self.rules[entry["dataset"]][entry["column"]] = Rule(
                entry["rule"], entry["kind"], parameters
            )
        for entry in _entries(categories):
            listed = self.listed[entry["dataset"], entry["column"]]
            listed[ascii_upper(entry["value"])] = entry["value"]

    def clean(self, dataset: str, row: Row) -> Cleaned:
        """A raw row's clean values and what was changed.

        Args:
            dataset: the dataset's name.
            row: its columns, and `_dlt_load_id`; one that it lacks is null.
        """
        rules = self.rules[dataset]
        fetched_at = _wall_clock(row["_dlt_load_id"] or "0")
        crash_date = self._value(dataset, "crash_date", row, Given(fetched_at=fetched_at))
        given = Given(
            fetched_at=fetched_at,
            crash_date=crash_date if isinstance(crash_date, datetime) else None,
        )
        values = {column: self._value(dataset, column, row, given) for column in rules}
        if set(_PAIR) <= set(rules):
            values["coordinate_quality"] = quality = self._quality(values, rules)
            if quality != "ok":
                values |= dict.fromkeys(_PAIR)
        dates = Given(rules["crash_date"].parameters, fetched_at=fetched_at)
        values["has_implausible_date"] = given.crash_date is not None and not is_plausible(
            given.crash_date, dates
        )
        return Cleaned(values, list(_changes(rules, row, values)))

    def _value(self, dataset: str, column: str, row: Row, given: Given) -> Value:
        rule = self.rules[dataset][column]
        tidied = tidy(row.get(column))
        if tidied is None:
            return None
        listed = self.listed[dataset, column]
        return KINDS[rule.kind](
            tidied, Given(rule.parameters, listed, given.fetched_at, given.crash_date)
        )

    def _quality(self, values: dict[str, Value], rules: dict[str, Rule]) -> str:
        """What the pair of coordinates is worth."""
        numbers = [values[name] for name in _PAIR]
        if None in numbers:
            return "missing"
        latitude, longitude = (float(str(number)) for number in numbers)
        if latitude == longitude == 0:
            return "zero"
        for name, number in zip(_PAIR, (latitude, longitude), strict=True):
            bounds = rules[name].parameters
            if not float(bounds["min"]) <= number <= float(bounds["max"]):
                return "out_of_bounds"
        within_ft = (rules["latitude"].parameters | rules["longitude"].parameters)["within_ft"]
        if self._outline and not self._outline.is_within(longitude, latitude, float(within_ft)):
            return "outside_city"
        return "ok"


def _entries(seed: Path) -> list[dict[str, str]]:
    with seed.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _wall_clock(load_id: str) -> datetime:
    """When a load was, by Chicago's clocks."""
    return datetime.fromtimestamp(float(load_id), _CHICAGO).replace(tzinfo=None)


def _changes(rules: dict[str, Rule], row: Row, values: dict[str, Value]) -> Iterable[Change]:
    for column, rule in rules.items():
        raw, clean = row.get(column), values[column]
        if raw is None or (clean is not None and (not isinstance(clean, str) or clean == raw)):
            continue
        tidied = tidy(raw)
        name = "tidy_text" if tidied is None or clean == tidied else rule.name
        yield Change(column, name, raw, clean if isinstance(clean, str) else None)
