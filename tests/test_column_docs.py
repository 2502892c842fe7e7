"""The dbt docs describe each column of staging and marts, and say what its null means."""

import re
from collections.abc import Iterator

import pytest
from ruamel.yaml import YAML

from warehouse.settings import DBT_PROJECT

BLOCK = re.compile(r"{% docs (\w+) %}(.*?){% enddocs %}", re.DOTALL)
REFERENCE = re.compile(r"""{{\s*doc\(["'](\w+)["']\)\s*}}""")
NULL = re.compile(r"\bnull\b", re.IGNORECASE)
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
