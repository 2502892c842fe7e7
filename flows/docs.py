"""The dbt docs of a warehouse: made as one page, written, and shown on this machine."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warehouse.connection import connect, dbt_environment, has_table
from warehouse.errors import WarehouseError, WrongCall
from warehouse.lock import sync_lock
from warehouse.records import refuse_if_empty
from warehouse.settings import DBT_PROJECT, ROOT, Target

DEFAULT_FOLDER = ROOT / "data" / "docs"
# The one that dbt's own server takes.
DEFAULT_PORT = 8080
PAGE = "index.html"
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Docs:
    """What dbt knows of a warehouse.

    Attributes:
        page: the site, in a file that needs no other and no network.
        manifest: dbt's nodes, sources, macros and exposures, and what they say of themselves.
        catalog: the tables that are there, with the columns and types that the engine gives them.
    """

    page: Path
    manifest: dict[str, Any]
    catalog: dict[str, Any]


def refuse_without_marts(target: Target) -> None:
    """Raise when there is nothing to document yet, or not at this moment.

    Raises:
        WarehouseError: there is no warehouse or it has no marts, or a sync is running.
    """
    refuse_if_empty(target)
    if target == "postgis":
        # DuckDB's file cannot be opened during a sync; a server can, but tables come and go.
        with sync_lock(target):
            pass
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "marts", "crashes"):
            raise WarehouseError(f"no marts in {target} yet: run 'warehouse build' first")


@contextmanager
def made(target: Target) -> Iterator[Docs]:
    """The docs of a warehouse, in files that are gone after the block; they change nothing in it.

    Raises:
        WarehouseError: dbt could not make them, with its reason.
    """
    from flows.dbt_session import target_path

    parsed = DBT_PROJECT / target_path(target) / "partial_parse.msgpack"
    with tempfile.TemporaryDirectory(prefix="warehouse-docs-") as name:
        folder = Path(name)
        arguments = [
            *("docs", "generate", "--static", "--quiet", "--no-use-colors"),
            *("--target", target),
            *("--project-dir", str(DBT_PROJECT)),
            *("--profiles-dir", str(ROOT)),
            *("--target-path", name),
        ]
        if parsed.exists():
            # What a build has parsed need not be parsed again.
            arguments += ["--partial-parse-file-path", str(parsed)]
        # In a process of its own: where a node fails, dbt's threads write on after it has ended.
        outcome = subprocess.run(  # noqa: S603 - dbt of this installation
            [sys.executable, "-m", "dbt.cli.main", *arguments],
            env=os.environ | dbt_environment(target),
            capture_output=True,
            text=True,
            check=False,
        )
        if outcome.returncode:
            raise WarehouseError(f"dbt docs generate: {_cause(outcome.stdout or outcome.stderr)}")
        yield Docs(
            folder / "static_index.html",
            json.loads((folder / "manifest.json").read_bytes()),
            json.loads((folder / "catalog.json").read_bytes()),
        )


def _cause(said: str) -> str:
    """What dbt says of its failure, without the time before each line."""
    plain = re.sub(r"^(\x1b\[0m)?\d\d:\d\d:\d\d +", "", said, flags=re.MULTILINE)
    return plain.strip() or "no reason given"


def write_page(target: Target, folder: Path) -> Path:
    """Write the docs of a warehouse into a folder, as one page that is whole or not there.

    Returns:
        The page.

    Raises:
        WrongCall: the folder is a file.
        WarehouseError: there is nothing to document, dbt failed, or the folder is not writable.
    """
    if folder.exists() and not folder.is_dir():
        raise WrongCall(f"--out {folder} is a file: name a folder")
    refuse_without_marts(target)
    page, unfinished = folder / PAGE, folder / f".{PAGE}.{os.getpid()}"
    with made(target) as docs:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(docs.page, unfinished)
            unfinished.replace(page)
        except OSError as error:
            raise WarehouseError(
                f"cannot write {page}: {error.strerror}; choose another folder with --out"
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)
    return page


class _Handler(SimpleHTTPRequestHandler):
    """Shows one page, and of the folder that it lies in nothing else."""

    def __init__(self, *arguments: Any, page: Path) -> None:
        self._page = page
        super().__init__(*arguments)

    def translate_path(self, path: str) -> str:
        return str(self._page) if urlsplit(path).path in ("/", f"/{PAGE}") else ""

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its parent's name
        pass


def server(page: Path, port: int) -> ThreadingHTTPServer:
    """A server of a page, on this machine alone, which `serve_forever` starts.

    Args:
        page: it need not be there yet.
        port: 0 takes one that is free.

    Raises:
        WarehouseError: the port is taken.
    """
    try:
        return ThreadingHTTPServer((_LOOPBACK, port), partial(_Handler, page=page))
    except OSError as error:
        raise WarehouseError(
            f"cannot listen on {_LOOPBACK}:{port}: {error.strerror}; choose another with --port"
        ) from error


def address(listening: ThreadingHTTPServer) -> str:
    """Where a browser finds what a server shows."""
    return f"http://{_LOOPBACK}:{listening.server_port}/"
