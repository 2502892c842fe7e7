"""The process of the sample portal: makes the data, says that it is ready, serves."""

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType

import duckdb
import typer
import uvicorn

from ingestion.sample_portal.app import Portal, make_app
from ingestion.sample_portal.broken import BreakableProtocol
from ingestion.sample_portal.files import load_folder
from ingestion.sample_portal.generator import Generator
from ingestion.sample_portal.store import Store
from ingestion.sample_portal.tables import dataset_specs, read_sql

HOST = "127.0.0.1"
# Up to here the tables fit into memory; beyond, they lie in a file that goes with the process.
LARGEST_IN_MEMORY = 60_000
MEMORY_LIMIT = "2GB"


def serve(
    crashes: int, seed: int, port: int, folder: Path | None, *, ends_with_stdin: bool
) -> None:
    """Serve until told to end.

    Raises:
        OSError: the port is taken.
        UnreadableFolderError: the folder's files are not datasets.
    """
    scratch = Path(tempfile.mkdtemp(prefix="sample-portal-"))
    signal.signal(signal.SIGTERM, _end)
    if ends_with_stdin:
        threading.Thread(target=_end_with_stdin, args=(scratch,), daemon=True).start()
    try:
        with socket.create_server((HOST, port)) as listener:
            address = f"http://{HOST}:{listener.getsockname()[1]}"

            store = _store_of_files(folder) if folder else _generated_store(crashes, seed, scratch)
            app = make_app(Portal(store))
            said = (
                f"files of {folder}"
                if folder
                else f"generated data, {crashes} crashes, seed {seed}"
            )
            typer.echo(f"sample portal at {address}: {said}")
            config = uvicorn.Config(
                app, http=BreakableProtocol, ws="none", lifespan="off", log_level="critical"
            )
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _generated_store(crashes: int, seed: int, scratch: Path) -> Store:
    if crashes <= LARGEST_IN_MEMORY:
        session = duckdb.connect()
    else:
        path = Path(tempfile.mkdtemp(dir=scratch), "portal.duckdb")
        session = duckdb.connect(
            path,
            config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(scratch / "spilled")},
        )
    generator = Generator(session, crashes, seed)
    generator.make_all()
    attribution = f"Generated sample data: {crashes} crashes that never happened, seed {seed}"
    return Store(session, dataset_specs(), attribution, generator)


def _store_of_files(folder: Path) -> Store:
    session = duckdb.connect()
    session.execute(read_sql("macros"))
    return Store(session, load_folder(session, folder), f"Files of {folder.resolve().name}")


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _end_with_stdin(scratch: Path) -> None:
    """The pipe from the parent closes when it ends, however it ends."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)
