"""Before and after: each treatment of the user's file, its years and the city's beside them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from serving.pages import number
from serving.site import charts
from serving.site.figures import Chart, Column, Table, table
from serving.site.state import Page, State
from serving.site.treatments import COLUMNS, DEFAULT_RADIUS_FT, DEFAULT_YEARS, OPTIONAL, Treatment
from serving.site.words import a_date, decimal, dollars, signed_share, small_share
from serving.sql_files import Ask, Row

_LARGE = 100


def before_after(ask: Ask, state: State, treatments: Sequence[Treatment]) -> Page:
    """The page of the treatments; without any it says how to give them."""
    return state.page(
        "before-after.html",
        "before_after",
        "Before and after",
        treatments=[_treatment(index, one, ask) for index, one in enumerate(treatments, 1)],
        columns=COLUMNS,
        optional=OPTIONAL,
        default_radius_ft=DEFAULT_RADIUS_FT,
        default_years=DEFAULT_YEARS,
    )


def _treatment(index: int, one: Treatment, ask: Ask) -> dict[str, Any]:
    asked = (one.longitude, one.latitude, one.radius_ft, str(one.treated_on), one.years)
    windows = ask("treatment_windows", *asked)
    [change] = ask("treatment_change", *asked)
    return {
        "name": one.name,
        "treated_on": one.treated_on,
        "radius_ft": one.radius_ft,
        "is_compared": change["years_before"] and change["years_after"],
        "change": change,
        "summary": _summary(change),
        "chart": Chart(
            f"treatment-{index}",
            f"{one.name}: crashes a year",
            "A bar for each year before and after the day of the treatment; hatched ones are not"
            " whole. The table below has their figures.",
            ["marts.before_after"],
            _bars(windows),
            _windows_table(windows),
        ),
    }


def _bars(windows: list[Row]) -> charts.Figure:
    """A bar a year: before and after in two colours, those that are not whole hatched."""
    figure: charts.Figure = {
        "data": [
            {
                "type": "bar",
                "name": f"{period.capitalize()} the treatment",
                "x": [_year(row).replace(" year ", " year<br>") for row in chosen],
                "y": [row["crashes"] for row in chosen],
                "text": [_span(row) for row in chosen],
                "textposition": "none",
                "hovertemplate": "%{text}<br>Crashes: %{y:,}<extra></extra>",
                "marker": {
                    "color": color,
                    "pattern": {"shape": ["" if row["is_whole"] else "/" for row in chosen]},
                },
            }
            for period, color in (("before", charts.BLUE), ("after", charts.ORANGE))
            if (chosen := [row for row in windows if row["period"] == period])
        ],
        "layout": charts.layout(
            showlegend=True,
            xaxis=charts.axis(type="category"),
            yaxis=charts.axis(rangemode="tozero", tickformat=","),
        ),
    }
    return figure


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


def _summary(change: Row) -> Table:
    """What a year had on average, before and after."""
    lines: list[Row] = [
        {
            "name": name,
            "before": change[f"{column}_before"],
            "after": change[f"{column}_after"],
            "change": changed,
        }
        for name, column, changed in (
            ("Crashes here", "crashes", change["crashes_change"]),
            ("Killed or seriously injured here", "ksi", change["ksi_change"]),
            ("Crashes in the whole city", "city_crashes", change["city_crashes_change"]),
        )
    ]
    return table(
        "A year on average, of the whole years on each side",
        [
            Column("What", lambda row: row["name"]),
            Column("Before", lambda row: _mean(row["before"]), is_number=True),
            Column("After", lambda row: _mean(row["after"]), is_number=True),
            Column("Change", lambda row: signed_share(row["change"]), is_number=True),
        ],
        lines,
    )


def _mean(value: Decimal | None) -> str:
    """A mean, with a digit behind the point where that says something."""
    return decimal(value, 0 if value is not None and value >= _LARGE else 1)
