"""Options that several commands have."""

from typing import Annotated

import typer

Target = Annotated[
    str | None,
    typer.Option(help="duckdb or postgis; by default DBT_TARGET, else duckdb.", metavar="TARGET"),
]


class ReaderGoneError(Exception):
    """Whoever read our output, such as `head`, has enough: that is no failure."""
