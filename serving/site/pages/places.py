"""The scorecards of wards and community areas, and a page for each of them."""

from collections import defaultdict
from collections.abc import Iterator

from serving.pages import number
from serving.site import maps
from serving.site.figures import Chart, Column, Table, table
from serving.site.outlines import outline
from serving.site.pages.overview import trend
from serving.site.state import Page, State
from serving.site.words import (
    LAYERS,
    PLACES,
    SEVERITIES,
    a_date,
    address,
    decimal,
    dollars,
    hour,
    much_money,
    place_page,
    road_users,
    sentence,
    signed_share,
)
from serving.sql_files import Ask, Row

Key = tuple[str, str]


def places(ask: Ask, state: State) -> Iterator[Page]:
    """The page of scorecards, then one for each place."""
    cards = ask("place_scorecards")
    yield state.page(
        "places.html",
        "places",
        "Wards and community areas",
        scorecards=[
            (layer, LAYERS[layer], _scorecard(cards, layer))
            for layer in PLACES
            if layer in state.layers
        ],
        missing=state.without(PLACES),
        period=cards[0] if cards else None,
    )
    outlines = {_key(row): row for row in ask("place_outlines")}
    months, signals = _by_place(ask("place_months")), _by_place(ask("place_signals"))
    crashes, deaths = _by_place(ask("place_crashes")), _by_place(ask("place_deaths"))
    for card in cards:
        key = _key(card)
        yield state.page(
            place_page(*key),
            "place",
            f"{card['label']}: crashes",
            card=card,
            layer=LAYERS[card["layer"]],
            map=_map(outlines[key], crashes[key], signals[key], state),
            trend=trend(months[key], "marts.place_months"),
            signals=_signals(signals[key]),
            deaths=_deaths(deaths[key]),
            missing=state.without(("traffic_signals", "fatalities")),
            has_duplicates=any(row["is_possible_duplicate"] for row in deaths[key]),
        )


def _key(row: Row) -> Key:
    return row["layer"], row["place_id"]


def _by_place(rows: list[Row]) -> defaultdict[Key, list[Row]]:
    sorted_out: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        sorted_out[_key(row)].append(row)
    return sorted_out


def _scorecard(cards: list[Row], layer: str) -> Table:
    def counted(title: str, name: str) -> Column:
        return Column(title, lambda row: number(row[name]), True, lambda row: row[name])

    return table(
        f"{LAYERS[layer]}, the last twelve whole months",
        [
            Column(
                "Place",
                lambda row: row["label"],
                order=_name_order,
                link=lambda row: place_page(row["layer"], row["place_id"]),
            ),
            counted("Rank", "rank_in_layer"),
            counted("Killed or seriously injured (KSI)", "ksi"),
            Column(
                "KSI against the years before",
                lambda row: signed_share(row["ksi_trend"]),
                True,
                lambda row: row["ksi_trend"],
            ),
            counted("Killed", "deaths"),
            counted("Injured", "injuries"),
            counted("Crashes", "crashes"),
            Column(
                "Crashes against the years before",
                lambda row: signed_share(row["crashes_trend"]),
                True,
                lambda row: row["crashes_trend"],
            ),
            counted("Crashes with a pedestrian", "pedestrian_crashes"),
            counted("Crashes with a cyclist", "cyclist_crashes"),
            Column(
                "KSI per square mile",
                lambda row: decimal(row["ksi_per_sq_mi"]),
                True,
                lambda row: row["ksi_per_sq_mi"],
            ),
            Column(
                "Cost", lambda row: much_money(row["cost_usd"]), True, lambda row: row["cost_usd"]
            ),
        ],
        [card for card in cards if card["layer"] == layer],
        sorted_by="Rank",
    )


def _name_order(row: Row) -> float | str:
    """Wards by their number, as `Ward 10` is not before `Ward 2`; others by their name."""
    label: str = row["label"]
    return float(row["place_id"]) if row["layer"] == "wards" else label


def _map(boundary: Row, crashes: list[Row], signals: list[Row], state: State) -> Chart:
    return Chart(
        "map",
        f"A map of them, since {a_date(state.recent_since)}",
        "The outline of the place, a dot for each crash in which somebody was killed or seriously"
        " injured, and a ring for each of the ten worst crossings. The tables below have the"
        " figures.",
        ["marts.crashes", "marts.crashes_in_places", "marts.feature_safety", "marts.places"],
        maps.place_map(outline(boundary["outline"], maps.PLACE_TOLERANCE_FT), crashes, signals),
        table(
            "A crash in which somebody was killed or seriously injured, the newest first",
            [
                Column("Day", lambda row: a_date(row["crash_date"])),
                Column("Hour", lambda row: hour(row["crash_hour"])),
                Column("Worst injury", lambda row: SEVERITIES[row["severity"]]),
                Column("Where", address),
                Column("Road users", road_users),
                Column("Cause", lambda row: sentence(row["cause"])),
            ],
            crashes,
        ),
        note=""
        if crashes
        else "In these years nobody was killed or seriously injured in a crash here.",
        height="map",
    )


def _signals(rows: list[Row]) -> Table:
    return table(
        "A crossing with a traffic signal: what happened within 100 m of it since the first crash",
        [
            Column("Signal", lambda row: row["label"]),
            Column("Killed or seriously injured", lambda row: number(row["ksi"]), True),
            Column("Killed", lambda row: number(row["deaths"]), True),
            Column("Injured", lambda row: number(row["injuries"]), True),
            Column("Crashes", lambda row: number(row["crashes"]), True),
            Column("Cost", lambda row: dollars(row["cost_usd"]), True),
            Column("Rank in the city", lambda row: number(row["rank_in_city"]), True),
        ],
        rows,
    )


def _deaths(rows: list[Row]) -> Table:
    return table(
        "A death of the City's Vision Zero list, the newest first",
        [
            Column("Day", lambda row: a_date(row["crash_date"])),
            Column("Who died", lambda row: sentence(row["victim"])),
            Column("Where", lambda row: row["crash_location"] or "–"),
            Column("What happened", lambda row: sentence(row["crash_circumstances"])),
        ],
        rows,
    )
