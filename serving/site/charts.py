"""Charts as Plotly takes them, in colours that the colour-blind tell apart.

The hues are of Okabe and Ito, "Color Universal Design" (2008); the ramp of five is of viridis, by
van der Walt and Smith (2015), which they made to be safe for the colour-blind. It begins where a
colour stands out from white by 3 to 1, as the Web Content Accessibility Guidelines 2.2 ask of
graphics (success criterion 1.4.11).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from serving.site.words import month
from serving.sql_files import Row

BLUE, VERMILLION, ORANGE, GREEN, SKY, PURPLE, BLACK = (
    *("#0072b2", "#d55e00", "#e69f00", "#009e73", "#56b4e9", "#cc79a7"),
    "#1b1f24",
)
RAMP = ("#20a387", "#287d8e", "#39568c", "#453781", "#440154")
_GRID, _TEXT = "#d8dee4", "#1b1f24"
_FEW = 6
_FONT = {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 14}

Figure = dict[str, Any]


def layout(**more: Any) -> dict[str, Any]:
    """A layout that all charts share, with what one has more."""
    base: dict[str, Any] = {
        "font": {**_FONT, "color": _TEXT},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "xaxis": axis(),
        "yaxis": axis(),
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "dragmode": False,
        "hoverlabel": {"font": _FONT, "align": "left", "bgcolor": "#ffffff"},
    }
    return base | more


def axis(**more: Any) -> dict[str, Any]:
    """An axis with a pale grid that makes room for its labels."""
    return {
        "gridcolor": _GRID,
        "zerolinecolor": _GRID,
        "automargin": True,
        "fixedrange": True,
        "tickfont": {"size": 13},
        **more,
    }


def months(rows: Sequence[Row], column: str, name: str, color: str) -> Figure:
    """A bar a month; those that are provisional are hatched and named so.

    Args:
        rows: with `month_start`, `is_provisional` and the column.
        column: what is shown.
        name: what it counts.
        color: of the bars.
    """
    traces = []
    for is_provisional in (False, True):
        chosen = [row for row in rows if row["is_provisional"] is is_provisional]
        if not chosen:
            continue
        ending = ", provisional" if is_provisional else ""
        traces.append(
            {
                "type": "bar",
                "name": "Provisional: reports still come in" if is_provisional else name,
                "x": [str(row["month_start"]) for row in chosen],
                "y": [row[column] for row in chosen],
                "text": [month(row["month_start"]) + ending for row in chosen],
                "textposition": "none",
                "hovertemplate": f"%{{text}}<br>{name}: %{{y:,}}<extra></extra>",
                "marker": hatched(color) if is_provisional else {"color": color},
            }
        )
    return {
        "data": traces,
        "layout": layout(
            barmode="overlay",
            bargap=0.15,
            showlegend=any(row["is_provisional"] for row in rows),
            xaxis=axis(type="date", tickformat="%Y", dtick="M12", ticklabelmode="period"),
            yaxis=counts(row[column] for row in rows),
        ),
    }


def counts(values: Iterable[int]) -> dict[str, Any]:
    """An axis of counts: where they are few, a step is one of them and no part of it."""
    few = {"dtick": 1} if max(values, default=0) <= _FEW else {}
    return axis(rangemode="tozero", tickformat=",", **few)


def hatched(color: str) -> dict[str, Any]:
    """The look of bars that are not to be compared with the others."""
    return {
        "color": "#ffffff",
        "line": {"color": color, "width": 1},
        "pattern": {"shape": "/", "fgcolor": color, "bgcolor": "#ffffff", "size": 6},
    }


def hours(rows: Sequence[Row], column: str, days: Sequence[str], hours: Sequence[str]) -> Figure:
    """A field an hour of a weekday, Monday above, darker with more.

    Args:
        rows: with `day_of_week`, 1 to 7, `crash_hour` and the column, by both.
        column: what is shown.
        days: the weekdays' names.
        hours: the hours' names.
    """
    fields = [
        [row[column] for row in rows if row["day_of_week"] == day + 1] for day in range(len(days))
    ]
    steps = len(RAMP) - 1
    return {
        "data": [
            {
                "type": "heatmap",
                "z": fields,
                "x": list(hours),
                "y": list(days),
                "xgap": 1,
                "ygap": 1,
                "colorscale": [[step / steps, color] for step, color in enumerate(RAMP)],
                "zmin": 0,
                "colorbar": {
                    "orientation": "h",
                    "thickness": 10,
                    "tickformat": ",",
                    "outlinewidth": 0,
                    "y": -0.15,
                    "yanchor": "top",
                },
                "hovertemplate": "%{y}, %{x}: %{z:,}<extra></extra>",
            }
        ],
        "layout": layout(
            xaxis=axis(tickangle=0, dtick=6, showgrid=False, type="category"),
            yaxis=axis(autorange="reversed", showgrid=False, type="category"),
        ),
    }


def bars(
    names: Sequence[str], series: Sequence[tuple[str, Sequence[Any], str]], form: str = ","
) -> Figure:
    """Bars that lie, the first above; a text behind each says how much.

    Args:
        names: of the bars.
        series: the name of each set of bars, its lengths and its colour.
        form: how a length is written, as d3 says it.
    """
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "y": list(names),
                "x": list(values),
                "marker": {"color": color},
                "hovertemplate": f"%{{y}}<br>{name}: %{{x:{form}}}<extra></extra>",
                "texttemplate": f"%{{x:{form}}}",
                "textposition": "outside",
                "cliponaxis": False,
            }
            for name, values, color in series
        ],
        "layout": layout(
            showlegend=len(series) > 1,
            barmode="group",
            bargap=0.3,
            xaxis=axis(tickformat=form, rangemode="tozero", visible=False),
            yaxis=axis(autorange="reversed", type="category", ticksuffix=" ", showgrid=False),
            margin={"l": 8, "r": 48, "t": 8, "b": 8},
        ),
    }


def lines(
    x: Sequence[str],
    series: Sequence[tuple[str, Sequence[Any], str, str]],
    form: str = ",",
    ticks: str = "",
    **of_axis: Any,
) -> Figure:
    """Lines over the same steps; a gap where there is no value.

    Args:
        x: the steps.
        series: the name of each line, its values, its colour and its dash.
        form: how a value is written, as d3 says it.
        ticks: the same for the steps of the values; by default the same.
        of_axis: more of the axis of the steps.
    """
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": list(x),
                "y": list(values),
                "line": {"color": color, "dash": dash, "width": 2},
                "marker": {"size": 5},
                "hovertemplate": f"{name}, %{{x}}: %{{y:{form}}}<extra></extra>",
            }
            for name, values, color, dash in series
        ],
        "layout": layout(
            showlegend=len(series) > 1,
            xaxis=axis(**of_axis),
            yaxis=axis(rangemode="tozero", tickformat=ticks or form),
        ),
    }
