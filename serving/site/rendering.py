"""Templates become the site's pages; what is put into them stays text."""

import base64
import gzip
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
    return Markup(_json(value).translate(_IN_SCRIPT))  # noqa: S704 - no mark of HTML is left


def packed(value: Any) -> str:
    """A value as JSON, with gzip and then in base64: a third of what it is in a page as it is."""
    # Without the time, that pages of the same data are the same.
    return base64.b64encode(gzip.compress(_json(value).encode(), mtime=0)).decode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plainly)


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
    environment.filters.update(in_script=in_script, packed=packed)
    environment.globals.update(change=change, days=days)
    return environment


_ENVIRONMENT = _environment()
