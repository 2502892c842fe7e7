"""A build takes up what changed since the last one, and leaves what one of everything leaves."""

import json
from typing import Any

import pytest

from flows.build import build
from flows.sync import sync
from ingestion.catalog import load_catalog
from ingestion.sample_portal import SamplePortal
from tests.conftest import SYNCED
from tests.contents import OF_THE_RUNS, content, rows, tables
from tests.dbt_commands import dbt
from tests.drawn_rows import put_into_raw
from warehouse.connection import connect, spatial_extension
from warehouse.settings import Target

pytestmark = pytest.mark.usefixtures("prefect_server", "models_alone")

IDS = {name: dataset.id for name, dataset in load_catalog().datasets.items()}


def all_that_is_built(target: Target) -> dict[str, list[str]]:
    names = tables(target, "intermediate", "marts", "quality")
    return content(target, [name for name in names if name not in OF_THE_RUNS])


def assert_as_a_build_of_everything(target: Target) -> None:
    followed = all_that_is_built(target)
    build(target=target)
    everything = all_that_is_built(target)
    assert {name for name in everything if followed[name] != everything[name]} == set()


def some(target: Target, columns: str, table: str, number: int) -> list[dict[str, Any]]:
    key = columns.split(",")[0]
    return rows(
        target,
        f"select {columns} from marts.{table} where crash_record_id is not null"
        f' order by {key} collate "C" limit {number}',
    )


def change_people(target: Target, portal: SamplePortal) -> None:
    """One has another injury, one was in another crash, one's crash is not known, one is gone."""
    ids = [row["person_id"] for row in some(target, "person_id", "people", 5)]
    [last] = rows(target, "select max(crash_record_id) as id from marts.crashes")
    fatal = {"injury_classification": "FATAL", "age": "7"}
    for key, changes in (
        (ids[0], fatal),
        (ids[1], {"crash_record_id": last["id"]}),
        (ids[2], {"crash_record_id": "of no crash"}),
        (ids[3], {"crash_record_id": None, "sex": "Q"}),
    ):
        portal.amend(IDS["people"], keys=[key], changes=changes)
    portal.delete(IDS["people"], keys=[ids[4]])


def vehicles_of_people(target: Target) -> list[dict[str, Any]]:
    return rows(
        target,
        "select crash_unit_id, vehicle_id, crash_record_id from marts.vehicles where vehicle_id in"
        " (select vehicle_id from marts.people) order by 1 limit 4",
    )


def name_vehicle_of_another_crash(target: Target, portal: SamplePortal) -> None:
    """A person names the vehicle that is to have another id."""
    vehicle = vehicles_of_people(target)[1]
    person = some(target, "person_id, crash_record_id", "people", 20)[-1]
    assert person["crash_record_id"] != vehicle["crash_record_id"]
    named = {"vehicle_id": str(vehicle["vehicle_id"])}
    portal.amend(IDS["people"], keys=[person["person_id"]], changes=named)


def change_vehicles(target: Target, portal: SamplePortal) -> None:
    """One is of another kind, one has another vehicle's id, one another time, and one is gone."""
    ids = [row["crash_unit_id"] for row in vehicles_of_people(target)]
    for key, changes in (
        (ids[0], {"unit_type": "BICYCLE", "make": "FROG"}),
        (ids[1], {"vehicle_id": "9999999"}),
        (ids[2], {"crash_date": "2021-01-01T00:00:00.000"}),
    ):
        portal.amend(IDS["vehicles"], keys=[key], changes=changes)
    portal.delete(IDS["vehicles"], keys=[ids[3]])


def change_crashes(target: Target, portal: SamplePortal) -> list[dict[str, Any]]:
    """Some amended, of which one has no date that can be; one gone, two new; gives what was.

    One is reported again under a key with blanks, and one under none.
    """
    ids = [row["crash_record_id"] for row in some(target, "crash_record_id", "crashes", 4)]
    frogs = {"weather_condition": "FROGS", "injuries_total": "9", "crash_hour": "25"}
    portal.amend(IDS["crashes"], keys=ids[:1], changes=frogs)
    portal.amend(IDS["crashes"], keys=ids[1:2], changes={"crash_date": "1901-01-01T00:00:00.000"})
    portal.amend(IDS["crashes"], keys=ids[2:3], changes={"latitude": "0", "longitude": "0"})
    portal.delete(IDS["crashes"], keys=ids[3:])
    portal.add(IDS["crashes"], rows=2, whole=True)
    untidy, gone = as_reported(target, ids[0]), as_reported(target, ids[3])
    for key in (f" {ids[0]} ", "N/A"):
        portal.add(IDS["crashes"], records=[untidy | {"crash_record_id": key}])
    return [gone]


