"""The rules of cleaning are data, and each of the project's own tests can fail."""

import shutil
from pathlib import Path

import pytest

from ingestion.catalog import load_catalog
from tests.contents import content, rows
from tests.dbt_commands import dbt
from tests.drawn_rows import put_into_raw
from warehouse.connection import connect, spatial_extension
from warehouse.settings import DBT_PROJECT, Target

CATALOG = load_catalog()

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)

# One bad case for each test that the project wrote, and what makes it: a test that no bad case
# fails would pass whatever the data.
BAD_CASES = {
    "accepted_range": (
        "people_numbers_are_within_the_rules",
        "update marts.people set age = 121 where person_id = (select min(person_id)"
        " from marts.people)",
    ),
    "unique_combination": (
        "unique_combination_coordinate_quality_coordinate_quality__month",
        "insert into quality.coordinate_quality select * from quality.coordinate_quality",
    ),
    "expression_is_true": (
        "the_crash_date_can_be",
        "update marts.crashes set has_implausible_date = true"
        " where crash_record_id = (select min(crash_record_id) from marts.crashes)",
    ),
    "null_share_within": (
        "few_crashes_have_no_place",
        "update marts.crashes set latitude = null",
    ),
    "recency": (
        "new_crashes_go_on_coming",
        "update staging.stg_crashes set _row_updated_at = _row_updated_at + interval '100 years'",
    ),
    "breaks_no_rule": (
        "the_time_of_people_is_that_of_the_crash",
        "insert into quality.contradictions select 'people', person_id,"
        " 'the time is that of the crash' from marts.people",
    ),
    "steady_month_counts": (
        "crashes_per_month_are_steady",
        "insert into marts.crashes select crash.* replace ("
        " month || '-' || number as crash_record_id, cast(month as date) as crash_date)"
        " from (select * from marts.crashes where not has_implausible_date limit 1) as crash,"
        # one month with few, and then one with none
        " (values ('1990-01-05', 1500), ('1990-02-05', 100), ('1990-03-05', 1500),"
        " ('1990-05-05', 1500))"
        " as months (month, crashes),"
        " unnest(generate_series(1, crashes)) as numbers (number)",
    ),
    "near_by_year": (
        "deaths_by_year_are_near_vision_zero",
        "insert into marts.fatalities select death.* replace ("
        " 'death ' || number as fatality_id,"
        " (select max(crash_date) from marts.crashes) as crash_date)"
        " from (select * from marts.fatalities limit 1) as death,"
        " unnest(generate_series(1, 500)) as numbers (number)",
    ),
    "same_row_count_as": (
        "vehicles_are_as_many_as_staged",
        "delete from marts.vehicles where unit_no = 2",
    ),
    "same_total_as": (
        "same_total_as_crashes_daily_total_crashes__ref_crashes___crash_date_is_not_null"
        "_and_not_has_implausible_date__1",
        "update marts.crashes_daily set total_crashes = total_crashes + 1",
    ),
    "same_total_as_rows_of": (
        "same_total_as_rows_of_rule_effects_values_changed__ref_cleaning_log_",
        "update quality.rule_effects set values_changed = values_changed + 1",
    ),
    "has_srid": (
        "has_srid_point_features_geom__3435",
        "create or replace table marts.point_features as select * replace ("
        " st_setcrs(st_point(longitude, latitude), 'EPSG:4326') as geom)"
        " from marts.point_features",
    ),
    "within_chicago": (
        "within_chicago_fatalities_geom",
        "update marts.fatalities set geom = st_setcrs(st_point(-87.6, 41.8), 'EPSG:3435')",
    ),
    "accounts_for_raw": (
        "accounts_for_raw_stg_fatalities__record_key__source_raw_fatalities_",
        "delete from staging.stg_fatalities where fatality_id = (select min(fatality_id)"
        " from staging.stg_fatalities)",
    ),
}


