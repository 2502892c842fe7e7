"""What tests share: servers, which are costly, but no state; each test has its own warehouse."""

import os
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
def empty_warehouse(
    target: Target,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[None]:
    """Point the settings to a new warehouse, which is gone after the block."""
    if target == "duckdb":
        monkeypatch.setenv("WAREHOUSE_DUCKDB_PATH", str(folder / "warehouse.duckdb"))
        yield
        return
    name = f"warehouse_{uuid.uuid4().hex}"
    _on_server(f"create database {name} template {request.getfixturevalue('postgis_template')}")
    monkeypatch.setenv("PGDATABASE", name)
    yield
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


@pytest.fixture
def own_portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[SamplePortal]:
    """A portal of the test's own, to change and to break, which the warehouse loads from."""
    with running(crashes=1_000) as portal:
        monkeypatch.setenv("SOURCES__SODA__BASE_URL", portal.url)
        yield portal


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
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Target]:
    """An empty warehouse on the target; settings of this process and its children name it."""
    with empty_warehouse(target, tmp_path, monkeypatch, request):
        yield target


@pytest.fixture
def both_warehouses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[tuple[Target, ...]]:
    """An empty warehouse on each engine at once."""
    first, second = (empty_warehouse(target, tmp_path, monkeypatch, request) for target in TARGETS)
    with first, second:
        yield TARGETS
