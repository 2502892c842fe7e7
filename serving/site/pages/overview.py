"""The overview: the year so far, the trend, the hours and the causes."""

from serving.pages import change, number
from serving.site import charts
from serving.site.figures import Chart, Column, Table, table
from serving.site.state import Page, State
from serving.site.words import a_date, hour, month, much_money, share, signed_share
from serving.sql_files import Ask, Row
from warehouse.errors import WarehouseError

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_METRICS = {
    "total_crashes": "Crashes",
    "total_injuries": "People injured",
    "total_fatalities": "People killed",
    "total_ksi": "Killed or seriously injured",
    "pedestrian_crashes": "Crashes with a pedestrian",
    "cyclist_crashes": "Crashes with a cyclist",
    "economic_cost_usd": "Economic cost",
    "comprehensive_cost_usd": "Comprehensive cost",
}
_COUNTS = (
    ("Crashes", "crashes"),
    ("Injured", "injuries"),
    ("Killed", "deaths"),
    ("Killed or seriously injured", "ksi"),
)


def overview(ask: Ask, state: State) -> Page:
    """The site's first page.

    Raises:
        WarehouseError: the marts have no figure of some of its metrics.
    """
    by_metric = {row["metric"]: row for row in ask("overview_year")}
    if missing := [name for name in _METRICS if name not in by_metric]:
        raise WarehouseError(
            f"marts.dashboard_metrics has no {', '.join(missing)} of the year to date:"
            " run 'warehouse build'"
        )
    year = [by_metric[name] for name in _METRICS]
    [deaths] = ask("overview_deaths")
    return state.page(
        "index.html",
        "overview",
        "Chicago’s traffic crashes",
        year=year[0],
        cards=[_card(row) for row in year],
        deaths=deaths,
        trend=trend(ask("overview_months"), "marts.crashes_daily"),
        hours=_hours(ask("overview_hours"), state),
        causes=_causes(ask("overview_cause_kinds"), ask("overview_causes"), state),
    )


def _card(row: Row) -> dict[str, str]:
    """A figure of the year to date, as it is shown."""
    is_money = row["metric"].endswith("_usd")
    shown = much_money if is_money else number
    difference = (
        signed_share(row["change_share"])
        if is_money
        else change(row["figure"], row["figure_year_before"])
    )
    return {
        "name": _METRICS[row["metric"]],
        "figure": shown(row["figure"]),
        "before": shown(row["figure_year_before"]),
        "change": "no change" if difference == "0" else difference,
    }


def trend(months: list[Row], *marts: str) -> list[Chart]:
    """The crashes, and the people killed or seriously injured, by month.

    Args:
        months: with `month_start`, the counts and `is_provisional`.
        marts: that they are from.
    """
    shown = table(
        "A month; provisional ones may still grow",
        [
            Column("Month", lambda row: month(row["month_start"]) + _mark(row)),
            *(_count(title, name) for title, name in _COUNTS),
        ],
        reversed(months),
    )
    sources = [*marts, "marts.reporting_lag"]
    span = (
        f"{month(months[0]['month_start'])} to {month(months[-1]['month_start'])}" if months else ""
    )
    return [
        Chart(
            name,
            title,
            f"Bars, one a month, {span}. The table below has their figures.",
            sources,
            charts.months(months, column, title, color) if months else None,
            shown,
        )
        for name, title, column, color in (
            ("months-ksi", "People killed or seriously injured", "ksi", charts.VERMILLION),
            ("months-crashes", "Crashes", "crashes", charts.BLUE),
        )
    ]


def _mark(row: Row) -> str:
    return " (provisional)" if row["is_provisional"] else ""


def _count(title: str, name: str) -> Column:
    return Column(title, lambda row: number(row[name]), is_number=True)


def _hours(rows: list[Row], state: State) -> list[Chart]:
    names = [hour(each) for each in range(24)]
    return [
        Chart(
            f"hours-{column}".replace("_", "-"),
            title,
            "A field for each hour of each weekday, darker with more crashes. The table below has"
            " their figures.",
            ["marts.crashes"],
            charts.hours(rows, column, WEEKDAYS, names),
            _hours_table(rows, column, title, state),
        )
        for column, title in (
            ("crashes", "All crashes"),
            ("ksi_crashes", "Crashes in which somebody was killed or seriously injured"),
        )
    ]


def _hours_table(rows: list[Row], column: str, title: str, state: State) -> Table:
    by_hour = [
        {
            "hour": each,
            **{str(row["day_of_week"]): row[column] for row in rows if row["crash_hour"] == each},
        }
        for each in range(24)
    ]
    return table(
        f"{title}: an hour of the day, {a_date(state.recent_since)} to"
        f" {a_date(state.published_until)}",
        [
            Column("Hour", lambda row: hour(row["hour"])),
            *(_count(day, str(index)) for index, day in enumerate(WEEKDAYS, 1)),
        ],
        by_hour,
    )


def _causes(kinds: list[Row], causes: list[Row], state: State) -> Chart:
    since = f"of all crashes since {a_date(state.first_day)}"
    return Chart(
        "causes",
        "What officers name as the cause",
        "Two bars for each kind of cause: its share of all crashes, and of the people killed or"
        " seriously injured. The table below has their figures.",
        ["marts.crashes_by_cause"],
        charts.bars(
            [row["category"] for row in kinds],
            [
                (
                    "Share of the killed or seriously injured",
                    [row["share_of_ksi"] for row in kinds],
                    charts.VERMILLION,
                ),
                ("Share of crashes", [row["share_of_crashes"] for row in kinds], charts.BLUE),
            ],
            ".1%",
        )
        if kinds
        else None,
        table(
            f"A kind of cause, {since}",
            [
                Column("Kind of cause", lambda row: row["category"]),
                *(_count(title, name) for title, name in _COUNTS),
                Column(
                    "Share of crashes", lambda row: share(row["share_of_crashes"]), is_number=True
                ),
                Column("Share of KSI", lambda row: share(row["share_of_ksi"]), is_number=True),
            ],
            kinds,
        ),
        height="tall",
        more_tables=[
            table(
                f"A cause in the City's words, {since}",
                [
                    Column("Cause", lambda row: row["cause"].capitalize()),
                    Column("Kind", lambda row: row["category"]),
                    *(_count(title, name) for title, name in _COUNTS),
                ],
                causes,
            )
        ],
    )
