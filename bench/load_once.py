"""`python -m bench.load_once DATASET`: one load into an empty `raw`, as a process of its own."""

import json
import time
from typing import Annotated

import typer

from bench.measuring import peak_mb
from flows.options import Target
from ingestion.catalog import load_catalog
from ingestion.load import load_dataset
from warehouse.connection import connect, ensure_ready
from warehouse.settings import resolve_target


def main(
    dataset: Annotated[str, typer.Argument(help="Its name in the catalog.")],
    target: Target = None,
) -> None:
    """Load a dataset anew; write its rows, the seconds of the load and the peak of memory."""
    resolved = resolve_target(target)
    with connect(resolved) as connection:
        connection.execute("drop schema if exists raw cascade")
    ensure_ready(resolved)
    [entry] = load_catalog().select([dataset])
    started = time.perf_counter()
    load = load_dataset(entry, resolved)
    seconds = time.perf_counter() - started
    figures = {"rows": load.rows_inserted, "seconds": seconds, "peak_mb": peak_mb()}
    typer.echo(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
