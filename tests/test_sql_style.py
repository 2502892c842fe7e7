"""The SQL of the models, held against the rules of style as each engine reads it."""

import subprocess
import sys

import pytest

from serving.site.rendering import QUERIES
from serving.sql_files import SQL
from warehouse.settings import DBT_PROJECT, ROOT, Target

DIALECTS: dict[Target, str] = {"duckdb": "duckdb", "postgis": "postgres"}


def test_the_models_follow_the_rules_of_style(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dbt makes of the models what the target's engine is given.
    monkeypatch.setenv("DBT_TARGET", warehouse)
    linted = subprocess.run(
        [
            *(sys.executable, "-m", "tests.sqlfluff_command"),
            *("lint", "--dialect", DIALECTS[warehouse], DBT_PROJECT / "models"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = linted.stdout + linted.stderr
    assert linted.returncode == 0, said
    # A rule that breaks over a file is passed over, and only said.
    assert "CRITICAL" not in said, said


@pytest.mark.parametrize("dialect", DIALECTS.values())
def test_the_queries_of_the_report_and_the_site_follow_the_rules_of_style(dialect: str) -> None:
    linted = subprocess.run(
        [
            *(sys.executable, "-m", "sqlfluff", "lint", "--templater", "raw"),
            *("--dialect", dialect, SQL, QUERIES),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
