"""Which crash and which person a death of the Vision Zero list belongs to."""

from collections import Counter

from tests.contents import rows
from warehouse.settings import Target

CRASHES = "select crash_record_id, crashed_at, injuries_fatal from marts.crashes"


def test_each_death_of_the_sample_is_found_and_what_disagrees_is_told(built: Target) -> None:
    deaths = rows(built, "select * from marts.fatalities")
    people = {row["person_id"]: row for row in rows(built, "select * from marts.people")}
    crashes = {row["crash_record_id"]: row for row in rows(built, CRASHES)}
    times = Counter(death["person_id"] for death in deaths)
    deaths_there = Counter(death["crash_record_id"] for death in deaths)
    expected: set[tuple[str, str]] = set()
    for death in deaths:
        crash = crashes[death["crash_record_id"]]
        person = people.get(death["person_id"])
        if person and times[death["person_id"]] == 1:
            assert death["matched_by"] == "person_id"
            assert death["matched_person_id"] == death["person_id"]
            assert death["crash_record_id"] == person["crash_record_id"]
        else:
            assert death["matched_by"] == "time_and_place"
            assert abs(death["minutes_apart"]) <= 60
            assert death["distance_ft"] <= 100 * 3937 / 1200
        minutes = (crash["crashed_at"] - death["crashed_at"]).total_seconds() / 60
        assert death["minutes_apart"] == minutes
        key = death["fatality_id"]
        if abs(abs(minutes) - 720) <= 60:
            expected.add((key, "the death is not half a day from its crash"))
        elif minutes:
            expected.add((key, "the time is that of the crash"))
        if (crash["injuries_fatal"] or 0) < deaths_there[death["crash_record_id"]]:
            expected.add((key, "the crash counts its deaths"))
        if (death["distance_ft"] or 0) > 100 * 3937 / 1200:
            expected.add((key, "the place is that of the crash"))
        if not death["matched_person_id"]:
            expected.add((key, "the person who died is known"))
        elif people[death["matched_person_id"]]["severity"] != "K":
            expected.add((key, "the person who died is recorded as killed"))
    told = {
        (row["record_key"], row["rule_broken"])
        for row in rows(built, "select * from quality.contradictions where dataset = 'fatalities'")
    }
    assert told == expected
    assert {death["matched_by"] for death in deaths} == {"person_id", "time_and_place"}
