"""The rules of cleaning a second time, in plain Python: what the SQL must make of a raw row.

It is written from the rules, not from the SQL, so that no mistake is made twice. What a column's
rule is and its bounds come from the seeds, which `cleaner` reads.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from string import ascii_lowercase, ascii_uppercase

Value = str | int | float | bool | datetime | None
Row = Mapping[str, str | None]

_TO_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
_BLANKS = re.compile(
    "[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
)
_WHOLE = re.compile(r"([+-]?[0-9]+)(\.0*)?")
_GROUPED = re.compile(r"([+-]?[0-9]{1,3}(,[0-9]{3})+)(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_LONGEST_NUMBER = 200
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"([T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]{1,6}))?)?)?"
)
_US = re.compile(
    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})"
    r"( (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2}))?"
    r"( ?(?P<half>[AP]M))?)?"
)


@dataclass(frozen=True)
class Given:
    """What a kind goes by, besides the text.

    Attributes:
        listed: the City's values of the column, by their upper case.
        crash_date: the row's own, cleaned.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, str] = field(default_factory=dict)
    fetched_at: datetime = datetime.max
    crash_date: datetime | None = None


def tidy(raw: str | None) -> str | None:
    """A text without what nobody sees; null if nothing is left, or only words for nothing."""
    if raw is None:
        return None
    visible = unicodedata.normalize("NFC", _INVISIBLE.sub("", raw))
    text = _BLANKS.sub(" ", visible).strip(" ")
    return None if ascii_upper(text) in ("", "NULL", "N/A") else text


def ascii_upper(text: str) -> str:
    """A text in upper case, as far as it is ASCII: `ß` stays what it is."""
    return text.translate(_TO_UPPER)


def _is_unknown(text: str) -> bool:
    return ascii_upper(text) in ("UNK", "UNKNOWN")


def _key(text: str, given: Given) -> Value:
    return text


def _text(text: str, given: Given) -> Value:
    if _is_unknown(text):
        return "UNKNOWN"
    return text if re.search("[A-Za-z0-9\u0080-\U0010ffff]", text) else None


def _category(text: str, given: Given) -> Value:
    if _is_unknown(text):
        return "UNKNOWN"
    return text if text in given.listed.values() else given.listed.get(ascii_upper(text), text)


def _integer(text: str, given: Given) -> Value:
    match = _WHOLE.fullmatch(text)
    return _whole(match[1], given.parameters) if match else None


def _quantity(text: str, given: Given) -> Value:
    match = _GROUPED.fullmatch(text)
    if match:
        return _whole(match[1].replace(",", ""), given.parameters)
    return _integer(text, given)


def _whole(digits: str, parameters: Mapping[str, str]) -> int | None:
    """A whole number within its bounds; a Decimal takes any number of digits."""
    number = Decimal(digits)
    if not Decimal(parameters["min"]) <= number <= Decimal(parameters["max"]):
        return None
    return int(number) if int(number) % int(parameters.get("step", 1)) == 0 else None


def _number(text: str, given: Given) -> Value:
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    low, high = given.parameters["min"], given.parameters["max"]
    return number if float(low) <= number <= float(high) else None


def _coordinate(text: str, given: Given) -> Value:
    """Any number: its bounds are for the pair."""
    return _number(text, Given({"min": "-inf", "max": "inf"}))


def _flag(text: str, given: Given) -> Value:
    return {"Y": True, "N": False}.get(ascii_upper(text))


def _timestamp(text: str, given: Given) -> Value:
    instant = _instant(text)
    if instant is None or is_plausible(instant, given):
        return instant
    return instant if given.parameters.get("keep") == "yes" else None


def _instant(text: str) -> datetime | None:
    match = _ISO.fullmatch(text) or _US.fullmatch(ascii_upper(text))
    if not match or match["year"] < "1000":
        return None
    part = match.groupdict()
    hour = int(part["hour"] or 0)
    if part.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"] == "PM" else 0)
    try:
        return datetime(
            int(part["year"]),
            int(part["month"]),
            int(part["day"]),
            hour,
            int(part["minute"] or 0),
            int(part["second"] or 0),
            int((part.get("fraction") or "").ljust(6, "0")),
        )
    except ValueError:  # no such day or time
        return None


def is_plausible(instant: datetime, given: Given) -> bool:
    """Whether a time is in the period that the rule's parameters name."""
    first = datetime.fromisoformat(given.parameters["not_before"])
    return first <= instant <= given.fetched_at


def _code(text: str, given: Given) -> Value:
    code = ascii_upper(text)
    if given.parameters["pattern"] == "state":
        return code if re.fullmatch("[A-Z]{2}", code) else None
    match = re.fullmatch(r"([0-9]{5})(\.0|-?([0-9]{4}))?", code)
    if not match:
        return None
    return f"{match[1]}-{match[3]}" if match[3] else match[1]


def _leading_zeros(text: str, given: Given) -> Value:
    return text.lstrip("0") or "0" if re.fullmatch("[0-9]+", text) else _text(text, given)


def _vehicle_year(text: str, given: Given) -> Value:
    latest = Decimal(given.parameters["max"])
    if given.crash_date:
        latest = min(latest, given.crash_date.year + Decimal(given.parameters["after_crash"]))
    return _integer(text, Given({**given.parameters, "max": str(latest)}))


KINDS: dict[str, Callable[[str, Given], Value]] = {
    "key": _key,
    "text": _text,
    "category": _category,
    "integer": _integer,
    "quantity": _quantity,
    "number": _number,
    "flag": _flag,
    "timestamp": _timestamp,
    "code": _code,
    "leading_zeros": _leading_zeros,
    "vehicle_year": _vehicle_year,
    "latitude": _coordinate,
    "longitude": _coordinate,
    "location": _key,
}