def test_a_bound_that_is_changed_in_the_seed_changes_the_marts_and_what_tests_accept(
    built_to_change: Target, tmp_path: Path
) -> None:
    warehouse = built_to_change
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    seed = project / "seeds" / "cleaning_rules.csv"
    test = ("test", "--select", "people_numbers_are_within_the_rules")
    passing = dbt(warehouse, *test, project=project)
    assert passing["people_numbers_are_within_the_rules"].failures == 0
    [before] = rows(warehouse, "select max(age) as oldest, count(age) as ages from marts.people")
    assert before["oldest"] > 65

    rules = seed.read_text()
    changed = rules.replace("people,age,integer,min=0 max=120", "people,age,integer,min=0 max=65")
    assert changed != rules
    seed.write_text(changed)
    dbt(warehouse, "seed", project=project)
    failing = dbt(warehouse, *test, project=project)
    assert failing["people_numbers_are_within_the_rules"].failures > 0
    follows = ("stg_people+,+people", "stg_people+,+cleaning_log")
    dbt(warehouse, "run", "--full-refresh", "--select", *follows, project=project)

    [after] = rows(warehouse, "select max(age) as oldest, count(age) as ages from marts.people")
    assert after["oldest"] == 65
    [logged] = rows(
        warehouse,
        "select count(*) as ages from quality.cleaning_log"
        " where column_name = 'age' and rule = 'age_range'"
        " and cast(raw_value as integer) between 66 and 120",
    )
    assert logged["ages"] == before["ages"] - after["ages"] > 0


WRONG_RULES = {
    "a letter for a digit": (
        "people,age,integer,min=0 max=120",
        "max=120",
        "max=12O",
        "max is '12O'",
    ),
    "bounds exchanged": ("people,age,integer,min=0 max=120", "min=0", "min=130", "min is 130"),
    "no maximum": ("people,age,integer,min=0 max=120", " max=120", "", "needs the parameter 'max'"),
    "an unknown parameter": (
        "people,age,integer,min=0 max=120",
        "min=",
        "mi=",
        "no parameter 'mi'",
    ),
    "no pair": ("people,age,integer,min=0 max=120", "max=", "max = ", "form name=value"),
    "no day": ("people,crash_date,timestamp,", "2013-01-01", "2013-02-30", "which is no day"),
    "no answer": ("people,crash_date,timestamp,", "keep=yes", "keep=Yes", "keep is 'Yes'"),
    "an unknown kind": ("people,age,integer,", "integer", "integr", "there is no kind 'integr'"),
}


