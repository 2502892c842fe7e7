"""What the sample portal is told to change in its data."""

from typing import Any

import pytest

from ingestion.sample_portal import SamplePortal
from tests.sample_portal.pages import (
    BEATS,
    CRASHES,
    DEATHS,
    LAYERS,
    PEOPLE,
    SIZE,
    VEHICLES,
    Row,
    all_rows,
    count,
    get,
    page,
)


def newer(portal: SamplePortal, dataset: str, than: list[Row]) -> list[Row]:
    mark = max(row[":updated_at"] or "" for row in than)
    return [row for row in all_rows(portal, dataset) if (row[":updated_at"] or "") > mark]


def test_amending_keeps_the_id_and_moves_the_stamp(portal: SamplePortal) -> None:
    before = all_rows(portal, CRASHES)
    changed_at = get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"]
    portal.amend(CRASHES, rows=3)
    amended = newer(portal, CRASHES, before)
    old = {row[":id"]: row for row in before}
    assert len(amended) == 3
    for row in amended:
        differing = {name for name, value in row.items() if old[row[":id"]][name] != value}
        assert differing == {":updated_at", ":version", "prim_contributory_cause"}
    assert get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"] > changed_at
    key = before[0]["crash_record_id"]
    portal.amend(CRASHES, keys=[key], changes={"injuries_total": 4, "damage": None})
    [row] = page(portal, CRASHES, where=f"crash_record_id = '{key}'")
    assert (row["injuries_total"], row["damage"]) == ("4", None)
    assert portal.amend(CRASHES, where="crash_hour = 3")["rows"] > 0


def test_every_dataset_can_be_amended_and_added_to(portal: SamplePortal) -> None:
    for dataset in [CRASHES, PEOPLE, VEHICLES, DEATHS, *LAYERS]:
        before = all_rows(portal, dataset)
        assert portal.amend(dataset, rows=2)["rows"] == 2
        portal.add(dataset, rows=3)
        assert len(newer(portal, dataset, before)) == 5
        assert count(portal, dataset) == len(before) + 3


def test_a_whole_new_crash_brings_its_people_and_vehicles(portal: SamplePortal) -> None:
    people, vehicles = all_rows(portal, PEOPLE), all_rows(portal, VEHICLES)
    added = portal.add(CRASHES, rows=4, whole=True)
    new_people, new_vehicles = newer(portal, PEOPLE, people), newer(portal, VEHICLES, vehicles)
    assert added["rows"] == {
        CRASHES: 4,
        PEOPLE: len(new_people),
        VEHICLES: len(new_vehicles),
    }
    assert {row["crash_record_id"] for row in new_vehicles} == set(added["keys"])
    assert not {p["person_id"] for p in people} & {p["person_id"] for p in new_people}


def test_late_rows_lie_below_the_newest(portal: SamplePortal) -> None:
    before = all_rows(portal, CRASHES)
    portal.add(CRASHES, rows=2, late=True)
    assert newer(portal, CRASHES, before) == []
    assert count(portal, CRASHES) == SIZE + 2


def test_deleting_leaves_no_trace_but_the_time_of_the_dataset(portal: SamplePortal) -> None:
    before = all_rows(portal, CRASHES)
    changed_at = get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"]
    gone = portal.delete(CRASHES, rows=5)["keys"]
    after = all_rows(portal, CRASHES)
    assert len(gone) == 5
    assert [r for r in before if r["crash_record_id"] not in gone] == after
    assert get(portal, f"/api/views/{CRASHES}.json").json()["rowsUpdatedAt"] > changed_at


def test_a_republished_dataset_has_new_ids_and_equal_rows(portal: SamplePortal) -> None:
    before = {r["crash_record_id"]: r for r in all_rows(portal, CRASHES)}
    portal.republish(CRASHES, changed=2)
    after = {r["crash_record_id"]: r for r in all_rows(portal, CRASHES)}
    assert set(before) == set(after)
    assert not {r[":id"] for r in before.values()} & {r[":id"] for r in after.values()}
    assert len({r[":updated_at"] for r in after.values()}) == 1
    own = [name for name in next(iter(before.values())) if not name.startswith(":")]
    differing = [k for k in before if any(before[k][n] != after[k][n] for n in own)]
    assert len(differing) == 2


def test_columns_come_go_and_change_their_type(portal: SamplePortal) -> None:
    portal.control("column", dataset=CRASHES, action="add", column="drone_i", value="N")
    portal.control("column", dataset=CRASHES, action="drop", column="lane_cnt")
    portal.control("column", dataset=CRASHES, action="retype", column="street_no", type="text")
    columns = {
        c["fieldName"]: c["dataTypeName"]
        for c in get(portal, f"/api/views/{CRASHES}.json").json()["columns"]
    }
    assert columns["drone_i"] == "text"
    assert columns["street_no"] == "text"
    assert "lane_cnt" not in columns
    [row] = page(portal, CRASHES, limit=1)
    assert row["drone_i"] == "N"
    assert list(row) == list(columns)
    portal.add(CRASHES, rows=2, whole=True)
    assert count(portal, CRASHES) == SIZE + 2


def test_a_removed_dataset_is_not_found_until_it_is_restored(portal: SamplePortal) -> None:
    portal.control("remove", dataset=BEATS)
    assert get(portal, f"/resource/{BEATS}.csv").status_code == 404
    assert get(portal, f"/api/views/{BEATS}.json").status_code == 404
    portal.control("restore", dataset=BEATS)
    assert get(portal, f"/resource/{BEATS}.csv").status_code == 200


def test_a_reset_gives_the_data_of_the_start(portal: SamplePortal) -> None:
    before = all_rows(portal, PEOPLE)
    portal.delete(PEOPLE, rows=100)
    portal.amend(PEOPLE, rows=100)
    portal.reset()
    assert all_rows(portal, PEOPLE) == before


def test_what_cannot_be_obeyed_is_refused(portal: SamplePortal) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("amend", {"dataset": CRASHES}),
        ("amend", {"dataset": CRASHES, "keys": ["none"]}),
        ("amend", {"dataset": "none-such", "rows": 1}),
        ("amend", {"dataset": CRASHES, "rows": 1, "changes": {"agee": "3"}}),
        ("amend", {"rows": 1}),
        ("add", {"dataset": CRASHES, "records": [{"agee": "3"}]}),
        ("column", {"dataset": CRASHES, "action": "bend", "column": "agee"}),
        ("misbehave", {"kind": "nonsense"}),
        ("nonsense", {}),
    ]
    for verb, call in calls:
        with pytest.raises(ValueError, match=verb):
            portal.control(verb, **call)
