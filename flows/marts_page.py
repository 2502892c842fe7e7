"""`docs/marts.md`: each mart, what one row is, its columns, and a query to begin from.

All of it is dbt's: the tables and types are those of the catalog, the words and the queries those
of the models' yml. `make docs-pages` writes it anew from the warehouse of this machine.
"""

import re
import sys
from typing import Any

from flows.docs import Docs, made, refuse_without_marts
from warehouse.errors import WarehouseError
from warehouse.settings import ROOT, resolve_target

PAGE = ROOT / "docs" / "marts.md"

_HEAD = """\
# The marts

Written by `make docs-pages` from dbt's catalog of a built warehouse: change the yml beside a model
in `dbt_project/models/marts/`, not this page. Types have the name that both engines know; geometry
is in EPSG:3435, US survey feet, unless its column says otherwise. `warehouse query "…"` runs the
queries, and so does any client of the warehouse; they are the same on DuckDB and on PostGIS.
"""
# What each engine calls a type, and what the other understands as well.
_TYPES = {
    "character varying": "text",
    "double": "double precision",
    "timestamp without time zone": "timestamp",
    "varchar": "text",
}


def page(docs: Docs) -> str:
    """The page's text, which does not depend on the engine or on the data.

    Raises:
        WarehouseError: a mart has no query; names its yml.
    """
    models = sorted(
        (
            node
            for node in docs.manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] == "marts"
        ),
        key=lambda model: str(model["name"]),
    )
    functions = [model for model in models if _is_function(model)]
    marts = [model for model in models if not _is_function(model)]
    parts = [
        _HEAD,
        *(_mart(model, docs.catalog) for model in marts),
        "# The functions\n\nThey are asked like a table, and give rows.\n",
        *(_function(model) for model in functions),
    ]
    return "\n".join(parts)


def _is_function(model: dict[str, Any]) -> bool:
    return bool(model["config"]["materialized"] == "table_function")


def _mart(model: dict[str, Any], catalog: dict[str, Any]) -> str:
    table = catalog["nodes"].get(model["unique_id"])
    if table is None:
        raise WarehouseError(
            f"marts.{model['name']} is not in the warehouse: run 'warehouse build' first"
        )
    columns = sorted(table["columns"].values(), key=lambda column: int(column["index"]))
    types = [(str(column["name"]), _type_name(str(column["type"]))) for column in columns]
    return _section(model, "", types)


def _function(model: dict[str, Any]) -> str:
    arguments = model["config"]["meta"]["arguments"]
    listed = ", ".join(f"{name} {_type_name(type_)}" for name, type_ in arguments.items())
    types = [(name, _type_name(column["data_type"])) for name, column in model["columns"].items()]
    return _section(model, f"({listed})", types)


def _section(model: dict[str, Any], arguments: str, types: list[tuple[str, str]]) -> str:
    example = model["config"]["meta"]
    if not (example.get("question") and example.get("query")):
        raise WarehouseError(
            f"marts.{model['name']} has no query: write config.meta.question and query in"
            f" dbt_project/{model['patch_path'].partition('://')[2]}"
        )
    rows = [
        f"| `{name}` | {type_} | {_in_a_cell(model['columns'].get(name, {}).get('description'))} |"
        for name, type_ in types
    ]
    return "\n".join(
        [
            f"## marts.{model['name']}{arguments}",
            "",
            _in_a_line(model["description"]).removeprefix("Function. "),
            "",
            "| column | type | meaning |",
            "|---|---|---|",
            *rows,
            "",
            example["question"],
            "",
            "```sql",
            example["query"].strip(),
            "```",
            "",
        ]
    )


def _type_name(engines: str) -> str:
    name = re.sub(r"\(.*", "", engines.lower())
    return _TYPES.get(name, name)


def _in_a_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _in_a_cell(text: str | None) -> str:
    return _in_a_line(text).replace("|", "\\|")


def main() -> int:
    """Write the page from the warehouse of this machine; an error is one line."""
    try:
        target = resolve_target()
        refuse_without_marts(target)
        with made(target) as docs:
            text = page(docs)
    except WarehouseError as error:
        sys.stderr.write(f"marts page: {error}\n")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
