"""The command that writes marts to files."""

from pathlib import Path
from typing import Annotated

import typer

from flows.options import Target
from warehouse.errors import WarehouseError
from warehouse.settings import resolve_target

_UNITS = ("bytes", "kB", "MB", "GB")
_STEP = 1_000


def export(
    marts: Annotated[
        list[str],
        typer.Argument(help="Marts, such as crashes, or tables of quality.", metavar="MART …"),
    ],
    format_name: Annotated[
        str,
        typer.Option(
            "--format", help="parquet, geoparquet, csv, xlsx, json or geojson.", metavar="FORMAT"
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder for the files; it is made.")],
    target: Target = None,
) -> None:
    """Write marts to files, one each: the file is complete, or not there."""
    from serving.export import export as exported

    where = resolve_target(target)
    try:
        for file in exported(where, marts, format_name, out):
            typer.echo(f"{file.path}: {file.rows:,} rows, {_size(file.size)}")
    except KeyboardInterrupt:
        raise WarehouseError("interrupted: of the file that was begun nothing is left") from None


def _size(size: float) -> str:
    """A number of bytes as people say it."""
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            break
        size /= _STEP
    return f"{size:.3g} {unit}" if size < _STEP else f"{size:,.0f} {unit}"
