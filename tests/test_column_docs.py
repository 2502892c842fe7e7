"""The dbt docs describe everything that they show, and of a column what its null means."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import get_environment
from jinja2 import nodes
from ruamel.yaml import YAML

from warehouse.settings import DBT_PROJECT, ROOT

BLOCK = re.compile(r"{% docs (\w+) %}(.*?){% enddocs %}", re.DOTALL)
REFERENCE = re.compile(r"""{{\s*doc\(["'](\w+)["']\)\s*}}""")
NULL = re.compile(r"\bnull\b", re.IGNORECASE)
PROJECT = "chicago_crash_warehouse"
LAYERS = ("staging", "marts", "marts/functions")


def described(layer: str) -> dict[str, dict[str, str]]:
    """The columns of each model of the layer with their descriptions, as the docs show them."""
    blocks = dict(written_blocks())
    return {
        model["name"]: {
            column["name"]: REFERENCE.sub(
                lambda reference: blocks.get(reference[1], ""), column.get("description") or ""
            ).strip()
            for column in model.get("columns") or []
        }
        for path in sorted((DBT_PROJECT / "models" / layer).glob("*.yml"))
        for model in YAML(typ="safe").load(path).get("models") or []
    }


def written_blocks() -> Iterator[tuple[str, str]]:
    for path in sorted((DBT_PROJECT / "docs").glob("*.md")):
        yield from BLOCK.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("layer", LAYERS)
def test_every_model_has_its_columns_described(layer: str) -> None:
    models = described(layer)
    files = [path.stem for path in (DBT_PROJECT / "models" / layer).glob("*.sql")]
    assert sorted(name for name, columns in models.items() if columns) == sorted(files)
    undescribed = [
        f"{model}.{column}"
        for model, columns in models.items()
        for column, description in columns.items()
        if not description
    ]
    assert not undescribed, "no description: " + ", ".join(undescribed)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_description_says_what_null_means(layer: str) -> None:
    silent = [
        f"{model}.{column}"
        for model, columns in described(layer).items()
        for column, description in columns.items()
        if not NULL.search(description)
    ]
    assert not silent, "no word of null: " + ", ".join(silent)


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """What dbt reads of the project; it needs no warehouse for it."""
    outcome = dbtRunner().invoke(
        [
            *("--quiet", "parse", "--no-write-json", "--target", "duckdb"),
            *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(ROOT)),
            *("--target-path", str(Path(os.environ["DBT_TARGET_PATH"], "duckdb"))),
        ]
    )
    assert isinstance(outcome.result, Manifest), outcome.exception
    return outcome.result


def ours(manifest: Manifest) -> list[Any]:
    """Everything of the project's own that the docs show."""
    kinds: tuple[dict[str, Any], ...] = (
        cast(dict[str, Any], manifest.nodes),
        cast(dict[str, Any], manifest.sources),
        cast(dict[str, Any], manifest.macros),
        cast(dict[str, Any], manifest.exposures),
        cast(dict[str, Any], manifest.unit_tests),
        cast(dict[str, Any], manifest.functions),
    )
    return [
        thing
        for kind in kinds
        for thing in kind.values()
        # What dbt does before and after a run is a node, but no page of the docs.
        if thing.package_name == PROJECT and thing.resource_type != "operation"
    ]


def test_everything_has_a_description(manifest: Manifest) -> None:
    shown = ours(manifest)
    assert {str(thing.resource_type) for thing in shown} >= {
        *("model", "seed", "source", "test", "unit_test", "macro", "exposure"),
    }
    silent = [thing.unique_id for thing in shown if not thing.description.strip()]
    assert not silent, "no description: " + ", ".join(silent)


def test_every_column_that_is_declared_has_a_description(manifest: Manifest) -> None:
    tables = [thing for thing in ours(manifest) if thing.resource_type in ("model", "seed")]
    tables += manifest.sources.values()
    without = [table.unique_id for table in tables if not table.columns]
    assert not without, "no columns: " + ", ".join(without)
    silent = [
        f"{table.unique_id}.{name}"
        for table in tables
        for name, column in table.columns.items()
        if not column.description.strip()
    ]
    assert not silent, "no description: " + ", ".join(silent)


def test_every_argument_of_a_macro_has_a_description(manifest: Manifest) -> None:
    macros = {
        macro.name: macro for macro in manifest.macros.values() if macro.package_name == PROJECT
    }
    wrong = []
    for name, macro in macros.items():
        described = {
            argument.name for argument in macro.arguments if (argument.description or "").strip()
        }
        # An engine's own macro takes the arguments of the one that it is called by.
        called_by = re.sub("^(default|duckdb)__", "", name)
        taken = (
            set() if called_by != name and called_by in macros else arguments_of(macro.macro_sql)
        )
        if described != taken:
            wrong.append(f"{name} ({', '.join(sorted(described ^ taken))})")
    assert not wrong, "arguments not described, or not there: " + ", ".join(wrong)


def arguments_of(macro_sql: str) -> set[str]:
    """The names of a macro's arguments, as dbt reads them; a materialization has none."""
    [macro] = get_environment(None).parse(macro_sql).find_all(nodes.Macro)
    return {
        argument.name for argument in macro.args if not macro.name.startswith("dbt_macro__material")
    }
