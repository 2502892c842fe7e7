"""The seeds of cleaning say of every column what the issue asks for."""

import csv

import pytest

from ingestion.sample_portal.tables import dataset_specs
from tests.cleaned_warehouse import CATEGORIES, DATASETS, RULES
from tests.cleaner import Cleaner
from tests.cleaning import KINDS, ascii_upper, tidy

INJURIES = (
    "total fatal incapacitating non_incapacitating reported_not_evident no_indication unknown"
)
# By dataset and column: what is just within the bounds, and what is just outside.
BOUNDARIES = {
    ("people", "age"): ("0 120", "-1 121"),
    ("people", "bac_result_value"): ("0 1", "-0.001 1.001"),
    ("people", "vehicle_id"): ("0 9223372036854775807", "-1 9223372036854775808"),
    ("vehicles", "vehicle_id"): ("0 9223372036854775807", "-1 9223372036854775808"),
    ("vehicles", "vehicle_year"): ("1900 2022", "1899 2023"),
    ("vehicles", "unit_no"): ("0 99", "-1 100"),
    ("vehicles", "num_passengers"): ("0 99", "-1 100"),
    ("vehicles", "occupant_cnt"): ("0 99", "-1 100"),
    ("vehicles", "axle_cnt"): ("1 20", "0 21"),
    ("vehicles", "trailer1_length"): ("1 200", "0 201"),
    ("vehicles", "trailer2_length"): ("1 200", "0 201"),
    ("vehicles", "total_vehicle_length"): ("1 300", "0 301"),
    ("vehicles", "gvwr"): ("1 999999 80,000 1.0", "0 1000000 UNK"),
    ("vehicles", "lic_plate_state"): ("IL XX", "ILL I1"),
    ("people", "zipcode"): ("60601 60601-1234", "6060 6060A 60601- UNK"),
    ("crashes", "posted_speed_limit"): ("5 10 65 70", "0 1 3 9 24 36 39 75 99"),
    ("crashes", "lane_cnt"): ("0 20", "-1 21"),
    ("crashes", "street_no"): ("0 99999", "-1 100000"),
    ("crashes", "beat_of_occurrence"): ("100 9999", "99 10000"),
    ("crashes", "num_units"): ("0 99", "-1 100"),
    ("crashes", "crash_hour"): ("0 23", "-1 24"),
    ("crashes", "crash_day_of_week"): ("1 7", "0 8"),
    ("crashes", "crash_month"): ("1 12", "0 13"),
    ("crashes", "hit_and_run_i"): ("Y N", "1 U"),
    ("crashes", "date_police_notified"): (
        "2013-01-01 2020-02-29",
        "2012-12-31 2026-08-05 2021-02-29",
    ),
    **{("crashes", f"injuries_{kind}"): ("0 99", "-1 100") for kind in INJURIES.split()},
}
# 2026-08-04 12:00 in Chicago.
ROW = {"_dlt_load_id": "1785862800.0", "crash_date": "2020-02-29"}


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner(RULES, CATEGORIES)


def entries(name: str) -> list[dict[str, str]]:
    seed = {"rules": RULES, "categories": CATEGORIES}[name]
    with seed.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", DATASETS)
def test_every_column_that_the_portal_has_has_one_rule_with_its_reason(name: str) -> None:
    columns = [column.field for column in dataset_specs()[DATASETS[name].id].columns]
    rules = [entry for entry in entries("rules") if entry["dataset"] == name and entry["column"]]
    assert sorted(rule["column"] for rule in rules) == sorted(columns)
    assert {rule["kind"] for rule in rules} <= set(KINDS)
    assert all(rule["rule"] and rule["reason"] for rule in rules)


def test_the_lists_of_categories_are_tidy_of_category_columns_and_tell_values_apart(
    cleaner: Cleaner,
) -> None:
    listed = {(entry["dataset"], entry["column"]) for entry in entries("categories")}
    of_category = {
        (dataset, column)
        for dataset, rules in cleaner.rules.items()
        for column, rule in rules.items()
        if rule.kind == "category"
    }
    assert listed == of_category
    assert [
        entry for entry in entries("categories") if tidy(entry["value"]) != entry["value"]
    ] == []
    upper = [
        (entry["dataset"], entry["column"], ascii_upper(entry["value"]))
        for entry in entries("categories")
    ]
    assert [value for value in upper if upper.count(value) > 1] == []


@pytest.mark.parametrize(("dataset", "column"), BOUNDARIES)
def test_a_column_has_the_bounds_of_the_issue(cleaner: Cleaner, dataset: str, column: str) -> None:
    within, outside = (texts.split() for texts in BOUNDARIES[dataset, column])
    clean = {
        text: cleaner.clean(dataset, {**ROW, column: text}).values[column]
        for text in within + outside
    }
    assert [text for text, value in clean.items() if value is None] == outside


@pytest.mark.parametrize("name", DATASETS)
def test_only_the_time_of_a_crash_is_kept_when_it_cannot_be(cleaner: Cleaner, name: str) -> None:
    kept = {
        column
        for column, rule in cleaner.rules[name].items()
        if rule.parameters.get("keep") == "yes"
    }
    assert kept == {"crash_date"}
