"""The state of the data: how fresh, how complete, what cleaning did, and what may still come."""

from serving.pages import instant, number
from serving.site import charts
from serving.site.figures import Chart, Column, table
from serving.site.state import Page, State
from serving.site.words import COORDINATES, decimal, month, small_share
from serving.sql_files import Ask, Row

# As many bars are read; the table has them all.
_RULES_DRAWN = 12
_UNUSABLE = ("missing", "zero", "out_of_bounds", "outside_city")


def data_state(ask: Ask, state: State) -> Page:
    """The page about the data."""
    return state.page(
        "data.html",
        "data_state",
        "The state of the data",
        freshness=table(
            "A dataset, and when it was last loaded (UTC)",
            [
                Column("Dataset", lambda row: _plainly(row["dataset"])),
                Column("Records", lambda row: number(row["records"]), True),
                Column("Last loaded", _loaded),
                Column("Values lost", lambda row: number(row["errors"]), True),
                Column("Contradictions", lambda row: number(row["warnings"]), True),
                Column("Unsound", lambda row: small_share(row["share"]), True),
            ],
            ask("data_freshness"),
        ),
        comparison=table(
            "A dataset at its last comparison with the portal (UTC)",
            [
                Column("Dataset", lambda row: _plainly(row["dataset"])),
                Column("Rows at the portal", lambda row: number(row["portal_rows"]), True),
                Column("Rows here", lambda row: number(row["warehouse_rows"]), True),
                Column("Missing here", lambda row: number(row["missing"]), True),
                Column("Gone from the portal", lambda row: number(row["vanished"]), True),
                Column("Compared", lambda row: instant(row["checked_at"])),
            ],
            ask("last_comparison"),
        ),
        rules=_rules(ask("data_rules")),
        coordinates=_coordinates(ask("data_coordinates")),
        lag=_lag(ask("data_lag")),
    )


def _plainly(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("Cta", "CTA")


def _loaded(row: Row) -> str:
    failed = ", but the last try failed" if row["is_last_failed"] else ""
    return (
        instant(row["last_loaded_at"]) if row["last_loaded_at"] else "not by the last 20 runs"
    ) + failed


def _rules(rows: list[Row]) -> Chart:
    drawn = rows[:_RULES_DRAWN]
    return Chart(
        "rules",
        "What the cleaning rules changed",
        f"A bar for each of the {_RULES_DRAWN} rules that changed the most values. The table below"
        " has all of them.",
        ["quality.rule_effects"],
        charts.bars(
            [
                f"{row['dataset']}.{row['column_name']}<br>{_plainly(row['rule']).lower()}"
                for row in drawn
            ],
            [("Values changed", [row["values_changed"] for row in drawn], charts.BLUE)],
        )
        if drawn
        else None,
        table(
            "A rule of a column that changed a value",
            [
                Column("Column", lambda row: f"{row['dataset']}.{row['column_name']}"),
                Column("Rule", lambda row: _plainly(row["rule"])),
                Column("Values seen", lambda row: number(row["values_seen"]), True),
                Column("Values changed", lambda row: number(row["values_changed"]), True),
                Column("Share", lambda row: small_share(row["share_changed"]), True),
            ],
            rows,
        ),
        height="tall",
    )


def _coordinates(rows: list[Row]) -> Chart:
    years = sorted({row["crash_year"] for row in rows})
    by_key = {(row["crash_year"], row["coordinate_quality"]): row for row in rows}

    def of_class(name: str) -> list[float]:
        return [by_key.get((year, name), {}).get("share_of_year") or 0 for year in years]

    looks = zip(
        _UNUSABLE,
        (charts.VERMILLION, charts.BLUE, charts.GREEN, charts.ORANGE),
        ("solid", "dash", "dot", "dashdot"),
        strict=True,
    )
    return Chart(
        "coordinates",
        "Crashes whose coordinates cannot be used",
        "A line for each reason: the share of a year's crashes. The table below has their figures.",
        ["quality.coordinate_quality"],
        charts.lines(
            [str(year) for year in years],
            [
                (COORDINATES[name].capitalize(), of_class(name), color, dash)
                for name, color, dash in looks
            ],
            ".2%",
            ".1%",
            type="category",
        )
        if rows
        else None,
        table(
            "A year and a class of coordinates",
            [
                Column("Year", lambda row: str(row["crash_year"])),
                Column(
                    "Coordinates",
                    lambda row: COORDINATES[row["coordinate_quality"]],
                ),
                Column("Crashes", lambda row: number(row["crashes"]), True),
                Column("Share of the year", lambda row: small_share(row["share_of_year"]), True),
            ],
            reversed(rows),
        ),
    )


def _lag(rows: list[Row]) -> Chart:
    series = (
        ("Half of the reports", "days_p50", charts.BLUE, "solid"),
        ("90% of the reports", "days_p90", charts.ORANGE, "dash"),
        ("99% of the reports", "days_p99", charts.VERMILLION, "dot"),
    )
    is_known = any(row["days_p50"] is not None for row in rows)
    return Chart(
        "lag",
        "How long reports take to come",
        "Three lines over the last 36 months: the days after which half, 90% and 99% of a month's"
        " reports had come. The table below has their figures.",
        ["marts.reporting_lag"],
        charts.lines(
            [str(row["month_start"]) for row in rows],
            [
                (name, [row[column] for row in rows], color, dash)
                for name, column, color, dash in series
            ],
            ",.1f",
            ",.0f",
            type="date",
            tickformat="%b %Y",
        )
        if is_known
        else None,
        table(
            "A month: days until so many of its reports had come",
            [
                Column(
                    "Month",
                    lambda row: (
                        month(row["month_start"])
                        + (" (provisional)" if row["is_provisional"] else "")
                    ),
                ),
                Column("Crashes", lambda row: number(row["crashes"]), True),
                Column("Lag known", lambda row: number(row["observed_crashes"]), True),
                Column("Half", lambda row: decimal(row["days_p50"]), True),
                Column("90%", lambda row: decimal(row["days_p90"]), True),
                Column("99%", lambda row: decimal(row["days_p99"]), True),
            ],
            reversed(rows),
        ),
        note="" if is_known else "Of none of these months it is known when its reports came.",
    )
