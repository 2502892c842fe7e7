"""The rules in Python say themselves what the issue says: each kind at its boundary values."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from tests.city_outline import CityOutline, beside, state_plane
from tests.cleaner import Change, Cleaner
from tests.cleaning import KINDS, Given, Row, Value, tidy
from tests.drawn_texts import texts

FETCHED_AT = datetime(2026, 8, 4, 12)
CRASHED_AT = datetime(2020, 2, 29)
PERIOD = {"not_before": "2013-01-01", "not_after": "fetch"}

RULES = """\
rule,dataset,column,kind,parameters,reason
key,crashes,crash_record_id,key,,
period,crashes,crash_date,timestamp,not_before=2013-01-01 not_after=fetch keep=yes,
weather,crashes,weather_condition,category,,
lanes,crashes,lane_cnt,integer,min=0 max=20,
north,crashes,latitude,latitude,min=41.6 max=42.1 within_ft=200,
east,crashes,longitude,longitude,min=-87.95 max=-87.5,
plate,vehicles,lic_plate_state,code,pattern=state,
period,vehicles,crash_date,timestamp,not_before=2013-01-01 not_after=fetch keep=yes,
"""
CATEGORIES = "dataset,column,value\ncrashes,weather_condition,Clear\n"
# 2026-08-04 12:00 in Chicago.
LOAD_ID = "1785862800.0"
# A piece of a city with a hole in it.
AREA = (
    "MULTIPOLYGON (((-87.64 41.87, -87.61 41.87, -87.61 41.9, -87.64 41.9, -87.64 41.87),"
    " (-87.63 41.88, -87.62 41.88, -87.62 41.89, -87.63 41.89, -87.63 41.88)))"
)


@pytest.fixture
def cleaner(tmp_path: Path) -> Cleaner:
    (tmp_path / "rules.csv").write_text(RULES)
    (tmp_path / "categories.csv").write_text(CATEGORIES)
    outline = CityOutline([AREA])
    return Cleaner(tmp_path / "rules.csv", tmp_path / "categories.csv", outline)


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        (None, None),
        ("", None),
        (" \t\r\n\u00a0\u3000", None),
        ("\u200b\ufeff", None),
        *[(nothing, None) for nothing in ("NULL", "null", " Null ", "N/A", "n/a", "\u200bN/A")],
        ("NA", "NA"),
        ("  W  \t MADISON\x7fST ", "W MADISON ST"),
        ("e\u0301", "\u00e9"),
        ("a\u200bb\u2060c", "abc"),
        ("e\u200b\u0301", "\u00e9"),
    ],
)
def test_a_text_is_tidied(raw: str | None, tidied: str | None) -> None:
    assert tidy(raw) == tidied


AGE = {"min": "0", "max": "120"}
SPEED = {"min": "5", "max": "70", "step": "5"}
ID = {"min": "0", "max": "9223372036854775807"}
SHARE = {"min": "0", "max": "1"}
STATE, ZIP = {"pattern": "state"}, {"pattern": "zip"}
YEAR = {"min": "1900", "max": "2100", "after_crash": "2"}


@pytest.mark.parametrize(
    ("kind", "parameters", "clean"),
    [
        ("key", {}, {"UNK": "UNK", "a": "a"}),
        ("text", {}, {"unk": "UNKNOWN", "Unknown": "UNKNOWN", ".": None, "`": None, "é": "é"}),
        ("text", {}, {"Dick's": "Dick's", "- 7": "- 7", "NONE": "NONE", "REFUSED": "REFUSED"}),
        ("category", {}, {"clear": "Clear", "UNK": "UNKNOWN", "FROGS": "FROGS", ".": "."}),
        ("integer", AGE, {"0": 0, "120": 120, "121": None, "-1": None, "12.0": 12, "1.": 1}),
        ("integer", AGE, {"abc": None, "12.5": None, "1,0": None, "inf": None, "nan": None}),
        ("integer", AGE, {"9" * 400: None, "0" * 400: 0, "+7": 7, "-0": 0, "1e1": None, "١": None}),
        ("integer", SPEED, {"5": 5, "70": 70, "0": None, "36": None, "75": None, "30.0": 30}),
        ("integer", ID, {"9223372036854775807": 2**63 - 1, "9223372036854775808": None}),
        ("quantity", {"min": "1", "max": "999999"}, {"80,000": 80_000, "80000": 80_000, "1": 1}),
        ("quantity", {"min": "1", "max": "999999"}, {"8,00": None, "1,000,000": None, "0": None}),
        ("number", SHARE, {"0": 0.0, "1": 1.0, "0.08": 0.08, ".5": 0.5, "5e-1": 0.5, "1.01": None}),
        ("number", SHARE, {"inf": None, "nan": None, "-0.1": None, "0x1": None, "1" * 201: None}),
        ("number", SHARE, {"0." + "0" * 198: 0.0, "0." + "0" * 199: None, "1e-100": None}),
        ("flag", {}, {"Y": True, "n": False, "U": None, "1": None}),
        ("code", STATE, {"il": "IL", "XX": "XX", "ILL": None, "UNKNOWN": None, "I1": None}),
        ("code", ZIP, {"60601": "60601", "60601.0": "60601", "606011234": "60601-1234"}),
        ("code", ZIP, {"60601-1234": "60601-1234", "606011234.0": None, "60601.00": None}),
        ("leading_zeros", {}, {"00012": "12", "000": "0", "unk": "UNKNOWN", "0A": "0A", ".": None}),
        ("vehicle_year", YEAR, {"1900": 1900, "1899": None, "2022": 2022, "2023": None}),
        ("location", {}, {"POINT (0 0)": "POINT (0 0)"}),
    ],
)
def test_a_kind_reads_a_text(
    kind: str, parameters: dict[str, str], clean: dict[str, Value]
) -> None:
    given = Given(parameters, {"CLEAR": "Clear"}, FETCHED_AT, CRASHED_AT)
    found = {text: KINDS[kind](text, given) for text in clean}
    assert list(map(repr, found.values())) == list(map(repr, clean.values()))


@given(text=texts(["Clear", "SUNNY"]))
def test_no_text_is_an_error_and_a_number_is_what_its_text_says(text: str) -> None:
    tidied = tidy(text)
    if tidied is None:
        return
    bounds = {"min": "-9e999", "max": "9e999", "after_crash": "2"}
    for kind in set(KINDS) - {"code"}:
        value = KINDS[kind](tidied, Given(PERIOD | bounds, {"CLEAR": "Clear"}))
        if isinstance(value, float):
            assert value == float(tidied)
        elif isinstance(value, int) and kind != "flag":
            assert value == Decimal(tidied.replace(",", ""))
    for pattern in (STATE, ZIP):
        KINDS["code"](tidied, Given(pattern))


def test_a_vehicle_whose_crash_has_no_date_may_be_of_any_year_to_come() -> None:
    given = Given(YEAR)
    assert [KINDS["vehicle_year"](year, given) for year in ("2100", "2101")] == [2100, None]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2020-02-29", datetime(2020, 2, 29)),
        ("2020-02-29T23:59", datetime(2020, 2, 29, 23, 59)),
        ("2020-02-29 23:59:58.5", datetime(2020, 2, 29, 23, 59, 58, 500_000)),
        ("2/9/2020", datetime(2020, 2, 9)),
        ("02/09/2020 12:30 AM", datetime(2020, 2, 9, 0, 30)),
        ("02/09/2020 12:30:01pm", datetime(2020, 2, 9, 12, 30, 1)),
        ("02/09/2020 11:30 PM", datetime(2020, 2, 9, 23, 30)),
        ("02/09/2020 0:05", datetime(2020, 2, 9, 0, 5)),
        ("2013-01-01", datetime(2013, 1, 1)),
        ("2026-08-04T12:00:00.000", FETCHED_AT),
        *dict.fromkeys(
            [
                *("2012-12-31T23:59:59.999999", "2026-08-04T12:00:00.000001", "9999-12-31"),
                *("2021-02-29", "2020-13-01", "2020-02-29T24:00", "2020-02-29T10", "2020-2-9"),
                *("2020-02-29T10:00:00Z", "2020-02-29T10:00:00.1234567", "0999-01-01"),
                *("2/9/2020 0:30 AM", "2/9/2020 13:00 PM", "2/9/20", "9-2-2020", "soon"),
            ]
        ).items(),
    ],
)
def test_a_time_is_read_in_each_form_and_kept_within_its_period(
    text: str, instant: datetime | None
) -> None:
    assert KINDS["timestamp"](text, Given(PERIOD, fetched_at=FETCHED_AT)) == instant


def row(**values: str | None) -> Row:
    return {"_dlt_load_id": LOAD_ID, "crash_record_id": "K", **values}


@pytest.mark.parametrize(
    ("latitude", "longitude", "quality"),
    [
        ("41.875", "-87.635", "ok"),
        (" 41.8750 ", "-8.7635e1", "ok"),
        (None, None, "missing"),
        ("41.875", None, "missing"),
        ("nan", "-87.635", "missing"),
        ("0", "-0.0", "zero"),
        ("0", "-87.635", "out_of_bounds"),
        ("41.5999", "-87.635", "out_of_bounds"),
        ("41.875", "-87.4999", "out_of_bounds"),
        ("42.1", "-87.5", "outside_city"),
        ("41.885", "-87.625", "outside_city"),
        ("41.8995", "-87.6094", "ok"),
        ("41.8995", "-87.6092", "outside_city"),
    ],
)
def test_coordinates_are_classed_as_a_pair(
    cleaner: Cleaner, latitude: str | None, longitude: str | None, quality: str
) -> None:
    cleaned = cleaner.clean("crashes", row(latitude=latitude, longitude=longitude))
    assert cleaned.values["coordinate_quality"] == quality
    pair = (cleaned.values["latitude"], cleaned.values["longitude"])
    read = (float(latitude or 0), float(longitude or 0))
    assert pair == (read if quality == "ok" else (None, None))
    nulled = [] if quality == "ok" else [("north", latitude), ("east", longitude)]
    logged = [(change.rule, change.raw) for change in cleaned.changes]
    assert logged == [entry for entry in nulled if entry[1] is not None]


def test_the_city_ends_200_feet_beyond_its_border_also_around_a_corner() -> None:
    outline = CityOutline([AREA])
    for east, north in ((120, 160), (160, 120), (200 * 0.5**0.5, 200 * 0.5**0.5)):
        place = beside(-87.61, 41.9, east, north)
        assert outline.is_within(*place, 200.0001)
        assert not outline.is_within(*place, 199.9999)


def test_the_projection_is_that_of_proj() -> None:
    assert state_plane(-87.6298, 41.8781) == pytest.approx((1175844.3966, 1898954.8763), abs=1e-4)


def test_the_log_has_what_became_null_and_texts_that_changed(cleaner: Cleaner) -> None:
    cleaned = cleaner.clean(
        "crashes",
        row(crash_date="6/1/2020 12:30 AM", weather_condition=" clear", lane_cnt=" 2.0 "),
    )
    assert cleaned.values["crash_date"] == datetime(2020, 6, 1, 0, 30)
    assert cleaned.values["lane_cnt"] == 2
    assert cleaned.changes == [Change("weather_condition", "weather", " clear", "Clear")]

    cleaned = cleaner.clean(
        "crashes", row(crash_date="soon", weather_condition=" FROGS ", lane_cnt=" ")
    )
    assert cleaned.changes == [
        Change("crash_date", "period", "soon", None),
        Change("weather_condition", "tidy_text", " FROGS ", "FROGS"),
        Change("lane_cnt", "tidy_text", " ", None),
    ]


@pytest.mark.parametrize(
    ("crash_date", "is_implausible"),
    [
        ("2012-12-31", True),
        ("2013-01-01", False),
        ("2026-08-04T12:00", False),
        ("2026-08-04T12:01", True),
        ("soon", False),
        (None, False),
    ],
)
def test_a_crash_out_of_the_period_keeps_its_date_and_is_flagged(
    cleaner: Cleaner, crash_date: str | None, is_implausible: bool
) -> None:
    cleaned = cleaner.clean("crashes", row(crash_date=crash_date))
    assert cleaned.values["has_implausible_date"] is is_implausible
    assert (cleaned.values["crash_date"] is None) is (crash_date in ("soon", None))
