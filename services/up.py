"""Everything started, in order, each waited for; and exactly that ended again."""

import contextlib
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import httpx
from dotenv import dotenv_values
from filelock import FileLock

from flows import defaults
from services import cluster, orchestration
from services.passwords import SUPERUSER, keep_passwords, passwords_of
from services.settings import LOOPBACK, WORK_POOL, Places, Services
from services.supervision import Program, Supervisor
from services.waiting import wait_until
from warehouse.errors import WarehouseError
from warehouse.roles import ANALYST, LOADER, OWNER, TRANSFORMER
from warehouse.settings import ROOT, log_format

POSTGIS, SERVER, WORKER, METRICS = "postgis", "prefect-server", "worker", "metrics"
# The first start of Prefect's server makes its database: 10 s, on a busy machine several times it.
_LONGEST_START_S = 180
_JSON_LOGS = ROOT / "flows" / "logging.yml"
_LEASES = "prefect.server.concurrency.lease_storage.filesystem"
_FAILED = ("FATAL", "EXITED", "STOPPED", "UNKNOWN")


def up(services: Services) -> Iterator[str]:
    """Start what does not run and wait until each part answers; a line for each as it does.

    Raises:
        WarehouseError: a part does not start; what was started before it goes on. Or what runs
            has other settings, and is left as it is.
    """
    with (
        _folders(services),
        FileLock(services.folder / "up.lock"),  # another waits for its end, and finds all there
    ):
        yield from _up(services)


def _up(services: Services) -> Iterator[str]:
    supervisor = Supervisor(services)
    programs = _programs(services)
    is_running = supervisor.is_running()
    # What refuses comes before what changes anything.
    if is_running:
        supervisor.refuse_others(programs)
    else:
        _refuse_taken_ports(services)
    passwords = passwords_of(services)
    superuser = passwords.get(SUPERUSER)
    if services.is_own_cluster:
        keep_passwords(services, passwords)
        cluster.make_cluster(services, passwords[SUPERUSER])
    else:
        cluster.make_warehouse(services, passwords)
    environment = _environment(services)
    if not is_running:
        _empty(services.temporary)
        supervisor.configure(programs)
        supervisor.start(environment)

    if services.is_own_cluster:
        _run(supervisor, POSTGIS, lambda: cluster.answers(services, superuser))
        cluster.make_warehouse(services, passwords)
    keep_passwords(services, passwords)
    _write_environment(services, environment)
    where = f"{services.postgres_host}:{services.postgres_port}/{services.database}"
    whose = f"own cluster in {services.cluster}" if services.is_own_cluster else "named by PGHOST"
    yield f"PostGIS: postgresql://{ANALYST}@{where} ({whose}; passwords in {services.passwords})"

    _run(supervisor, SERVER, lambda: orchestration.server_answers(services))
    asks = ", with a password" if services.prefect_login else ""
    yield f"Prefect: {services.prefect_url}{asks} (log in {supervisor.log(SERVER)})"

    _run(supervisor, WORKER, lambda: orchestration.worker_answers(services))
    yield f"worker: of the work pool {WORK_POOL} (log in {supervisor.log(WORKER)})"

    if services.metrics_port:
        address = f"http://{LOOPBACK[0]}:{services.metrics_port}/metrics"
        _run(supervisor, METRICS, lambda: _answers(address))
        yield f"metrics: {address}, Prefect's at {services.prefect_url}/api/metrics"

    orchestration.register(services, environment)
    yield f"deployments: {', '.join(orchestration.registered(services))}"
    yield (
        f"to work with them: source {shlex.quote(str(services.environment))};"
        " prefect deployment run sync/full-refresh"
    )


def prepare(services: Services) -> Iterator[str]:
    """Make the roles and register the deployments, where PostGIS and Prefect run already.

    For containers, where each service is started by others.

    Raises:
        WarehouseError: one of the two does not answer, or refuses.
    """
    if api := os.environ.get("PREFECT_API_URL"):
        services = replace(services, prefect_url=api.removesuffix("/api"))
    with _folders(services):
        passwords = passwords_of(services)
        cluster.make_warehouse(services, passwords)
        keep_passwords(services, passwords)
        environment = _environment(services)
        _write_environment(services, environment)
        yield f"PostGIS: the roles are made (passwords in {services.passwords})"
        orchestration.register(services, environment)
        yield f"deployments: {', '.join(orchestration.registered(services))}"


def down(places: Places) -> Iterator[str]:
    """End what `up` started and nothing else; a line for each.

    Raises:
        WarehouseError: it does not end.
    """
    supervisor = Supervisor(places)
    if supervisor.is_running() and supervisor.state(WORKER)["statename"] == "RUNNING":
        exports = [line for line in places.environment.open() if line.startswith("export ")]
        api = dotenv_values(stream=StringIO("".join(exports))).get("PREFECT_API_URL") or ""
        try:
            if cancelled := orchestration.cancel_runs(api):
                yield f"runs under way: {cancelled} cancelled"
        except WarehouseError as error:
            yield f"note: {error}"
    ended = supervisor.stop(first=[WORKER])
    if not ended:
        yield f"nothing runs that was started from {places.folder}"
    for name in ended:
        yield f"{name}: ended"


