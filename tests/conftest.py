"""What tests share: servers, which are costly, but no state; each test has its own warehouse."""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from flows.garbage import collect_seldom
from ingestion.catalog import load_catalog
from ingestion.load import load_dataset
from ingestion.sample_portal import SamplePortal, running
from tests.docs_site import DocsSite, make_site
from tests.prefect_server import PrefectServer, wait_for_server
from tests.shared_warehouses import SharedWarehouses, has_server, on_server, pointing_to
from warehouse.connection import ensure_ready
from warehouse.settings import ROOT, TARGETS, Target

pytest_plugins = ["tests.quickened"]

# Enough that every category and most kinds of dirt occur, few enough to load soon.
CRASHES = 5_000

# dbt's tests of the data are most of a build's time.
MODELS_ALONE = "test unit_test"

# What the marts are built from, and a layer of points and one of areas; the other datasets would
# cost each test seconds.
REQUIRED = [dataset.name for dataset in load_catalog().required]
SYNCED = [*REQUIRED, "traffic_signals", "community_areas"]

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
        folder: where a DuckDB file may lie, the caller's to remove; a database is named by it.
            dbt parses everything anew where either has another name than the last.
        request: finds the empty database that others are copies of.
        like: the file or the database that it begins as a copy of; empty by default.

    Yields:
        Its file or its database.
    """
    if target == "duckdb":
        path = folder / "warehouse.duckdb"
        if like:
            shutil.copy(like, path)
        with pointing_to(target, str(path)):
            yield str(path)
        return
    name = f"warehouse_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    template = like or request.getfixturevalue("postgis_template")
    on_server(f"create database {name} template {template} strategy file_copy")
    try:
        with pointing_to(target, name):
            yield name
    finally:
        on_server(f"drop database {name} with (force)")


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
    if not has_server():
        pytest.fail("no PostGIS: run the tests with 'make test' or 'tests/with-postgis pytest'")
    name = f"template_{uuid.uuid4().hex}"
    on_server(f"create database {name}")
    with closing(psycopg2.connect("", dbname=name)) as session, session, session.cursor() as cursor:
        cursor.execute("create extension postgis")
    yield name
    on_server(f"drop database {name} with (force)")


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> Target:
    """Each engine in turn."""
    engine: Target = request.param
    return engine


@pytest.fixture(scope="session", autouse=True)
def dbt_target_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for what dbt parses, else two workers would write over each other's."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBT_TARGET_PATH", str(tmp_path_factory.mktemp("dbt")))
        yield


@pytest.fixture(scope="session")
def folder_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each warehouse lies in its turn, under the same name, so that dbt parses once."""
    return tmp_path_factory.mktemp(f"warehouses-{uuid.uuid4().hex}")


@pytest.fixture
def warehouse_folder(folder_of_all: Path) -> Iterator[Path]:
    """An empty folder in which the test's warehouse is made."""
    yield folder_of_all
    shutil.rmtree(folder_of_all)
    folder_of_all.mkdir()


@pytest.fixture
def warehouse(
    target: Target,
    warehouse_folder: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Target]:
    """An empty warehouse on the target; settings of this process and its children name it."""
    with new_warehouse(target, warehouse_folder, request):
        yield target


@pytest.fixture
def both_warehouses(
    warehouse_folder: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Target, ...]]:
    """An empty warehouse on each engine at once."""
    first, second = (new_warehouse(target, warehouse_folder, request) for target in TARGETS)
    with first, second:
        yield TARGETS


Own = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def own_warehouse(folder_of_all: Path, request: pytest.FixtureRequest) -> Own:
    """Makes a warehouse where those of the tests lie, before a test has its own."""

    @contextmanager
    def own(target: Target, *, like: str | None = None) -> Iterator[str]:
        assert not list(folder_of_all.iterdir())
        try:
            with new_warehouse(target, folder_of_all, request, like=like) as name:
                yield name
        finally:
            shutil.rmtree(folder_of_all)
            folder_of_all.mkdir()

    return own


@pytest.fixture(scope="session")
def shared_warehouses(request: pytest.FixtureRequest) -> Iterator[SharedWarehouses]:
    """Warehouses that are filled once, by whichever worker asks first."""
    of_worker: dict[str, str] | None = getattr(request.config, "workerinput", None)
    if of_worker:
        yield SharedWarehouses(of_worker["shared_warehouses"])
        return
    own = SharedWarehouses()
    yield own
    own.remove()


Filled = Callable[[Target], str]


@pytest.fixture(scope="session")
def raw_filled(
    shared_warehouses: SharedWarehouses, portal: SamplePortal, own_warehouse: Own
) -> Filled:
    """A warehouse, only to be copied, with all of the portal's crashes in raw and nothing built."""

    def load(target: Target) -> None:
        catalog = load_catalog()
        with pytest.MonkeyPatch.context() as settings:
            settings.setenv("SOURCES__SODA__BASE_URL", portal.url)
            ensure_ready(target)
            for dataset in catalog.datasets.values():
                load_dataset(dataset, target)

    def filled(target: Target) -> str:
        own = own_warehouse(target)
        return shared_warehouses.filled_once("loaded", target, own, lambda: load(target))

    return filled


@pytest.fixture
def loaded(
    target: Target, raw_filled: Filled, warehouse_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Target]:
    """A warehouse with all of the portal's crashes in raw and nothing built."""
    with new_warehouse(target, warehouse_folder, request, like=raw_filled(target)):
        yield target


