"""The command that tells Prometheus how the warehouse stands."""

import sys
import threading
from contextlib import suppress
from typing import Annotated

import typer

from flows import logs
from flows.options import Target
from warehouse.errors import WarehouseError, WrongCall
from warehouse.settings import resolve_target

# Beside those that Prometheus gives to exporters of its own, and free of Prefect's 4200.
_PORT, _HOST = 9464, "127.0.0.1"


def metrics(
    target: Target = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Answer Prometheus at /metrics until Ctrl-C.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(help="Where --serve listens, 9464 by default.", min=0, max=65_535),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="The address that --serve listens on; by default this machine alone can ask."
        ),
    ] = None,
) -> None:
    """Write the warehouse's figures as Prometheus reads them, or serve them."""
    if not serve and (port is not None or host is not None):
        raise WrongCall("--port and --host are where --serve listens: add --serve")
    from prometheus_client import CollectorRegistry, generate_latest, start_http_server

    from ingestion.catalog import load_catalog
    from warehouse.metrics import WarehouseCollector

    where = resolve_target(target)
    log = logs.command_log(sys.stderr)
    record_keys = {name: entry.record_key for name, entry in load_catalog().datasets.items()}
    collector = WarehouseCollector(where, record_keys, log.warning, waits=not serve)
    registry = CollectorRegistry()
    registry.register(collector)
    if not serve:
        typer.echo(generate_latest(registry).decode(), nl=False)
        if not collector.is_up:
            raise typer.Exit(1)
        return
    address = host or _HOST
    try:
        server, _ = start_http_server(_PORT if port is None else port, address, registry)
    except OSError as error:
        raise WarehouseError(
            f"cannot listen on {address}:{_PORT if port is None else port}: {error.strerror};"
            " choose another --port"
        ) from error
    typer.echo(f"http://{address}:{server.server_port}/metrics; Ctrl-C ends it")
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    server.shutdown()
