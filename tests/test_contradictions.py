"""Rules by which records contradict themselves or each other, each broken by one record."""

import pytest

from tests.contents import rows
from tests.dbt_commands import dbt
from warehouse.connection import connect, spatial_extension
from warehouse.settings import Target

pytestmark = pytest.mark.usefixtures("models_alone")

# What breaks a rule in the record that `{}` selects; of deaths there are more in test_deaths.
BREAKS = {
    ("crashes", "injuries_total is the sum of its parts"): (
        "update marts.crashes set injuries_total = coalesce(injuries_total, 0) + 1 where {}"
    ),
    ("crashes", "crash_hour is that of the crash"): (
        "update marts.crashes set crash_hour = (extract(hour from crashed_at) + 1) where {}"
    ),
    ("crashes", "crash_day_of_week is that of the crash"): (
        "update marts.crashes set crash_day_of_week = extract(dow from crashed_at) + 2 where {}"
    ),
    ("crashes", "crash_month is that of the crash"): (
        "update marts.crashes set crash_month = extract(month from crashed_at) + 1 where {}"
    ),
    ("crashes", "the crash has a date that can be"): (
        "update marts.crashes set has_implausible_date = true where {}"
    ),
    ("crashes", "the crash has a unit"): "update marts.crashes set vehicle_count = 0 where {}",
    ("crashes", "the severity is that of its people"): (
        "update marts.crashes set severity_from_people ="
        " case severity when 'K' then 'O' else 'K' end where {}"
    ),
    ("crashes", "the beat is that of the place"): (
        "update marts.crashes set beat_of_occurrence = 1, police_beat = 2 where {}"
    ),
    ("crashes", "the location is at the coordinates"): (
        "update staging.stg_crashes set is_located_elsewhere = true where {}"
    ),
    ("people", "the crash is known"): (
        "update marts.people set crash_record_id = 'of no crash' where {}"
    ),
    ("people", "the time is that of the crash"): (
        "update marts.people set crashed_at = crashed_at + interval '1 minute' where {}"
    ),
    ("people", "the vehicle is known"): "update marts.people set vehicle_id = -1 where {}",
    ("vehicles", "the crash is known"): (
        "update marts.vehicles set crash_record_id = null where {}"
    ),
    ("vehicles", "the time is that of the crash"): (
        "update marts.vehicles set crashed_at = crashed_at + interval '1 minute' where {}"
    ),
    ("fatalities", "the crash has a date that can be"): (
        "update marts.fatalities set has_implausible_date = true where {}"
    ),
    ("fatalities", "the crash of the death is known"): (
        "update marts.fatalities set crash_record_id = null where {}"
    ),
    ("fatalities", "the location is at the coordinates"): (
        "update staging.stg_fatalities set is_located_elsewhere = true where {}"
    ),
}
KEYS = {
    "crashes": "crash_record_id",
    "people": "person_id",
    "vehicles": "crash_unit_id",
    "fatalities": "fatality_id",
}


def contradictions(target: Target) -> set[tuple[str | None, ...]]:
    found = rows(target, "select dataset, record_key, rule_broken from quality.contradictions")
    return {tuple(row.values()) for row in found}


def test_a_record_that_breaks_a_rule_is_told_with_it(built_to_change: Target) -> None:
    warehouse = built_to_change
    before = contradictions(warehouse)
    # Records that break no rule yet.
    free = {
        dataset: iter(
            row["key"]
            for row in rows(
                warehouse,
                f"select {key} as key from marts.{dataset} where {key} not in"
                f" (select record_key from quality.contradictions) order by {key}",
            )
        )
        for dataset, key in KEYS.items()
    }
    expected = set()
    with connect(warehouse) as connection:
        if warehouse == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        for (dataset, rule), change in BREAKS.items():
            key = next(free[dataset])
            connection.execute(change.format(f"{KEYS[dataset]} = '{key}'"))
            expected.add((dataset, key, rule))

    dbt(warehouse, "run", "--select", "contradictions")

    assert contradictions(warehouse) - before == expected
