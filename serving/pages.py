"""Templates become Markdown, and Markdown a page of HTML that a phone and a mail client show."""

import re
from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt

TEMPLATES = Path(__file__).with_name("templates")

# What Markdown would read as its own.
_MARKS = re.compile(r"([\\`*_\[\]<>|#~&])")
_MINUS, _NONE = "−", "–"

# What is in a report was said by portals and servers: HTML in it stays text.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

# On each element, as mail clients take out a style sheet.
_CELL = (
    "padding: .3rem .4rem; border-bottom: 1px solid #d1d9e0; vertical-align: top;"
    " overflow-wrap: normal"
)
_STYLES = {
    "h1": "font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem",
    "h2": "font-size: 1.15rem; line-height: 1.3; margin: 2rem 0 .5rem",
    # What is wider than a phone is moved aside by itself, not with the page.
    "table": "border-collapse: collapse; display: block; overflow-x: auto;"
    " font-variant-numeric: tabular-nums",
    "th": _CELL,
    "td": _CELL,
    "blockquote": "margin: 1rem 0; padding: .1rem .75rem; border-left: .25rem solid #9a6700;"
    " background: #fff8e5",
}


def markdown(template: str, **values: object) -> str:
    """A template of `serving/templates` with its values, as Markdown."""
    return _ENVIRONMENT.get_template(f"{template}.md.jinja").render(values)


def html(title: str, text: str) -> str:
    """Markdown as a page with its own style, which needs nothing from elsewhere.

    Args:
        title: of the page.
        text: the Markdown.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.nesting > 0 and (style := _STYLES.get(token.tag)):
            given = token.attrGet("style")
            token.attrSet("style", f"{given}; {style}" if given else style)
    body = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return _ENVIRONMENT.get_template("page.html.jinja").render(title=title, body=body)


def day(value: date) -> str:
    """A day in words, such as `Monday, August 3, 2026`."""
    return f"{value:%A, %B} {value.day}, {value.year}"


def days(first: date, last: date) -> str:
    """A span of days in words."""
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def instant(value: datetime | None) -> str:
    """An instant in UTC, such as `August 3, 2026, 14:05`, or a dash."""
    return f"{value:%B} {value.day}, {value.year}, {value:%H:%M}" if value else _NONE


def number(value: float | None) -> str:
    """A number with separators, or a dash where there is none."""
    return _NONE if value is None else f"{value:,}".replace("-", _MINUS)


def change(now: int | None, before: int | None) -> str:
    """The difference of two counts, and its share of the one before, where that is any."""
    if now is None or before is None:
        return _NONE
    if now == before:
        return "0"
    share = f" ({now / before - 1:+.1%})" if before else ""
    if share.strip(" ()") in ("+0.0%", "-0.0%"):
        share = ""
    return f"{now - before:+,}{share}".replace("-", _MINUS)


def plain(value: object) -> str:
    """A text that is shown as it is, in one line, whatever it looks like."""
    return _MARKS.sub(r"\\\1", " ".join(str(value).split()))


def code(value: object) -> str:
    """A text as code, in one line."""
    return "`" + " ".join(str(value).replace("`", "'").split()) + "`"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for put in (day, instant, number, plain, code):
        environment.filters[put.__name__] = put
    environment.globals.update(change=change, days=days)
    return environment


_ENVIRONMENT = _environment()
