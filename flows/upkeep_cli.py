"""The commands that keep a warehouse in order, and get it back."""

from pathlib import Path
from typing import Annotated

import typer

from flows.options import Target
from flows.start import probe, start_prefect
from warehouse.errors import WarehouseError
from warehouse.settings import KEPT_BACKUPS, resolve_target


def maintain(
    target: Target = None,
    backups: Annotated[
        Path | None,
        typer.Option(
            help="The folder for backups; by default WAREHOUSE_BACKUPS, else data/backups.",
            metavar="DIR",
        ),
    ] = None,
    keep: Annotated[
        int, typer.Option(help="How many backups are kept, the new one included.", min=1)
    ] = KEPT_BACKUPS,
) -> None:
    """Vacuum and analyze, then write a backup and test it by restoring it."""
    from warehouse.records import refuse_if_empty

    where = resolve_target(target)
    refuse_if_empty(where)
    probe(where)
    wait_for_prefect = start_prefect()
    from flows import maintenance, terminal

    wait_for_prefect()
    folder = str(backups) if backups else None
    try:
        with terminal.watching():
            maintenance.maintenance(target=where, backups=folder, keep=keep)
    except KeyboardInterrupt:
        raise WarehouseError("interrupted: of the backup that was begun nothing is left") from None


def restore(
    file: Annotated[Path, typer.Argument(help="A backup that 'warehouse maintain' wrote.")],
    into: Annotated[
        str,
        typer.Option(
            help="The new database, on the server of PG*; or the new DuckDB file.",
            metavar="NAME",
        ),
    ],
    target: Target = None,
) -> None:
    """Restore a backup as a new warehouse; none that is there is touched."""
    from warehouse.backups import restore as restored
    from warehouse.postgis_server import as_owner

    where = resolve_target(target)
    with as_owner():
        tables = restored(where, file, into)
    rows = sum(table.rows for table in tables.values())
    setting = "WAREHOUSE_DUCKDB_PATH" if where == "duckdb" else "PGDATABASE"
    typer.echo(
        f"{into}: {len(tables)} tables, {rows:,} rows; {setting}={into} makes it the one used"
    )
