"""Where the services of `make up` keep what they have, and how they are reached."""

import os
from dataclasses import dataclass
from pathlib import Path

from flows.prefect_access import HOST, LOGIN, refuse_open_server
from warehouse.errors import WrongCall
from warehouse.settings import ROOT

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WORK_POOL = "warehouse"
# Not PostgreSQL's own 5432, where a machine that has one already listens.
_POSTGRES_PORT, _PREFECT_PORT, _METRICS_PORT = 54320, 4200, 9464
_METRICS = "PREFECT_SERVER_METRICS_ENABLED"
# A socket's path may have 107 characters, and what is in the folder adds to it.
_LONGEST_FOLDER = 80


@dataclass(frozen=True)
class Places:
    """What is where in the services' folder.

    Attributes:
        folder: for the cluster, Prefect's database, logs and passwords.
    """

    folder: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data."""
        return self.folder / "postgres"

    @property
    def passwords(self) -> Path:
        """Libpq's password file, of mode 600."""
        return self.folder / "pgpass"

    @property
    def environment(self) -> Path:
        """What a shell sources to work with the services; no secret is in it."""
        return self.folder / "environment"

    @property
    def logs(self) -> Path:
        """A file of log lines for each service."""
        return self.folder / "logs"

    @property
    def temporary(self) -> Path:
        """What the services keep only while they run."""
        return self.folder / "tmp"

    @property
    def configuration(self) -> Path:
        """Supervisor's, as `make up` wrote it."""
        return self.folder / "supervisord.conf"

    @property
    def socket(self) -> Path:
        """Where Supervisor is talked to."""
        return self.folder / "supervisor.sock"


@dataclass(frozen=True)
class Services(Places):
    """The services' settings.

    Attributes:
        is_own_cluster: PostgreSQL is one of the services; else a server that `PGHOST` names.
        postgres_host: where clients find PostgreSQL.
        postgres_port: its port.
        listen_addresses: where the own cluster listens, as PostgreSQL writes it.
        database: the warehouse's.
        prefect_host: where Prefect's server listens.
        prefect_port: its port.
        prefect_url: where this machine finds it.
        metrics_port: where the warehouse's metrics are served, if they are, on 127.0.0.1.
        prefect_login: `user:password` of Prefect's server, if it asks for one.
    """

    is_own_cluster: bool
    postgres_host: str
    postgres_port: int
    listen_addresses: str
    database: str
    prefect_host: str
    prefect_port: int
    prefect_url: str
    metrics_port: int | None
    prefect_login: str | None


def services_folder() -> Path:
    """The folder: `WAREHOUSE_SERVICES_PATH`, else `data/services` of the project.

    Raises:
        WrongCall: its name is too long.
    """
    folder = Path(os.environ.get("WAREHOUSE_SERVICES_PATH") or ROOT / "data" / "services").resolve()
    if len(str(folder)) > _LONGEST_FOLDER:
        raise WrongCall(
            f"{folder} has more than {_LONGEST_FOLDER} characters, too many for a socket in it:"
            " choose a shorter folder with WAREHOUSE_SERVICES_PATH"
        )
    return folder


def services_settings() -> Services:
    """The settings from the environment.

    `WAREHOUSE_SERVICES_PATH` is the folder, `data/services` of the project by default. PostGIS is
    a cluster in it, on `WAREHOUSE_POSTGRES_PORT` of `WAREHOUSE_POSTGRES_LISTEN` (54320 of
    127.0.0.1), unless `PGHOST` names another server. Prefect's server has Prefect's own settings:
    `PREFECT_SERVER_API_HOST`, `PREFECT_SERVER_API_PORT`, `PREFECT_SERVER_API_AUTH_STRING`. Where
    `PREFECT_SERVER_METRICS_ENABLED` has it serve its metrics, the warehouse's are served as well,
    on `WAREHOUSE_METRICS_PORT`.

    Raises:
        WrongCall: a port is none, the folder's name is too long, or Prefect's server would listen
            beyond this machine without a password.
    """
    folder = services_folder()
    own_port = _port("WAREHOUSE_POSTGRES_PORT", _POSTGRES_PORT)
    named = os.environ.get("PGHOST")
    port = _port("PGPORT", 5432) if named else own_port
    # A shell that sourced the services' environment names the own cluster, which is no other.
    is_own = not named or (
        named in LOOPBACK and (folder / "postgres").exists() and port == own_port
    )
    listen = os.environ.get("WAREHOUSE_POSTGRES_LISTEN") or LOOPBACK[0]
    refuse_open_server()
    prefect_host = os.environ.get(HOST) or LOOPBACK[0]
    prefect_port = _port("PREFECT_SERVER_API_PORT", _PREFECT_PORT)
    return Services(
        folder=folder,
        is_own_cluster=is_own,
        postgres_host=LOOPBACK[0] if is_own else str(named),
        postgres_port=port,
        listen_addresses=listen,
        database=os.environ.get("PGDATABASE") or "warehouse",
        prefect_host=prefect_host,
        prefect_port=prefect_port,
        prefect_url=_url(prefect_host, prefect_port),
        metrics_port=_metrics_port(),
        prefect_login=os.environ.get(LOGIN) or None,
    )


def _metrics_port() -> int | None:
    """The port of the warehouse's metrics, which go with Prefect's: one setting has both."""
    is_wanted = os.environ.get(_METRICS, "").lower() in ("1", "true", "yes", "on")
    return _port("WAREHOUSE_METRICS_PORT", _METRICS_PORT) if is_wanted else None


def _url(host: str, port: int) -> str:
    """Where this machine finds what listens there; a wildcard is no address to go to."""
    is_everywhere = host in ("0.0.0.0", "::")  # noqa: S104 - compared only
    there = LOOPBACK[0] if is_everywhere else host
    return f"http://{f'[{there}]' if ':' in there else there}:{port}"


def _port(name: str, default: int) -> int:
    given = os.environ.get(name) or str(default)
    if not (given.isascii() and given.isdecimal() and 0 < int(given) < 2**16):
        raise WrongCall(f"{name} is '{given}': expected a port from 1 to 65535")
    return int(given)