def as_reported(target: Target, key: str) -> dict[str, Any]:
    [row] = rows(target, f"select * from raw.crashes where crash_record_id = '{key}' limit 1")
    return {name: value for name, value in row.items() if value and not name.startswith("_")}


def test_a_sync_leaves_what_a_build_of_everything_leaves(
    synced: Target, own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = change_crashes(synced, own_portal)
    name_vehicle_of_another_crash(synced, own_portal)
    sync(target=synced, datasets=SYNCED)

    # All at once, and one is back.
    change_vehicles(synced, own_portal)
    change_crashes(synced, own_portal)
    change_people(synced, own_portal)
    own_portal.add(IDS["crashes"], records=gone)
    with monkeypatch.context() as tested:
        tested.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "unit_test")
        sync(target=synced, datasets=SYNCED)
    assert_as_a_build_of_everything(synced)


def test_a_build_takes_up_what_changed_alone(synced: Target, own_portal: SamplePortal) -> None:
    [settled] = some(synced, "crash_record_id", "crashes", 1)
    with connect(synced) as connection:
        if synced == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        # Marks on what is not to be touched, and one that the next build has to set right.
        connection.execute("update marts.crashes set street_name = 'MARKED'")
        connection.execute("update marts.people set city = 'MARKED'")
        connection.execute("update quality.rule_effects set rule = 'marked'")
        connection.execute(
            "update marts.crashes set is_provisional = not is_provisional"
            f" where crash_record_id = '{settled['crash_record_id']}'"
        )
    [person] = some(synced, "person_id, crash_record_id", "people", 1)
    own_portal.amend(
        IDS["people"], keys=[person["person_id"]], changes={"injury_classification": "FATAL"}
    )
    sync(target=synced, datasets=SYNCED)

    touched = rows(
        synced, "select crash_record_id as id from marts.crashes where street_name <> 'MARKED'"
    )
    assert {row["id"] for row in touched} == {
        settled["crash_record_id"],
        person["crash_record_id"],
    }
    assert rows(synced, "select person_id from marts.people where city <> 'MARKED'") == [
        {"person_id": person["person_id"]}
    ]
    effects = rows(
        synced, "select distinct dataset from quality.rule_effects where rule <> 'marked'"
    )
    assert effects == [{"dataset": "people"}]
    # One of everything, as after another day, leaves no mark.
    build(target=synced)
    assert rows(synced, "select count(*) as n from marts.crashes where street_name = 'MARKED'") == [
        {"n": 0}
    ]


def test_a_record_that_changed_is_tested_and_one_that_passed_before_is_not(
    synced: Target, own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    [last] = rows(synced, "select max(_dlt_load_id) as load from raw.people")
    changed, passed = (row["person_id"] for row in some(synced, "person_id", "people", 2))
    own_portal.amend(IDS["people"], keys=[changed], changes={"age": "7"})
    sync(target=synced, datasets=SYNCED)
    monkeypatch.delenv("DBT_EXCLUDE_RESOURCE_TYPES")
    since = {"people": {"load": last["load"], "deleted_at": None, "restored_at": None}}
    for key, found in ((passed, 0), (changed, 1)):
        spoil(synced, key, last["load"])
        with monkeypatch.context() as environment:
            environment.setenv("WAREHOUSE_LAST_BUILD", json.dumps(since))
            assert failures(synced) == [found] * 2
    # All the same one of everything finds them both.
    assert failures(synced) == [1, 2]


def spoil(target: Target, person_id: str, load: str) -> None:
    """Have a person twice in the marts, and a version in raw of which staging knows nothing."""
    with connect(target) as connection:
        connection.execute(
            f"insert into marts.people select * from marts.people where person_id = '{person_id}'"
        )
    version = {"person_id": person_id, "city": "NOWHERE"}
    put_into_raw(target, "people", [version], load, "2001-01-01T00:00:00.000Z")


def failures(target: Target) -> list[int | None]:
    """The failing rows of a test of raw's people, and of one of the marts'."""
    accounts, unique = "accounts_for_raw_stg_people", "unique_people_person_id"
    tested = dbt(target, "test", "--select", f"{accounts}*", unique)
    [of_raw] = [result for name, result in tested.items() if name.startswith(accounts)]
    return [of_raw.failures, tested[unique].failures]
