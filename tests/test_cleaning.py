"""Every value is as the rules say: on both engines the SQL gives what they give in Python."""

import math
from datetime import datetime
from itertools import count, product
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from tests.city_outline import beside
from tests.cleaned_warehouse import (
    CATEGORIES,
    DATASETS,
    RULES,
    assert_as_the_rules_say,
    build_cleaned,
    records,
    silent_changes,
)
from tests.cleaner import Cleaner
from tests.cleaning import Row
from tests.drawn_rows import (
    NO_KEYS,
    make_raw_tables,
    put_into_raw,
    rows_with_each_text_in_each_column,
    rows_with_only,
    rows_without_key,
)
from tests.drawn_texts import HARD_TEXTS, around, boundary_texts, texts
from warehouse.connection import connect
from warehouse.settings import Target

# Hypothesis begins with the simplest texts there are, which make room for the hard ones.
BATCHES = 2
FIRST_LOAD = 1_790_000_000

# Two halves of a town, with a place in the western one that is not the city's.
TOWN = [
    "MULTIPOLYGON (((-87.8 41.7, -87.7 41.7, -87.7 41.9, -87.8 41.9, -87.8 41.7),"
    " (-87.76 41.78, -87.74 41.78, -87.74 41.8, -87.76 41.8, -87.76 41.78)))",
    "MULTIPOLYGON (((-87.7 41.7, -87.6 41.7, -87.6 41.9, -87.7 41.9, -87.7 41.7)))",
]
# About its north-eastern corner and the bounds; and just within and beyond 200 feet of the corner.
LATITUDES = st.floats(41.8995, 41.9008) | st.floats(41.59, 42.11) | st.sampled_from([0.0, 41.6])
LONGITUDES = st.floats(-87.601, -87.599) | st.floats(-87.96, -87.49) | st.sampled_from([0.0, -87.5])
AROUND_THE_CORNER = [
    beside(-87.6, 41.9, feet * math.sin(angle), feet * math.cos(angle))[::-1]
    for feet in (199.99, 200.01)
    for angle in map(math.radians, range(5, 90, 10))
]
PLACES = st.tuples(LATITUDES, LONGITUDES)
# The year of a crash, and how much younger its vehicle is.
YEARS = st.tuples(
    st.integers(1000, 9999) | st.integers(2096, 2102) | st.integers(2012, 2026), st.integers(-1, 4)
)


def test_every_row_of_the_sample_portal_is_cleaned_and_logged_as_the_rules_say(
    built: Target,
) -> None:
    expected = records(built)
    changed = {record.dataset for record in expected if record.cleaned.changes}
    assert changed >= {"crashes", "people", "vehicles"}
    assert_as_the_rules_say(built, expected)


def test_any_text_in_any_column_is_cleaned_as_the_rules_say_and_what_changed_is_logged(
    warehouse: Target,
) -> None:
    cleaner = Cleaner(RULES, CATEGORIES)
    make_raw_tables(warehouse, cleaner, TOWN)
    listed = sorted({value for values in cleaner.listed.values() for value in values.values()})
    batches = count()

    @settings(
        max_examples=BATCHES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        # A difference names its text; hundreds of others would only hide it.
        verbosity=Verbosity.quiet,
    )
    @given(
        drawn=st.lists(texts(listed), min_size=200, max_size=200),
        places=st.lists(PLACES, min_size=50, max_size=50),
        years=st.lists(YEARS, min_size=50, max_size=50),
    )
    def clean_a_batch(
        drawn: list[str], places: list[tuple[float, float]], years: list[tuple[int, int]]
    ) -> None:
        number = next(batches)
        load = f"{FIRST_LOAD + number}.0"
        if not number:
            places = [*places[:1], *AROUND_THE_CORNER]
            drawn = [*drawn[:1], *HARD_TEXTS, *boundary_texts(cleaner), *_about_the_fetch(load)]
        aimed: dict[str, list[Row]] = {
            "crashes": [{"latitude": str(lat), "longitude": str(lon)} for lat, lon in places],
            "fatalities": [
                {"latitude": lat, "longitude": lon}
                for lat, lon in product(
                    ["0", "-0.0", "41.6", "42.10", "x", None], ["0.0", "-87.95"]
                )
            ],
            "vehicles": [
                {"crash_date": f"{year}-06-01", "vehicle_year": str(year + younger)}
                for year, younger in years
            ],
        }
        for name in DATASETS:
            rows = rows_with_each_text_in_each_column(cleaner, name, drawn, load)
            rows += rows_with_only(cleaner, name, aimed.get(name, ()), load)
            if not number:
                rows += rows_without_key(cleaner, name)
            put_into_raw(warehouse, name, rows, load)
        # At first what is compared, then every model: what is built of it bears the texts as well.
        build_cleaned(warehouse, *(["*"] if number else []))
        expected = records(warehouse)
        assert_as_the_rules_say(warehouse, expected)
        assert silent_changes(warehouse, expected)[:20] == []

    clean_a_batch()
    with connect(warehouse, read_only=True) as connection:
        rejected = connection.fetch("select raw_row from quality.rejected_rows")
    assert rejected.num_rows == len(NO_KEYS) * len(DATASETS)


def _about_the_fetch(load_id: str) -> list[str]:
    fetched = datetime.fromtimestamp(float(load_id), ZoneInfo("America/Chicago"))
    return around(fetched.replace(tzinfo=None))
