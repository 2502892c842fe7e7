"""A backup of the DuckDB file is the file itself, copied after a checkpoint.

DuckDB's `export database` and `copy from database` write rows and definitions anew, without the
comments on columns; the file has everything, and is a warehouse as soon as it has its name.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from warehouse.connection import open_duckdb, spatial_extension
from warehouse.contents import HAS_NO_TABLE, TAKE_ANOTHER, Contents
from warehouse.errors import WarehouseError, WrongCall
from warehouse.settings import SCHEMAS, duckdb_path

SUFFIX = ".duckdb"
_STAMP_LENGTH = len("-20240531T043000Z")


def name() -> str:
    """The file's name without its suffix, by which views name their tables as well."""
    return duckdb_path().stem


def refuse_untestable() -> None:
    """A copy can be opened wherever it can be written."""


def vacuum() -> None:
    """Bring the statistics up to date, and what the log beside the file holds into the file.

    Raises:
        WarehouseError: DuckDB refuses.
    """
    with closing(open_duckdb()) as session, _errors("tidy up", duckdb_path()):
        session.execute(f"load '{spatial_extension()}'")
        session.execute("vacuum analyze")
        session.execute("checkpoint")


def dumped(file: Path) -> dict[str, Contents]:
    """Copy the warehouse, which this process keeps all others out of; what it holds.

    Raises:
        WarehouseError: it cannot be read or copied.
    """
    with closing(open_duckdb()) as session, _errors("read", duckdb_path()):
        session.execute(f"load '{spatial_extension()}'")
        session.execute("checkpoint")
        _copy(duckdb_path(), file)
        return _contents(session, name())


@contextmanager
def restored(file: Path) -> Iterator[dict[str, Contents]]:
    """Open a copy without writing to it; what it holds.

    Raises:
        WarehouseError: it cannot be read.
    """
    yield _read(file, name())


def restore(file: Path, into: str) -> dict[str, Contents]:
    """Copy a backup to where a warehouse is to be.

    Raises:
        WrongCall: there is a file, or it has another name than the views use.
        WarehouseError: it cannot be read or copied.
    """
    path = Path(into)
    stem, stamped = file.stem[:-_STAMP_LENGTH], file.stem[-_STAMP_LENGTH:]
    if not stem or not re.fullmatch(r"-\d{8}T\d{6}Z", stamped):
        raise WrongCall(
            f"{file} is not named as a backup is, like warehouse-20240531T043000Z{SUFFIX}, which"
            " says how the file was named: give it its name again; another DuckDB file needs no"
            " restoring, WAREHOUSE_DUCKDB_PATH takes it as it is"
        )
    if path.exists():
        raise WrongCall(f"{path} is there already: a backup is restored to a file that is not")
    if path.name != f"{stem}{SUFFIX}":
        raise WrongCall(
            f"--into is '{path}': views name the file that they are in, so it has to be"
            f" {stem}{SUFFIX}, in whichever folder"
        )
    found = _read(file, stem)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _copy(file, unfinished)
        unfinished.rename(path)
    except OSError as error:
        raise WarehouseError(f"cannot write {path}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return found


def _copy(file: Path, to: Path) -> None:
    # By another process: where this one closed the file, DuckDB's lock on it would be gone.
    program = shutil.which("cp") or "cp"
    done = subprocess.run(  # noqa: S603 - both names are ours
        [program, "--", file, to],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode:
        raise WarehouseError(
            f"cannot copy {file}: {done.stderr.strip()}; it is as it was, and so are older"
            " backups: make room or choose another folder"
        )


def _read(file: Path, catalog: str) -> dict[str, Contents]:
    import duckdb

    with closing(duckdb.connect()) as session, _errors("restore", file, TAKE_ANOTHER):
        session.execute(f"load '{spatial_extension()}'")
        place = str(file).replace("'", "''")
        session.execute(f"attach '{place}' as \"{catalog}\" (read_only)")
        found = _contents(session, catalog)
    if not found:
        raise WarehouseError(f"cannot restore {file}: {HAS_NO_TABLE}; {TAKE_ANOTHER}")
    return found


def _contents(session: Any, catalog: str) -> dict[str, Contents]:
    """What each table of the warehouse's schemas holds; each view is seen to be sound."""
    session.execute(f'use "{catalog}"')
    listed = session.execute(
        "select table_schema, table_name, table_type from information_schema.tables"
        " where table_catalog = ? and list_contains(?, table_schema) order by 1, 2",
        [catalog, list(SCHEMAS)],
    ).fetchall()
    found = {}
    for schema, table, kind in listed:
        relation = f'"{schema}"."{table}"'
        if kind == "VIEW":
            session.execute(f"select * from {relation} limit 0")
            continue
        rows, digest = session.execute(
            f"select count(*), sum(hash(whole_row)) from {relation} as whole_row"
        ).fetchone()
        found[f"{schema}.{table}"] = Contents(rows, str(digest), None)
    return found


@contextmanager
def _errors(what: str, path: Path, cure: str | None = None) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        said = " ".join(str(error).split())
        raise WarehouseError(
            f"cannot {what} {path}: {said}" + (f"; {cure}" if cure else "")
        ) from error
