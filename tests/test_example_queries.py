"""The example queries answer on both engines, and alike."""

import re

from serving.query import query
from tests.conftest import Filled
from tests.contents import plain
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
    answers: dict[str, list[list[str]]] = {name: [] for name in QUERIES}
    for target in TARGETS:
        with pointing_to(target, built_once(target)):
            for name, sql in QUERIES.items():
                answer = query(target, sql)
                answers[name].append(
                    [
                        plain(dict(zip(answer.columns, map(_number, row), strict=True)))
                        for row in answer.rows
                    ]
                )
    assert {name for name, (rows, _) in answers.items() if not rows} == WITHOUT_ANSWER
    for name, (on_duckdb, on_postgis) in answers.items():
        assert on_duckdb == on_postgis, name


def _number(value: object) -> object:
    """PostgreSQL's driver gives decimals as texts."""
    is_decimal = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value)
    return float(str(value)) if is_decimal else value
