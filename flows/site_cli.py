"""The command that makes the static site."""

from pathlib import Path
from typing import Annotated

import typer

from flows.options import Target
from warehouse.errors import WarehouseError
from warehouse.settings import resolve_target, site_folder


def site(
    target: Target = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The site's folder, which it takes the place of; WAREHOUSE_SITE or data/site"
            " by default.",
            metavar="DIR",
        ),
    ] = None,
    treatments: Annotated[
        Path | None,
        typer.Option(
            help="A CSV file of treatments, with name, longitude, latitude and treated_on;"
            " WAREHOUSE_TREATMENTS by default.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Make pages to look at from the marts: they need no server and no network."""
    where = resolve_target(target)
    folder = out or site_folder()
    try:
        # What is heavy takes a moment, in which one may be called off as well.
        from serving.site.build import build_site
        from serving.site.treatments import chosen_file
        from warehouse.freshness import is_sample

        made = build_site(where, folder, chosen_file(treatments), is_sample=is_sample(where))
    except KeyboardInterrupt:
        raise WarehouseError("interrupted: the site is as it was before") from None
    typer.echo(f"{made.index}: open it in a browser; {made.pages} pages, {made.size / 1e6:.1f} MB")
