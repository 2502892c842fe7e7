"""The map: hexagons, signals and cameras, each grave crash of three years, and the outlines."""

from collections.abc import Callable
from datetime import date
from typing import Any

from serving.pages import number
from serving.site import charts, maps
from serving.site.figures import Column, Table, table
from serving.site.outlines import outline
from serving.site.state import Page, State
from serving.site.words import LAYERS, PLACES, dollars, much_money, part_of_year
from serving.sql_files import Ask, Row

# As many are read; the marts have the others.
_WORST_HEXES, _WORST_FEATURES = 50, 25
_FEATURES = ("traffic_signals", "red_light_cameras", "speed_cameras")


def city_map(ask: Ask, state: State) -> Page:
    """The map of the whole city."""
    hexes, crashes, features = ask("map_hexes"), ask("map_crashes"), ask("map_features")
    outlines = ask("place_outlines")
    placed = [row for row in crashes if row["x"] is not None]
    [left_out] = ask("map_left_out")
    counts = ask("map_counts")
    points = [(row["x"], row["y"]) for row in (*hexes, *placed, *features)]
    origin = min((x for x, _ in points), default=0), min((y for _, y in points), default=0)
    return state.page(
        "map.html",
        "map",
        "Map of Chicago’s crashes",
        layout=maps.map_layout(),
        data={
            "origin": origin,
            "hexes": _hexes(hexes, origin),
            "crashes": _crashes(placed, origin, state.recent_since),
            "features": {layer: _features(features, layer, origin) for layer in _FEATURES},
            "outlines": [_outline(row) for row in outlines],
            "counts": {
                f"{row['chosen_year']} {row['road_user']} {row['chosen_severity']}": row["crashes"]
                for row in counts
            },
            "ramp": charts.RAMP,
            "colors": {
                "K": charts.VERMILLION,
                "A": charts.ORANGE,
                "traffic_signals": charts.SKY,
                "red_light_cameras": charts.PURPLE,
                "speed_cameras": charts.GREEN,
                "line": charts.BLACK,
            },
        },
        years=_years({row["crash_year"] for row in placed}, state),
        legends={
            measure: _classes(hexes, f"{measure}_class", column, said)
            for measure, column, said in (("cost", "cost_usd", much_money), ("ksi", "ksi", number))
        },
        ramp=charts.RAMP,
        layers=[(layer, LAYERS[layer]) for layer in _FEATURES if layer in state.layers],
        missing=state.without((*PLACES, *_FEATURES)),
        left_out=left_out,
        shown=next((row["crashes"] for row in counts if _is_all(row)), 0),
        places=[
            (layer, PLACES[layer], [row["label"] for row in outlines if row["layer"] == layer])
            for layer in PLACES
            if layer in state.layers
        ],
        hex_table=_hex_table(hexes),
        feature_tables=[
            _feature_table(features, layer) for layer in _FEATURES if layer in state.layers
        ],
    )


def _years(years: set[int], state: State) -> list[tuple[int, str]]:
    """The years of the crashes, the newest first, and of which days the data has them."""
    first, last = max(state.recent_since, state.first_day), state.published_until
    return [
        (year, part_of_year(year, max(first, date(year, 1, 1)), min(last, date(year, 12, 31))))
        for year in sorted(years, reverse=True)
    ]


def _is_all(row: Row) -> bool:
    return {row["chosen_year"], row["road_user"], row["chosen_severity"]} == {"all"}


def _from(origin: tuple[int, int], rows: list[Row]) -> dict[str, list[int]]:
    """Where rows are, from an origin: what all places have in common is not written with each."""
    return {
        "x": [row["x"] - origin[0] for row in rows],
        "y": [row["y"] - origin[1] for row in rows],
    }


def _hexes(rows: list[Row], origin: tuple[int, int]) -> dict[str, Any]:
    """The hexagons by column; their classes as a digit each, 0 for none."""
    names = ("crashes", "ksi", "deaths", "cost_thousand_usd")
    return {
        **_from(origin, rows),
        **{name: [row[name] for row in rows] for name in names},
        **_listed(rows, "ward", "wards"),
        **_listed(rows, "community_area", "community_areas"),
        **{
            name: "".join(str(row[name] or 0) for row in rows)
            for name in ("ksi_class", "cost_class")
        },
        "width_ft": rows[0]["width_ft"] if rows else 0,
    }


