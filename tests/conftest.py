"""What tests share: servers, which are costly, but no state; each test has its own warehouse."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from ingestion.sample_portal import SamplePortal, running
from warehouse.settings import ROOT, TARGETS, Target

# Enough that every category and most kinds of dirt occur, few enough to load in a second.
CRASHES = 2_000

REAL = ROOT.parent / "shared" / "real"


@contextmanager
def new_warehouse(
    target: Target,
    folder: Path,
    request: pytest.FixtureRequest,
    *,
    like: str | None = None,
) -> Iterator[str]:
    """Point the settings to a new warehouse, which is gone after the block.

    Args:
        target: its engine.
        folder: where a DuckDB file may lie; the caller's to remove.
        request: finds the empty database that others are copies of.
        like: the file or the database that it begins as a copy of; empty by default.

    Yields:
        Its file or its database.
    """
    with pytest.MonkeyPatch.context() as settings:
        if target == "duckdb":
            path = folder / "warehouse.duckdb"
            if like:
                shutil.copy(like, path)
            settings.setenv("WAREHOUSE_DUCKDB_PATH", str(path))
            yield str(path)
            return
        name = f"warehouse_{uuid.uuid4().hex}"
        template = like or request.getfixturevalue("postgis_template")
        _on_server(f"create database {name} template {template}")
        settings.setenv("PGDATABASE", name)
        try:
            yield name
        finally:
            _on_server(f"drop database {name} with (force)")


def _on_server(statement: str) -> None:
    with closing(psycopg2.connect("", dbname="postgres")) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(scope="session")
def portal() -> Iterator[SamplePortal]:
    """A portal that no test changes."""
    with running(crashes=CRASHES) as portal:
        yield portal


@pytest.fixture(scope="session")
def portal_to_change() -> Iterator[SamplePortal]:
    with running(crashes=1_000) as portal:
        yield portal


@pytest.fixture
def own_portal(
    portal_to_change: SamplePortal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SamplePortal]:
    """A portal to change and to break, which the warehouse loads from; as new for each test."""
    monkeypatch.setenv("SOURCES__SODA__BASE_URL", portal_to_change.url)
    yield portal_to_change
    portal_to_change.reset()
    portal_to_change.forget_requests()


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """Real rows of the City's, which are not the project's to hold."""
    if not REAL.is_dir():
        pytest.skip("the City's real rows are not beside the project, in ../shared/real")
    return REAL


@pytest.fixture(scope="session")
def postgis_template() -> Iterator[str]:
    """An empty database with PostGIS, of which each test gets a copy: that is quicker."""
    if "PGHOST" not in os.environ:
        pytest.fail("no PostGIS: run the tests with 'make test' or 'tests/with-postgis pytest'")
    name = f"template_{uuid.uuid4().hex}"
    _on_server(f"create database {name}")
    with closing(psycopg2.connect("", dbname=name)) as session, session, session.cursor() as cursor:
        cursor.execute("create extension postgis")
    yield name
    _on_server(f"drop database {name} with (force)")


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> Target:
    """Each engine in turn."""
    engine: Target = request.param
    return engine


@pytest.fixture
def warehouse(
    target: Target,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Target]:
    """An empty warehouse on the target; settings of this process and its children name it."""
    with new_warehouse(target, tmp_path, request):
        yield target


@pytest.fixture
def both_warehouses(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Target, ...]]:
    """An empty warehouse on each engine at once."""
    first, second = (new_warehouse(target, tmp_path, request) for target in TARGETS)
    with first, second:
        yield TARGETS


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server that this process and its children report to; its API's address."""
    from prefect.context import refresh_global_settings_context
    from prefect.events.worker import EventsWorker

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("prefect")
    url = f"http://127.0.0.1:{port}/api"
    with pytest.MonkeyPatch.context() as environment, (folder / "server.log").open("w") as log:
        environment.setenv("PREFECT_HOME", str(folder))
        command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui"]
        server = subprocess.Popen(
            [*command, "--port", str(port)], stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_for(f"{url}/health", server)
            environment.setenv("PREFECT_API_URL", url)
            environment.setenv("PREFECT_LOGGING_TO_API_ENABLED", "false")
            # Plain http on loopback: else each client reads every certificate authority there is.
            environment.setenv("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true")
            refresh_global_settings_context()
            yield url
            # What is still to be sent would be tried for a minute after the server is gone.
            EventsWorker.drain_all(timeout=10)
        finally:
            server.terminate()
            server.wait(30)
    refresh_global_settings_context()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"nothing answers at {address}")
