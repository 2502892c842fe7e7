"""What crashes cost, held against the seed and the people and vehicles of each crash."""

import csv
from collections import Counter, defaultdict

from tests.contents import rows
from warehouse.settings import DBT_PROJECT, Target

# What of a crash nobody was hurt in is priced.
HURT = frozenset("KABC")
# Units that are people, or that nothing happened to.
NO_MOTOR_VEHICLE = frozenset(
    {"PEDESTRIAN", "BICYCLE", "NON-MOTOR VEHICLE", "NON-CONTACT VEHICLE", "EQUESTRIAN"}
)


def test_people_are_priced_by_injury_vehicles_where_none_was_hurt_and_the_unknown_not_at_all(
    built: Target,
) -> None:
    with (DBT_PROJECT / "seeds" / "injury_costs.csv").open(encoding="utf-8", newline="") as lines:
        seed = {row["severity"]: row for row in csv.DictReader(lines)}
    economic = {letter: int(row["economic_cost_usd"]) for letter, row in seed.items()}
    comprehensive = {
        letter: economic[letter] + int(row["qaly_cost_usd"]) for letter, row in seed.items()
    }
    assert "U" not in seed
    assert {letter for letter, row in seed.items() if row["per"] == "vehicle"} == {"PDO"}
    people: dict[str, list[str]] = defaultdict(list)
    for person in rows(built, "select crash_record_id, severity from marts.people"):
        people[person["crash_record_id"]].append(person["severity"])
    units = Counter(
        unit["crash_record_id"]
        for unit in rows(built, "select crash_record_id, unit_type from marts.vehicles")
        if unit["unit_type"] not in NO_MOTOR_VEHICLE
    )
    crashes = rows(
        built,
        "select crash_record_id, severity, economic_cost_usd, comprehensive_cost_usd,"
        " people_of_unknown_severity from marts.crashes",
    )
    kinds = set()
    for crash in crashes:
        letters = people[crash["crash_record_id"]]
        is_unhurt = crash["severity"] == "O" and not HURT & set(letters)
        vehicles = units[crash["crash_record_id"]] if is_unhurt else 0
        kinds.add((bool(vehicles), "U" in letters))
        for column, prices in (
            ("economic_cost_usd", economic),
            ("comprehensive_cost_usd", comprehensive),
        ):
            expected = sum(prices.get(letter, 0) for letter in letters) + vehicles * prices["PDO"]
            assert crash[column] == expected, crash
        assert crash["people_of_unknown_severity"] == letters.count("U"), crash
    assert kinds >= {(True, True), (True, False), (False, False)}
