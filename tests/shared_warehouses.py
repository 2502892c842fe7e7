"""Warehouses that many tests begin from or only read, each filled once for all workers."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
import tenacity
from filelock import FileLock

from warehouse.settings import Target


@tenacity.retry(
    # PostgreSQL writes down all databases for it, also one that a test has no room for just then.
    retry=tenacity.retry_if_exception_message(match="checkpoint request failed"),
    wait=tenacity.wait_fixed(0.5),
    stop=tenacity.stop_after_delay(60),
    reraise=True,
)
def on_server(statement: str) -> None:
    """Run a statement outside of any test's database."""
    with closing(psycopg2.connect("", dbname="postgres")) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def pointing_to(target: Target, name: str) -> Iterator[None]:
    """Point the settings to a DuckDB file or a database."""
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("WAREHOUSE_DUCKDB_PATH" if target == "duckdb" else "PGDATABASE", name)
        yield


class SharedWarehouses:
    """A folder of DuckDB files, and databases that are named after it.

    Args:
        folder: where the files lie, and the locks by which one worker fills each.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.folder = Path(folder or tempfile.mkdtemp(prefix="shared-warehouses-"))

    def filled_once(
        self, what: str, target: Target, own: AbstractContextManager[str], fill: Callable[[], None]
    ) -> str:
        """The file or the database of a warehouse that the first who asks fills.

        It is a copy of the one that is filled, so that dbt, which parses everything anew where a
        file or a database has another name than the last, always meets the worker's own.

        Args:
            what: its name; each of them is filled in one way.
            target: its engine.
            own: a warehouse of the worker's, with the settings pointing to it; gives its file or
                its database.
            fill: called within it.
        """
        name = self._name(what, target)
        done = self.folder / f"{what}-{target}.done"
        with FileLock(self.folder / f"{what}-{target}.lock"):
            if not done.exists():
                with own as filled:
                    fill()
                    if target == "postgis":
                        on_server(f"drop database if exists {name} with (force)")
                        on_server(f"create database {name} template {filled} strategy file_copy")
                    else:
                        Path(name).parent.mkdir(exist_ok=True)
                        shutil.copy(filled, name)
                done.touch()
        return name

    def made_once(self, what: str, make: Callable[[Path], None]) -> Path:
        """A folder of what is made of a warehouse, which the first who asks makes.

        Args:
            what: its name; each of them is made in one way.
            make: called with the folder, which is there and empty.
        """
        folder = self.folder / what
        done = self.folder / f"{what}.made"
        with FileLock(self.folder / f"{what}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    def alone(self, what: str) -> AbstractContextManager[object]:
        """A block that only one worker at a time is in."""
        return FileLock(self.folder / f"{what}.alone")

    def remove(self) -> None:
        """Drop the databases and delete the files."""
        for done in self.folder.glob("*-postgis.done"):
            name = self._name(done.stem.removesuffix("-postgis"), "postgis")
            on_server(f"drop database if exists {name} with (force)")
        shutil.rmtree(self.folder)

    def _name(self, what: str, target: Target) -> str:
        if target == "duckdb":
            # A view names the file that its tables are in.
            return str(self.folder / what / "warehouse.duckdb")
        suffix = "".join(filter(str.isalnum, self.folder.name)).lower()
        return f"{what}_{suffix}"


def has_server() -> bool:
    """Whether there is a PostGIS to test on."""
    return "PGHOST" in os.environ