@contextlib.contextmanager
def _folders(services: Services) -> Iterator[None]:
    """See that the services' folders are there; one that is made for nothing goes again."""
    is_new = not services.folder.exists()
    try:
        services.logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"cannot make {services.logs}: {error.strerror};"
            " choose another folder with WAREHOUSE_SERVICES_PATH"
        ) from error
    try:
        yield
    except WarehouseError:
        if is_new and not services.passwords.exists():
            shutil.rmtree(services.folder)  # the lock, and no log yet
        raise


def _empty(folder: Path) -> None:
    """Make a folder that has nothing in it; what ended without a word left something there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def _programs(services: Services) -> list[Program]:
    own = Program(
        POSTGIS,
        tuple(cluster.cluster_command(services)) if services.is_own_cluster else (),
        user=cluster.servers_user(),
        # Sessions are ended, not waited for; and its processes end with it in their own order.
        stop_signal="INT",
        is_group=False,
    )
    return [
        *([own] if services.is_own_cluster else []),
        Program(SERVER, orchestration.server_command(services)),
        Program(WORKER, orchestration.worker_command()),
        *([_metrics(services.metrics_port)] if services.metrics_port else []),
    ]


def _metrics(port: int) -> Program:
    """The warehouse's own metrics, as `warehouse metrics` serves them."""
    wanted = ("metrics", "--serve", "--port", str(port))
    return Program(METRICS, (sys.executable, "-m", "flows.cli", *wanted))


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _environment(services: Services) -> dict[str, str]:
    """What the services and their runs find: the caller's environment, and where each part is."""
    defaults.apply()
    is_json = log_format() == "json"
    of_caller = {name: value for name, value in os.environ.items() if name != "PGPASSWORD"}
    return {
        **of_caller,
        **_addresses(services),
        # Prefect's worker keeps a folder of one name for all users of a machine in the system's.
        "TMPDIR": str(services.temporary),
        "PREFECT_HOME": os.environ.get("PREFECT_HOME") or str(services.folder / "prefect"),
        # The lines of the server and the worker themselves.
        **({"PREFECT_LOGGING_SETTINGS_PATH": str(_JSON_LOGS)} if is_json else {}),
        # In memory, as by default, the slots that runs hold would be lost with a server that is
        # killed, and never be free again: each later run would wait for ever.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": _LEASES,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(orchestration.HEARTBEAT_S),
        **({"PREFECT_API_AUTH_STRING": services.prefect_login} if services.prefect_login else {}),
    }


def _addresses(services: Services) -> dict[str, str]:
    port = str(services.postgres_port)
    return {
        "PGHOST": services.postgres_host,
        "PGPORT": port,
        "PGDATABASE": services.database,
        "PGUSER": LOADER,
        "PGPASSFILE": str(services.passwords),
        "WAREHOUSE_TRANSFORMER": TRANSFORMER,
        "WAREHOUSE_OWNER": OWNER,
        "DBT_TARGET": "postgis",
        "PREFECT_API_URL": f"{services.prefect_url}/api",
        "WAREHOUSE_SERVICES_PATH": str(services.folder),
        # So that `make up` in such a shell means these same services.
        "PREFECT_SERVER_API_PORT": str(services.prefect_port),
        **({"WAREHOUSE_POSTGRES_PORT": port} if services.is_own_cluster else {}),
    }


def _refuse_taken_ports(services: Services) -> None:
    """Raise where another program has a port, as each service would only say in its log."""
    ports = {"PREFECT_SERVER_API_PORT": services.prefect_port}
    if services.metrics_port:
        ports["WAREHOUSE_METRICS_PORT"] = services.metrics_port
    if services.is_own_cluster:
        ports["WAREHOUSE_POSTGRES_PORT"] = services.postgres_port
    for setting, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK[0], port))
            except OSError as error:
                raise WarehouseError(
                    f"port {port} is another program's: end that, or choose another port with"
                    f" {setting}"
                ) from error


def _write_environment(services: Services, environment: Mapping[str, str]) -> None:
    """Write what a shell sources to be where the services are; secrets stay in their own file."""
    lines = [
        "# Written by `make up`: source this in a shell to work with the services.",
        "unset PGPASSWORD",
        f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"',
        *(f"export {name}={shlex.quote(environment[name])}" for name in _addresses(services)),
    ]
    services.environment.write_text("".join(f"{line}\n" for line in lines))


def _run(supervisor: Supervisor, name: str, answers: Callable[[], bool]) -> None:
    """Start a service and wait until it answers."""
    supervisor.run(name)

    def is_there() -> bool:
        if supervisor.state(name)["statename"] in _FAILED:
            raise WarehouseError(f"{name} does not start: {_last_line(supervisor, name)}")
        return answers()

    late = f"{name} does not answer within {_LONGEST_START_S} s: see {supervisor.log(name)}"
    wait_until(is_there, _LONGEST_START_S, late)


def _last_line(supervisor: Supervisor, name: str) -> str:
    log = supervisor.log(name)
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return f"{lines[-1].strip()}; see {log}" if lines else f"see {log}"
