"""`python -m ingestion.sample_portal`: a SODA portal over generated Chicago crash data."""

from pathlib import Path
from typing import Annotated

import typer

from ingestion.sample_portal.files import UnreadableFolderError
from ingestion.sample_portal.server import serve


def main(
    crashes: Annotated[int, typer.Option(min=1, max=5_000_000, help="How many crashes.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same data.")] = 1,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8585,
    folder: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Serve this folder's files instead."),
    ] = None,
    ends_with_stdin: Annotated[bool, typer.Option("--ends-with-stdin", hidden=True)] = False,
) -> None:
    """Serve generated crashes, people, vehicles, deaths and layers as the City's portal would."""
    try:
        serve(crashes, seed, port, folder, ends_with_stdin=ends_with_stdin)
    except OSError as error:
        typer.echo(f"sample portal: port {port}: {error.strerror}; choose another", err=True)
        raise typer.Exit(1) from error
    except UnreadableFolderError as error:
        typer.echo(f"sample portal: {error}", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