@pytest.fixture(scope="session")
def built_once(
    shared_warehouses: SharedWarehouses,
    raw_filled: Filled,
    portal: SamplePortal,
    prefect_server: str,
    own_warehouse: Own,
) -> Filled:
    """A warehouse, only to be read, with all of the portal's crashes in raw and every mart."""

    def build(target: Target) -> None:
        from flows.sync import sync

        with pytest.MonkeyPatch.context() as settings:
            settings.setenv("SOURCES__SODA__BASE_URL", portal.url)
            # Whoever asks first may want models alone; this one is tested as well.
            settings.delenv("DBT_EXCLUDE_RESOURCE_TYPES", raising=False)
            sync(target=target, datasets=REQUIRED)

    def filled(target: Target) -> str:
        own = own_warehouse(target, like=raw_filled(target))
        return shared_warehouses.filled_once("built", target, own, lambda: build(target))

    return filled


@pytest.fixture
def built(target: Target, built_once: Filled) -> Iterator[Target]:
    """The warehouse that tests share which only read: every mart of all of the portal's crashes."""
    with pointing_to(target, built_once(target)):
        yield target


@pytest.fixture
def built_to_change(
    target: Target, built_once: Filled, warehouse_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Target]:
    """The test's own copy of that warehouse."""
    with new_warehouse(target, warehouse_folder, request, like=built_once(target)):
        yield target


@pytest.fixture
def docs_site(built: Target, shared_warehouses: SharedWarehouses) -> DocsSite:
    """The docs of that warehouse, as `warehouse docs --serve` makes and shows them."""
    folder = shared_warehouses.made_once(f"docs-{built}", lambda folder: make_site(built, folder))
    return DocsSite(folder)


@pytest.fixture(scope="session")
def synced_once(
    shared_warehouses: SharedWarehouses,
    portal_to_change: SamplePortal,
    prefect_server: str,
    own_warehouse: Own,
) -> Filled:
    """A warehouse, only to be copied, as the first sync with a portal that tests change left it."""

    def fill(target: Target) -> None:
        from flows.sync import sync

        with pytest.MonkeyPatch.context() as settings:
            settings.setenv("SOURCES__SODA__BASE_URL", portal_to_change.url)
            settings.setenv("DBT_EXCLUDE_RESOURCE_TYPES", MODELS_ALONE)
            sync(target=target, datasets=SYNCED)
        portal_to_change.forget_requests()

    def filled(target: Target) -> str:
        own = own_warehouse(target)
        return shared_warehouses.filled_once("synced", target, own, lambda: fill(target))

    return filled


@pytest.fixture
def synced(
    target: Target, synced_once: Filled, warehouse_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Target]:
    """A warehouse as the first sync with the test's own portal left it, every mart built."""
    with new_warehouse(target, warehouse_folder, request, like=synced_once(target)):
        yield target


@pytest.fixture
def models_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds leave out dbt's tests of the data: for what holds the marts against others."""
    monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", MODELS_ALONE)


_SHARED_SERVER = pytest.StashKey[PrefectServer]()
_SHARED_DATABASE = pytest.StashKey[Path]()
_SHARED_WAREHOUSES = pytest.StashKey[SharedWarehouses]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of what they share: one Prefect server, and where filled warehouses lie."""
    stash = node.config.stash
    if _SHARED_SERVER not in stash:
        stash[_SHARED_SERVER] = PrefectServer()
        stash[_SHARED_WAREHOUSES] = SharedWarehouses()
    node.workerinput["prefect_server"] = stash[_SHARED_SERVER].url
    node.workerinput["prefect_database"] = str(stash[_SHARED_SERVER].database)
    node.workerinput["shared_warehouses"] = str(stash[_SHARED_WAREHOUSES].folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: at the end the other workers would wait for it.

    Of these the services wait more than they work.
    """
    longest = ["test_services", "test_sql_style"]
    items.sort(key=lambda item: [item.path.stem != name for name in longest])


def pytest_configure() -> None:
    """Look for garbage less often: what dbt and Prefect keep is looked through each time."""
    collect_seldom()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what was shared with the last worker."""
    if server := config.stash.get(_SHARED_SERVER, None):
        server.stop()
    if warehouses := config.stash.get(_SHARED_WAREHOUSES, None):
        warehouses.remove()


@pytest.fixture(scope="session")
def prefect_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A Prefect server that this process and its children report to; its API's address."""
    from prefect.context import refresh_global_settings_context
    from prefect.events.worker import EventsWorker

    of_worker: dict[str, str] | None = getattr(request.config, "workerinput", None)
    own = PrefectServer() if of_worker is None else None
    if own:
        request.config.stash[_SHARED_DATABASE] = own.database
    url = own.url if own else (of_worker or {})["prefect_server"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        try:
            wait_for_server(url)
            environment.setenv("PREFECT_API_URL", url)
            environment.setenv("PREFECT_LOGGING_TO_API_ENABLED", "false")
            refresh_global_settings_context()
            yield url
            # What is still to be sent would be tried for a minute after the server is gone.
            EventsWorker.drain_all(timeout=10)
        finally:
            if own:
                own.stop()
    refresh_global_settings_context()


@pytest.fixture(scope="session")
def prefect_database(request: pytest.FixtureRequest, prefect_server: str) -> Path:
    """That server's database, to be copied: to make one takes a server ten seconds."""
    of_worker: dict[str, str] | None = getattr(request.config, "workerinput", None)
    if of_worker:
        return Path(of_worker["prefect_database"])
    return request.config.stash[_SHARED_DATABASE]