@on_duckdb
def test_a_wrong_rule_fails_the_model_with_its_column_and_the_mistake(
    loaded: Target, tmp_path: Path
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    seed = project / "seeds" / "cleaning_rules.csv"
    rules = seed.read_text()
    for name, (line, right, wrong, said) in WRONG_RULES.items():
        assert rules.count(line) == 1, name
        start = rules.index(line)
        seed.write_text(rules[:start] + rules[start:].replace(right, wrong, 1))
        built = dbt(
            loaded,
            *("build", "--select", "cleaning_rules", "categories", "stg_people"),
            *("--exclude-resource-type", "test", "unit_test"),
            project=project,
        )
        assert built["stg_people"].status == "error", name
        column = line.split(",")[1]
        assert f"seeds/cleaning_rules.csv: people.{column}: " in built["stg_people"].message
        assert said in built["stg_people"].message


def test_each_kind_of_rule_cleans_its_boundary_values_as_the_unit_tests_say(
    synced: Target,
) -> None:
    # They take the types of their columns from the models' tables.
    tested = dbt(synced, "test", "--select", "test_type:unit")
    assert "the_values_of_people_at_their_bounds" in tested
    assert "the_bounds_within_which_a_death_is_matched" in tested
    # One that could not run has no failures either.
    statuses = {name: result.status for name, result in tested.items() if "-on-run-" not in name}
    assert {name: tested[name].message for name in statuses if statuses[name] != "pass"} == {}
    assert len(statuses) > 10


@on_duckdb
def test_each_generic_test_fails_on_a_bad_case(built_to_change: Target) -> None:
    warehouse = built_to_change
    written = {path.stem for path in (DBT_PROJECT / "tests" / "generic").glob("*.sql")}
    assert written == set(BAD_CASES)
    tests = {name: test for name, (test, _) in BAD_CASES.items()}
    tested = dbt(warehouse, "test", "--select", *tests.values())
    assert {name: tested[test].status for name, test in tests.items()} == dict.fromkeys(
        tests, "pass"
    )
    with connect(warehouse) as connection:
        connection.execute(f"load '{spatial_extension()}'")
        for _, damage in BAD_CASES.values():
            connection.execute(damage)

    tested = dbt(warehouse, "test", "--select", *tests.values())

    assert {name for name, test in tests.items() if tested[test].status in ("fail", "warn")} == set(
        tests
    )
    assert tested["crashes_per_month_are_steady"].failures == 2
    assert rows(warehouse, "select count(*) as n from quality.unsteady_crash_months") == [{"n": 2}]


def test_an_outline_that_is_redrawn_places_the_crashes_anew(loaded: Target) -> None:
    staging = ("build", "--select", "+stg_crashes", "--exclude-resource-type", "unit_test")
    qualities = (
        "select coordinate_quality, count(*) as n from staging.stg_crashes group by 1 order by 1"
    )
    redrawn = "update raw.community_areas set the_geom = {} where area_numbe = '8'"
    dbt(loaded, *staging)
    before = rows(loaded, qualities)
    assert "outside_city" not in [row["coordinate_quality"] for row in before]

    with connect(loaded) as connection:
        connection.execute(
            redrawn.format("(select the_geom from raw.community_areas where area_numbe = '1')")
        )
    dbt(loaded, *staging)

    within = rows(loaded, qualities)
    assert "outside_city" in [row["coordinate_quality"] for row in within]
    dbt(loaded, *staging, "--full-refresh")
    assert rows(loaded, qualities) == within

    with connect(loaded) as connection:
        connection.execute(
            "update raw.community_areas set the_geom = 'a hole' where area_numbe = '8'"
        )
    built = dbt(loaded, *staging)
    assert built["each_community_area_is_in_the_outline"].status == "fail"
    assert built["stg_crashes"].status == "skipped"
    assert rows(loaded, qualities) == within


def test_an_incremental_build_gives_what_a_full_refresh_does(synced: Target) -> None:
    names = [f"stg_{name}" for name in ("crashes", "people", "vehicles", "fatalities")]
    run = ("run", "--select", *(f"+{name}" for name in names))
    staged = [f"staging.{name}" for name in names]
    crashes = rows(synced, "select * from raw.crashes order by crash_record_id limit 12")
    keys = [row["crash_record_id"] for row in crashes]

    def changed(place: int, key: str) -> dict[str, str | None]:
        source = {name: text for name, text in crashes[place].items() if name[0] != "_"}
        return source | {"crash_record_id": key, "weather_condition": "FROGS"}

    later, soon = "2099-01-01T00:00:00.000Z", "2001-01-01T00:00:00.000Z"
    # Amended; under an untidy key; an old version that came late; new, of an untidy key alone.
    newer = [changed(0, keys[0]), changed(1, f" {keys[1]}\t"), changed(2, " new\u00a0one ")]
    put_into_raw(synced, "crashes", newer, "1900000000.5", later)
    put_into_raw(
        synced, "crashes", [changed(3, keys[3]), changed(4, f"{keys[4]} ")], "1900000001.5", soon
    )
    mark = (
        "insert into ops.record_deletions (dataset, record_key, deleted_at, run_id)"
        " values ('crashes', '{}', timestamp '2026-01-0{} 00:00:00', 'a run')"
    )
    with connect(synced) as connection:
        for key in keys[4:8]:
            connection.execute(mark.format(key, 1))
    before = content(synced, staged)
    dbt(synced, *run)
    built = content(synced, staged)
    assert built != before
    dbt(synced, *run, "--full-refresh")
    assert content(synced, staged) == built

    # The untidy keys' records are amended under tidy ones; one comes back, one went anew.
    put_into_raw(
        synced, "crashes", [changed(5, keys[1]), changed(6, "new one")], "1900000002.5", later
    )
    with connect(synced) as connection:
        restored = "update ops.record_deletions set restored_at = timestamp '2026-02-01 00:00:00'"
        connection.execute(f"{restored} where record_key in ('{keys[5]}', '{keys[6]}')")
        connection.execute(mark.format(keys[6], 2))
    dbt(synced, *run)
    built = content(synced, staged)
    gone = "select crash_record_id as key from staging.stg_crashes where _deleted_at is not null"
    assert {row["key"] for row in rows(synced, gone)} == {keys[4], keys[6], keys[7]}
    dbt(synced, *run, "--full-refresh")
    assert content(synced, staged) == built
