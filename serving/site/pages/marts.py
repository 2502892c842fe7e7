"""What the marts are: `docs/marts.md` as a page, and the tables of quality beside it."""

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markupsafe import Markup

from serving.marts import Mart
from serving.site.state import Page, State
from serving.site.words import mart_anchor
from warehouse.settings import ROOT

DOCS = ROOT / "docs" / "marts.md"

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_NAMED = re.compile(r"(marts\.\w+)")


def marts_page(state: State, quality: list[Mart]) -> Page:
    """The page that every figure's source leads to.

    Args:
        state: of the site.
        quality: the tables of quality, as the warehouse describes them.
    """
    tokens = _MARKDOWN.parse(DOCS.read_text(encoding="utf-8"))
    named = []
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            # The page has a title of its own above.
            if found := _NAMED.match(inside.content):
                token.attrSet("id", mart_anchor(found[1]))
                named.append(found[1])
        elif token.type == "table_open":
            token.attrSet("class", "docs")
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return state.page(
        "marts.html",
        "marts",
        "Where the figures are from",
        # The file is the project's own, and HTML in it stays text.
        docs=Markup(_below_title(html)),  # noqa: S704
        contents=[*named, *(mart.full_name for mart in quality)],
        quality=quality,
    )


def _below_title(html: str) -> str:
    """The page from its first mart on, as the template has a title; later ones go a level down.

    Queries are moved aside where they are too wide, by the keyboard too.
    """
    _, mark, rest = html.partition("<h2")
    return re.sub(r"<(/?)h1", r"<\1h2", mark + rest).replace("<pre>", '<pre tabindex="0">')
