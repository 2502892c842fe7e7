"""Maps as Plotly draws them without tiles: feet of the state plane on axes of one scale.

They are drawn as SVG: WebGL is what browsers lack on machines without a graphics card, and half of
a city's features are quick enough without it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from serving.site.charts import BLACK, ORANGE, VERMILLION, Figure, axis, layout
from serving.site.outlines import Line
from serving.site.words import SEVERITIES, a_date, address, hour, road_users, sentence
from serving.sql_files import Row

# What the eye tells apart where the page shows the whole city, and where it shows one place.
CITY_TOLERANCE_FT, PLACE_TOLERANCE_FT = 60.0, 15.0


def place_map(border: Line, crashes: Sequence[Row], signals: Sequence[Row]) -> Figure:
    """A place's outline, the crashes of its last years and its worst crossings.

    Args:
        border: of `outlines.outline`.
        crashes: rows of `place_crashes`.
        signals: rows of `place_signals`.
    """
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": border[0],
            "y": border[1],
            "fill": "toself",
            "fillcolor": "#f3f5f7",
            "line": {"color": BLACK, "width": 1.5},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        _points(
            "One of the ten worst crossings",
            signals,
            [f"{row['label']}<br>{row['ksi']:,} killed or seriously injured" for row in signals],
            {"color": "#ffffff", "size": 15, "line": {"color": BLACK, "width": 1.5}},
        ),
    ]
    for letter, symbol, color in (("A", "circle", ORANGE), ("K", "diamond", VERMILLION)):
        chosen = [row for row in crashes if row["severity"] == letter]
        marker = {
            "color": color,
            "symbol": symbol,
            "size": 9 if letter == "A" else 12,
            "line": {"color": BLACK, "width": 0.75},
        }
        traces.append(
            _points(f"Somebody {SEVERITIES[letter].lower()}", chosen, texts(chosen), marker)
        )
    return {"data": traces, "layout": map_layout(is_fixed=True)}


def texts(crashes: Iterable[Row]) -> list[str]:
    """What the dot of each crash says."""
    return [
        "<br>".join(
            (
                f"{a_date(row['crash_date'])}, {hour(row['crash_hour'])}",
                f"{row['deaths']:,} killed, {row['injuries']:,} injured in all",
                f"Road users: {road_users(row).lower()}",
                f"Kind of crash: {row['first_crash_type'].lower()}",
                f"Cause: {sentence(row['cause'])}",
                address(row),
            )
        )
        for row in crashes
    ]


def _points(
    name: str, rows: Sequence[Row], said: Sequence[str], marker: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [row["x"] for row in rows],
        "y": [row["y"] for row in rows],
        "text": list(said),
        "hovertemplate": "%{text}<extra></extra>",
        "marker": marker,
        "showlegend": bool(rows),
    }


def map_layout(*, is_fixed: bool = False) -> dict[str, Any]:
    """A layout without axes, on which a foot is as long up as it is across.

    Args:
        is_fixed: it cannot be moved, so that a finger on it moves the page.
    """
    return layout(
        showlegend=True,
        hovermode="closest",
        dragmode=False if is_fixed else "pan",
        xaxis=axis(visible=False, fixedrange=is_fixed),
        yaxis=axis(visible=False, fixedrange=is_fixed, scaleanchor="x"),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
    )
