"""`make up` and `make down`: `python -m services up` and `python -m services down`."""

import sys

import typer

from services.settings import Places, services_folder, services_settings
from warehouse.errors import WarehouseError, WrongCall

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)


@app.command()
def up() -> None:
    """Start PostGIS, a Prefect server and a worker, and register the deployments."""
    _say("up")


@app.command()
def prepare() -> None:
    """Make the roles and register the deployments, where PostGIS and Prefect run already."""
    _say("prepare")


@app.command()
def down() -> None:
    """End what `up` started."""
    _say("down")


def _say(verb: str) -> None:
    from services import up as services

    try:
        # What ends needs no setting but the folder.
        places = Places(services_folder()) if verb == "down" else services_settings()
        for line in getattr(services, verb)(places):
            typer.echo(line)
    except WarehouseError as error:
        typer.echo(f"services {verb}: {error}", err=True)
        sys.exit(2 if isinstance(error, WrongCall) else 1)


if __name__ == "__main__":
    app()
