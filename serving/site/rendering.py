"""Templates become the site's pages; what is put into them stays text."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from serving.pages import change, days
from serving.site.words import FILTERS

TEMPLATES = Path(__file__).with_name("templates")
ASSETS = Path(__file__).with_name("assets")
QUERIES = Path(__file__).with_name("sql")

# What could end a script's element, or begin a comment in it.
_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def page(template: str, **values: object) -> str:
    """A template of `templates` with its values."""
    return _ENVIRONMENT.get_template(f"{template}.html.jinja").render(values)


def in_script(value: Any) -> Markup:
    """A value as JSON that stands in an element of a page."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plainly)
    return Markup(text.translate(_IN_SCRIPT))  # noqa: S704 - no mark of HTML is left


def _plainly(value: Any) -> float | str:
    """Decimals as numbers and days as texts, which JSON has not."""
    return str(value) if hasattr(value, "isoformat") else float(value)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.filters["in_script"] = in_script
    environment.globals.update(change=change, days=days)
    return environment


_ENVIRONMENT = _environment()
