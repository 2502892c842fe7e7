"""Marts become files: complete, or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_manager import Error as PostgresError

from serving.beside import folder_beside
from serving.export_formats import FORMATS, SHOWN, Format, Source, text
from serving.marts import Mart, find_marts
from serving.query import plainly
from warehouse.connection import Connection, connect, duckdb_in_memory, spatial_extension
from warehouse.errors import WarehouseError, WrongCall
from warehouse.settings import Target

# Of DuckDB alone; Python and the libraries take as much again.
_MEMORY = "128MB"


@dataclass(frozen=True)
class Exported:
    """A file that was written: where, how many rows, how many bytes."""

    path: Path
    rows: int
    size: int


def export(target: Target, names: list[str], format_name: str, folder: Path) -> Iterator[Exported]:
    """Write marts to files named after them, all as the warehouse is now.

    A file of the name is replaced when the new one is complete; until then, and after an error,
    nothing of the new one is in the folder but a hidden folder that goes with the run, or, where
    the run was killed, with the next that writes this file.

    Args:
        target: the warehouse.
        names: of marts, such as `crashes`, `marts.crashes` or `cleaning_log`.
        format_name: one of `FORMATS`, in small or capital letters.
        folder: where the files go; it is made.

    Yields:
        Each file when it is there.

    Raises:
        WrongCall: there is no such mart or format, or the format wants geometry and there is none.
        WarehouseError: there is no warehouse, it is in use, or a file cannot be written.
    """
    format_name = format_name.lower()
    wanted = FORMATS.get(format_name)
    if wanted is None:
        raise WrongCall(f"unknown format '{format_name}': choose one of {', '.join(FORMATS)}")
    with connect(target, read_only=True) as connection:
        try:
            marts = find_marts(connection, names)
        except (duckdb.Error, PostgresError) as error:
            raise WarehouseError(plainly(str(error))) from error
        for mart in marts:
            _refuse_if_no_geometry(mart, format_name, wanted)
        for mart in marts:
            path = folder / f"{mart.name}{wanted.suffix}"
            try:
                yield _written(connection, mart, wanted, path)
            except OSError as error:
                raise _failed(mart, path, _said_by_the_system(error)) from error
            except (duckdb.Error, PostgresError, pa.ArrowException) as error:
                raise _failed(mart, path, plainly(str(error))) from error
            except WarehouseError as error:
                raise _failed(mart, path, str(error)) from error


def _refuse_if_no_geometry(mart: Mart, format_name: str, wanted: Format) -> None:
    if wanted.is_spatial and not any(column.name == SHOWN for column in mart.columns):
        others = ", ".join(name for name, other in FORMATS.items() if not other.is_spatial)
        raise WrongCall(f"{mart.full_name} has no geometry for {format_name}: choose {others}")


def _failed(mart: Mart, path: Path, cause: str) -> WarehouseError:
    return WarehouseError(f"cannot export {mart.full_name} to {path}: {cause}; no file was written")


def _said_by_the_system(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is no folder"
    return error.strerror or str(error)


def _written(connection: Connection, mart: Mart, wanted: Format, path: Path) -> Exported:
    """Write one file beside its place, then put it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with folder_beside(path) as beside:
        part = beside / "part"
        with _rows(connection, mart, beside) as source:
            written = wanted.write(source, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        size = part.stat().st_size
        part.replace(path)
        return Exported(path, written, size)


@contextmanager
def _rows(connection: Connection, mart: Mart, folder: Path) -> Iterator[Source]:
    """The rows of a mart where DuckDB reads them group by group: PostGIS's come by a file."""
    if connection.target == "duckdb":
        _prepare(connection, folder)
        yield Source(connection, mart, f"({mart.query}) as rows")
        return
    # A stream of Arrow, asked for its rows by DuckDB itself, stays in memory.
    staged = folder / "rows"
    with (
        connection.stream(mart.query) as rows,
        pq.ParquetWriter(staged, rows.schema, compression="zstd") as writer,
    ):
        for batch in rows:
            writer.write_batch(batch)
    with duckdb_in_memory() as session:
        _prepare(session, folder)
        yield Source(session, mart, f"read_parquet({text(str(staged))})")


def _prepare(session: Connection, folder: Path) -> None:
    """Hold a session of DuckDB to little memory; what is more lies in the folder meanwhile."""
    session.execute(f"set memory_limit = '{_MEMORY}'")
    session.execute("set threads = 1")
    session.execute("set enable_progress_bar = false")
    session.execute(f"set temp_directory = {text(str(folder))}")
    session.execute(f"load '{spatial_extension()}'")
