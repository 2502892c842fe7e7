"""The static site: made, and put in the place of the one before."""

from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.failures import tell_of_failure, tell_of_success
from flows.mail import readable
from flows.progress import watcher
from serving.site.build import build_site
from serving.site.treatments import chosen_file
from warehouse.freshness import is_sample
from warehouse.settings import Target, resolve_target, site_folder


@flow(
    name="site",
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
    on_completion=[tell_of_success],
)
def site(
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
    out: Annotated[
        Path | None,
        Field(description="The site's folder; by default WAREHOUSE_SITE, else data/site."),
    ] = None,
    treatments: Annotated[
        Path | None,
        Field(description="A CSV file of treatments; by default WAREHOUSE_TREATMENTS, else none."),
    ] = None,
) -> str:
    """Make the site, in the place of the one before.

    Returns:
        Its first page.

    Raises:
        WrongCall: the target is none, the folder is no site's, or the treatments are wrong.
        WarehouseError: there is no warehouse, there are no crashes in it, or the folder cannot be
            written.
    """
    where = resolve_target(target)
    with readable(where):
        folder, listed = out or site_folder(), chosen_file(treatments)
        made = build_site(where, folder, listed, is_sample=is_sample(where))
    watcher().say(f"site: {made.pages} pages, {made.size / 1e6:.1f} MB, {made.index}")
    return str(made.index)