def _crashes(rows: list[Row], origin: tuple[int, int], first_day: date) -> dict[str, Any]:
    """The crashes by column, texts that repeat as numbers into a list of them."""
    return {
        **_from(origin, rows),
        **_listed(rows, "street_name", "street_names"),
        **_listed(rows, "cause", "causes", str.capitalize),
        **_listed(rows, "first_crash_type", "first_crash_types", str.capitalize),
        "first_day": str(first_day),
        "day": [(row["crash_date"] - first_day).days for row in rows],
        "hour": [row["crash_hour"] for row in rows],
        "severity": "".join(row["severity"] for row in rows),
        "deaths": [row["deaths"] for row in rows],
        "injuries": [row["injuries"] for row in rows],
        "street": [_before_street(row) for row in rows],
        # Of the road users: 1 a pedestrian, 2 a cyclist, 3 both.
        "users": [row["has_pedestrian"] + 2 * row["has_cyclist"] for row in rows],
    }


def _listed(
    rows: list[Row], name: str, names: str, said: Callable[[str], str] = str
) -> dict[str, list[Any]]:
    """A column of texts that repeat: the list of them, and of each row its place in that."""
    known = sorted({row[name] or "" for row in rows})
    place_of = {text: place for place, text in enumerate(known)}
    return {
        names: [said(text) for text in known],
        name: [place_of[row[name] or ""] for row in rows],
    }


def _before_street(row: Row) -> str:
    parts = (row["street_no"], row["street_direction"])
    return " ".join(str(part) for part in parts if part is not None)


def _features(rows: list[Row], layer: str, origin: tuple[int, int]) -> dict[str, Any]:
    chosen = [row for row in rows if row["layer"] == layer]
    names = ("label", "rank_in_layer", "crashes", "ksi", "deaths", "cost_usd")
    return {**_from(origin, chosen), **{name: [row[name] for row in chosen] for name in names}}


def _outline(row: Row) -> dict[str, Any]:
    x, y = outline(row["outline"], maps.CITY_TOLERANCE_FT)
    return {"layer": row["layer"], "id": row["place_id"], "label": row["label"], "x": x, "y": y}


def _classes(hexes: list[Row], by: str, column: str, said: Any) -> list[str]:
    """What each fifth of the hexagons has, the least first; a fifth may be empty."""
    texts = []
    for each in range(1, len(charts.RAMP) + 1):
        values = [row[column] for row in hexes if row[by] == each]
        low, high = (said(min(values)), said(max(values))) if values else ("", "")
        texts.append(low if low == high else f"{low} to {high}")
    return texts


def _hex_table(hexes: list[Row]) -> Table:
    """The worst; the place of each in the map's data is that in the table, where its link leads."""
    return table(
        f"A hexagon, the {_WORST_HEXES} worst by people killed or seriously injured, then by cost;"
        " its name shows it on the map. It is in the ward and the community area of its centre",
        [
            Column(
                "Hexagon",
                lambda row: row["hex_id"],
                link=lambda row: f"#hexagon-{row['place']}",
            ),
            Column("Ward", lambda row: row["ward"] or "–"),
            Column("Community area", lambda row: row["community_area"] or "–"),
            *_of_a_spot("rank"),
        ],
        [{**row, "place": place} for place, row in enumerate(hexes[:_WORST_HEXES])],
    )


def _feature_table(features: list[Row], layer: str) -> Table:
    return table(
        f"{LAYERS[layer]}: the {_WORST_FEATURES} worst by people killed or seriously injured"
        " within 100 m, then by cost",
        [Column("Place", lambda row: row["label"]), *_of_a_spot("rank_in_layer")],
        [row for row in features if row["layer"] == layer][:_WORST_FEATURES],
    )


def _of_a_spot(rank: str) -> list[Column]:
    return [
        Column("Rank", lambda row: number(row[rank]), is_number=True),
        Column("Killed or seriously injured", lambda row: number(row["ksi"]), is_number=True),
        Column("Killed", lambda row: number(row["deaths"]), is_number=True),
        Column("Crashes", lambda row: number(row["crashes"]), is_number=True),
        Column("Cost", lambda row: dollars(row["cost_usd"]), is_number=True),
    ]
