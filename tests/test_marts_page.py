"""`docs/marts.md` and the exposures say what the marts are, and their queries run."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from flows.marts_page import PAGE, page
from serving.query import query
from serving.site.rendering import QUERIES
from serving.sql_files import SQL
from tests.docs_site import DocsSite
from warehouse.errors import WarehouseError
from warehouse.settings import ROOT, Target

# Where the site's pages name the queries that they ask.
PAGES = QUERIES.with_name("pages")
ASKED = re.compile(r'ask\("(\w+)"')

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The models of marts, functions too."""
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]


def test_the_page_is_that_of_either_engines_catalog(docs_site: DocsSite) -> None:
    is_current = page(docs_site.docs()) == PAGE.read_text(encoding="utf-8")
    assert is_current, "docs/marts.md is not current: 'warehouse build', then 'make docs-pages'"


def test_each_marts_query_gives_rows(docs_site: DocsSite, built: Target) -> None:
    queries = {
        mart["name"]: mart["config"]["meta"]["query"] for mart in marts(docs_site.docs().manifest)
    }
    assert len(queries) > 20
    without = [name for name, sql in queries.items() if not query(built, sql).rows]
    assert not without
    # A query to begin from is one of that mart.
    assert {name for name, sql in queries.items() if name not in read_by([sql])} == set()


@on_duckdb
def test_each_mart_says_first_what_one_row_is(docs_site: DocsSite) -> None:
    described = {mart["name"]: mart["description"] for mart in marts(docs_site.docs().manifest)}
    silent = [
        name
        for name, text in described.items()
        if not text.removeprefix("Function. ").startswith("One row")
    ]
    assert not silent


@on_duckdb
def test_a_mart_without_a_query_is_named_with_its_file(docs_site: DocsSite) -> None:
    docs = docs_site.docs()
    del docs.manifest["nodes"]["model.chicago_crash_warehouse.hexes"]["config"]["meta"]["query"]
    with pytest.raises(WarehouseError, match=r"marts.hexes has no query: .*marts/hexes.yml"):
        page(docs)


@on_duckdb
def test_the_exports_are_an_exposure_of_every_mart(docs_site: DocsSite) -> None:
    manifest = docs_site.docs().manifest
    tables = {
        mart["name"]
        for mart in marts(manifest)
        if mart["config"]["materialized"] != "table_function"
    }
    assert depended_on(manifest, "exports") == tables


@on_duckdb
def test_the_example_queries_are_an_exposure_of_what_they_read(docs_site: DocsSite) -> None:
    manifest = docs_site.docs().manifest
    files = sorted((ROOT / "docs" / "queries").glob("*.sql"))
    written = [file.read_text(encoding="utf-8") for file in files]
    shown = [mart["config"]["meta"]["query"] for mart in marts(manifest)]
    assert depended_on(manifest, "example_queries") == read_by([*written, *shown])


@on_duckdb
def test_the_daily_report_is_an_exposure_of_what_its_queries_read(docs_site: DocsSite) -> None:
    written = [file.read_text(encoding="utf-8") for file in sorted(SQL.glob("*.sql"))]
    assert len(written) > 5
    assert depended_on(docs_site.docs().manifest, "daily_report") == read_by(written)


@on_duckdb
def test_the_site_is_an_exposure_of_what_its_queries_read(docs_site: DocsSite) -> None:
    written = [file.read_text(encoding="utf-8") for file in sorted(QUERIES.glob("*.sql"))]
    assert len(written) > 20
    # One that others ask as well is not the site's own.
    asked = {name for file in PAGES.glob("*.py") for name in ASKED.findall(file.read_text())}
    shared = [path for name in sorted(asked) if (path := SQL / f"{name}.sql").exists()]
    assert shared
    written += [path.read_text(encoding="utf-8") for path in shared]
    assert depended_on(docs_site.docs().manifest, "static_site") == read_by(written)


def depended_on(manifest: dict[str, Any], exposure: str) -> set[str]:
    """The models that an exposure names."""
    nodes = manifest["exposures"][f"exposure.chicago_crash_warehouse.{exposure}"]["depends_on"]
    return {manifest["nodes"][name]["name"] for name in nodes["nodes"]}


def read_by(queries: Iterable[str]) -> set[str]:
    """The tables and functions of marts and quality that queries read."""
    return {
        table.this.name
        for sql in queries
        for statement in sqlglot.parse(sql, dialect="duckdb")
        if statement
        for table in statement.find_all(exp.Table)
        if table.db in ("marts", "quality")
    }
