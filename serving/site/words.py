"""Numbers, days and places as a reader says them."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from serving.pages import instant, number

_MINUS, _NONE = "−", "–"
_NOON = 12

PLACES = {"wards": "Wards", "community_areas": "Community areas"}
LAYERS = {
    **PLACES,
    "traffic_signals": "Traffic signals",
    "red_light_cameras": "Red light cameras",
    "speed_cameras": "Speed cameras",
}
SEVERITIES = {"K": "Killed", "A": "Seriously injured"}
COORDINATES = {
    "ok": "usable",
    "missing": "missing",
    "zero": "zero",
    "out_of_bounds": "far outside",
    "outside_city": "outside the city",
}
_SLUGS = {"wards": "ward", "community_areas": "community-area"}


def a_date(value: date | None) -> str:
    """A day such as `August 3, 2026`, or a dash."""
    return f"{value:%B} {value.day}, {value.year}" if value else _NONE


def month(value: date) -> str:
    """A month such as `August 2026`."""
    return f"{value:%B %Y}"


def part_of_year(year: int, first: date, last: date) -> str:
    """A year, and of which days, where not of all of them: `2023, from August 5`."""
    parts = [
        *([f"from {first:%B} {first.day}"] if first > date(year, 1, 1) else []),
        *([f"to {last:%B} {last.day}"] if last < date(year, 12, 31) else []),
    ]
    return f"{year}, {' '.join(parts)}" if parts else f"{year}"


def hour(value: int | None) -> str:
    """An hour of the day such as `2 p.m.` or `noon`, or a dash."""
    if value is None:
        return _NONE
    if value % _NOON == 0:
        return "noon" if value else "midnight"
    return f"{value % _NOON} {'a.m.' if value < _NOON else 'p.m.'}"


def dollars(value: int | None) -> str:
    """An amount such as `$1,234,567`, or a dash."""
    return _NONE if value is None else f"${value:,}".replace("$-", f"{_MINUS}$")


def much_money(value: int | None) -> str:
    """An amount in three digits, such as `$1.23 billion`, or a dash."""
    if value is None:
        return _NONE
    for unit, name in ((10**9, " billion"), (10**6, " million"), (10**3, ",000")):
        if abs(value) >= unit:
            digits = f"{value / unit:.0f}" if unit == 10**3 else f"{value / unit:.3g}"
            return f"${digits}{name}".replace("$-", f"{_MINUS}$")
    return dollars(value)


def share(value: float | None) -> str:
    """A share such as `12.3%`, or a dash."""
    return _NONE if value is None else f"{value:.1%}"


def small_share(value: float | None) -> str:
    """A share that may be tiny, in two digits, such as `0.021%`, or a dash."""
    return _NONE if value is None else f"{value * 100:.2g}%"


def signed_share(value: float | None) -> str:
    """A change such as `+12.3%`, `+1,400%` or `no change` where it rounds to none, or a dash."""
    if value is None:
        return _NONE
    said = f"{value:+,.0%}" if value >= 1 else f"{value:+.1%}".replace("-", _MINUS)
    return "no change" if said in ("+0.0%", f"{_MINUS}0.0%") else said


def decimal(value: float | Decimal | None, digits: int = 1) -> str:
    """A number with so many digits behind the point, or a dash."""
    return _NONE if value is None else f"{value:,.{digits}f}".replace("-", _MINUS)


def feet(value: float) -> str:
    """A distance such as `2,000`, with no more digits than it has."""
    return f"{value:,.10g}"


def sentence(value: str | None) -> str:
    """What the City writes in capitals, as a sentence begins: `Failing to yield`."""
    return value.capitalize() if value else _NONE


def address(row: Mapping[str, object]) -> str:
    """The street address of a crash, as far as it is known."""
    parts = (row["street_no"], row["street_direction"], row["street_name"])
    return " ".join(str(part) for part in parts if part is not None) or _NONE


def road_users(row: Mapping[str, object]) -> str:
    """Who took part in a crash beside motorists."""
    named = [
        name
        for name, is_there in (
            ("Pedestrian", row["has_pedestrian"]),
            ("Cyclist", row["has_cyclist"]),
        )
        if is_there
    ]
    return " and ".join(named) or "Motorists only"


def place_page(layer: str, place_id: str) -> str:
    """The file of a place's page, from the site's folder."""
    return f"places/{_SLUGS[layer]}-{re.sub(r'[^A-Za-z0-9]+', '-', place_id)}.html"


def mart_anchor(mart: str) -> str:
    """Where `marts.html` tells of a table such as `marts.crashes`."""
    return mart.replace(".", "-")


FILTERS: dict[str, Callable[..., str]] = {
    put.__name__: put
    for put in (
        *(a_date, month, hour, dollars, much_money, share, small_share, signed_share, decimal),
        *(feet, sentence, instant, number, place_page, mart_anchor),
    )
}
