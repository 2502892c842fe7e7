"""Before and after: each treatment of the user's file, its years and the city's beside them."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from serving.pages import number
from serving.site import charts
from serving.site.figures import Chart, Column, Table, table
from serving.site.state import Page, State
from serving.site.treatments import COLUMNS, DEFAULT_RADIUS_FT, DEFAULT_YEARS, OPTIONAL, Treatment
from serving.site.words import a_date, decimal, dollars, feet, signed_share, small_share
from serving.sql_files import Ask, Row

_LARGE = 100
_FIGURES = {
    "crashes": "Crashes here",
    "ksi": "Killed or seriously injured here",
    "city_crashes": "Crashes in the whole city",
    "city_ksi": "Killed or seriously injured in the whole city",
}


def before_after(ask: Ask, state: State, treatments: Sequence[Treatment]) -> Page:
    """The page of the treatments; without any it says how to give them."""
    return state.page(
        "before-after.html",
        "before_after",
        "Before and after",
        treatments=[
            _treatment(index, name, one, ask)
            for index, (name, one) in enumerate(zip(_names(treatments), treatments, strict=True), 1)
        ],
        columns=COLUMNS,
        optional=OPTIONAL,
        default_radius_ft=DEFAULT_RADIUS_FT,
        default_years=DEFAULT_YEARS,
    )


def _treatment(index: int, name: str, one: Treatment, ask: Ask) -> dict[str, Any]:
    asked = (one.longitude, one.latitude, one.radius_ft, str(one.treated_on), one.years)
    windows = ask("treatment_windows", *asked)
    changes = ask("treatment_change", *asked)
    years = {each: changes[0][f"years_{each}"] if changes else 0 for each in ("before", "after")}
    return {
        "name": name,
        "treated_on": one.treated_on,
        "radius_ft": one.radius_ft,
        "is_compared": all(years.values()),
        "years": years,
        "few": [row for row in changes if row["is_few"]],
        "summary": _summary(changes),
        "chart": Chart(
            f"treatment-{index}",
            f"{name}: crashes a year",
            "A bar for each year before and after the day of the treatment; hatched ones are not"
            " whole. The table below has their figures.",
            ["marts.before_after"],
            _bars(windows) if any(row["crashes"] for row in windows) else None,
            _windows_table(windows),
            nothing="No crashes in these years.",
        ),
    }


def _names(treatments: Sequence[Treatment]) -> list[str]:
    """What each is called on the page: by its name, and by more where others are named so."""
    named = [
        (
            one.name,
            a_date(one.treated_on),
            f"{feet(one.radius_ft)} ft",
            f"{one.longitude}, {one.latitude}",
            f"{one.years} years",
        )
        for one in treatments
    ]
    counts = Counter(parts[:length] for parts in named for length in range(1, len(parts) + 1))
    return [
        ", ".join(
            next(
                (parts[:length] for length in range(1, len(parts)) if counts[parts[:length]] == 1),
                parts,
            )
        )
        for parts in named
    ]


def _bars(windows: list[Row]) -> charts.Figure:
    """A bar a year: before and after in two colours, those that are not whole hatched."""
    traces = []
    for period, color in (("before", charts.BLUE), ("after", charts.ORANGE)):
        for is_whole in (True, False):
            chosen = [
                row for row in windows if (row["period"], row["is_whole"]) == (period, is_whole)
            ]
            if not chosen:
                continue
            traces.append(
                {
                    "type": "bar",
                    "name": f"{period.capitalize()} the treatment"
                    if is_whole
                    else f"Not a whole year {period}",
                    "x": [_tick(row) for row in chosen],
                    "y": [row["crashes"] for row in chosen],
                    "text": [_span(row) for row in chosen],
                    "textposition": "none",
                    "hovertemplate": "%{text}<br>Crashes: %{y:,}<extra></extra>",
                    "marker": {"color": color} if is_whole else charts.hatched(color),
                }
            )
    years = [_tick(row) for row in windows]
    return {
        "data": traces,
        "layout": charts.layout(
            showlegend=True,
            barmode="overlay",
            xaxis=charts.axis(type="category", categoryorder="array", categoryarray=years),
            yaxis=charts.counts(row["crashes"] for row in windows),
        ),
    }


def _tick(row: Row) -> str:
    return _year(row).replace(" year ", " year<br>")


def _year(row: Row) -> str:
    count = abs(row["year_number"])
    ordinal = {1: "1st", 2: "2nd", 3: "3rd"}.get(count, f"{count}th")
    return f"{ordinal} year {row['period']}"


def _span(row: Row) -> str:
    ending = "" if row["is_whole"] else " (not whole)"
    return f"{a_date(row['starts_on'])} to {a_date(row['ends_on'])}{ending}"


def _windows_table(windows: list[Row]) -> Table:
    def counted(title: str, name: str) -> Column:
        return Column(title, lambda row: number(row[name]), is_number=True)

    return table(
        "A year before or after the treatment",
        [
            Column("Year", _year),
            Column("From and to", _span),
            counted("Crashes", "crashes"),
            counted("Injured", "injuries"),
            counted("Killed", "deaths"),
            counted("Killed or seriously injured", "ksi"),
            counted("With a pedestrian", "pedestrian_crashes"),
            counted("With a cyclist", "cyclist_crashes"),
            Column("Cost", lambda row: dollars(row["cost_usd"]), is_number=True),
            counted("Crashes in the city", "city_crashes"),
            Column(
                "Share of the city's",
                lambda row: small_share(row["share_of_city_crashes"]),
                is_number=True,
            ),
        ],
        windows,
    )


def _summary(changes: list[Row]) -> Table:
    """What the whole years had, before and after."""

    def counted(title: str, name: str) -> Column:
        return Column(title, lambda row: number(row[name]), is_number=True)

    def mean(title: str, name: str) -> Column:
        return Column(title, lambda row: _mean(row[name]), is_number=True)

    def changed(title: str, name: str) -> Column:
        return Column(title, lambda row: signed_share(row[name]), is_number=True)

    return table(
        "The whole years on each side: what they had in all, and a year on average",
        [
            Column("What", lambda row: _FIGURES[row["figure"]]),
            counted("Before, in all", "count_before"),
            counted("After, in all", "count_after"),
            mean("A year before", "mean_before"),
            mean("A year after", "mean_after"),
            changed("Change of a year", "change_share"),
            changed("Change beside the city’s", "net_change_share"),
        ],
        changes,
    )


def _mean(value: Decimal | None) -> str:
    """A mean, with a digit behind the point where that says something."""
    return decimal(value, 0 if value is not None and value >= _LARGE else 1)
