"""The example queries answer on both engines, and alike."""

import re

from serving.query import query
from tests.conftest import Filled
from tests.shared_warehouses import pointing_to
from warehouse.settings import ROOT, TARGETS

QUERIES = {
    path.stem: path.read_text() for path in sorted((ROOT / "docs" / "queries").glob("*.sql"))
}
# The portal of these tests has amended nothing yet.
WITHOUT_ANSWER = {"17_deaths_that_were_amended"}


def test_there_are_twenty_and_each_begins_with_what_it_answers() -> None:
    assert len(QUERIES) == 20
    for number, (name, sql) in enumerate(QUERIES.items(), start=1):
        assert name.startswith(f"{number:02}_")
        question = sql.partition("\nselect")[0]
        assert re.fullmatch(r"(-- .+\n?)+", question), name
        assert "?" in question, name


def test_the_queries_answer_alike_on_both_engines(built_once: Filled) -> None:
    answers: dict[str, list[list[list[object]]]] = {name: [] for name in QUERIES}
    for target in TARGETS:
        with pointing_to(target, built_once(target)):
            for name, sql in QUERIES.items():
                answer = query(target, sql)
                rows = [list(map(_comparable, answer.columns, row)) for row in answer.rows]
                answers[name].append([list(answer.columns), *rows])
    assert {name for name, (rows, _) in answers.items() if not rows[1:]} == WITHOUT_ANSWER
    for name, (on_duckdb, on_postgis) in answers.items():
        assert on_duckdb == on_postgis, name


def _comparable(name: str, value: object) -> object:
    """Decimals as numbers, which PostgreSQL's driver gives as texts; distances to four digits."""
    if not isinstance(value, bool) and re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        value = float(str(value))
    is_distance = isinstance(value, float) and name.endswith(("_ft", "_m", "_mi"))
    return round(float(str(value)), 4) if is_distance else value
