"""The services of `make up`, as a person at a shell has them."""

import csv
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ingestion.sample_portal import SamplePortal
from warehouse.settings import ROOT

LONGEST_RUN_S = 240
PARTS = ["postgis", "prefect-server", "worker", "metrics"]
PREFECTS_LOGIN = "keeper:a password of Prefect's"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Services:
    """The services of a folder, as a person at a shell has them."""

    def __init__(self, folder: Path, portal: SamplePortal) -> None:
        self.folder = folder
        # Of the tests' own server nothing is left: these are another's.
        others = ("PG", "PREFECT_", "WAREHOUSE_", "DBT_")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(others)
        } | {
            "WAREHOUSE_SERVICES_PATH": str(folder),
            "WAREHOUSE_POSTGRES_PORT": str(free_port()),
            "PREFECT_SERVER_API_PORT": str(free_port()),
            "PREFECT_SERVER_METRICS_ENABLED": "true",
            "WAREHOUSE_METRICS_PORT": str(free_port()),
            "WAREHOUSE_SITE": str(folder / "site"),
            "WAREHOUSE_ANALYST_PASSWORD": "an analyst's: own",
            "SOURCES__SODA__BASE_URL": portal.url,
            "SOURCES__SODA__APP_TOKEN": "not-for-a-log",
            "SOURCES__SODA__PAGE_SIZE": "200",
            "DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test",
        }

    @property
    def api(self) -> str:
        """Where Prefect's server is."""
        return f"http://127.0.0.1:{self.environment['PREFECT_SERVER_API_PORT']}/api"

    @property
    def _login(self) -> tuple[str, str] | None:
        user, _, password = self.environment.get("PREFECT_API_AUTH_STRING", "").partition(":")
        return (user, password) if password else None

    def change(self) -> None:
        """Have other ports from the next start on, and a password asked for by Prefect."""
        self.environment |= {
            "WAREHOUSE_POSTGRES_PORT": str(free_port()),
            "PREFECT_SERVER_API_PORT": str(free_port()),
            "PREFECT_SERVER_API_AUTH_STRING": PREFECTS_LOGIN,
            "PREFECT_API_AUTH_STRING": PREFECTS_LOGIN,
        }

    def starts(self) -> dict[str, int]:
        """How often each part was started, in the folder's whole life."""
        log = (self.folder / "logs" / "supervisord.log").read_text()
        return {name: log.count(f"spawned: '{name}'") for name in PARTS}

    def call(
        self, verb: str, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What `make up` and `make down` call."""
        return subprocess.run(
            [sys.executable, "-m", "services", verb],
            cwd=ROOT,
            env={**self.environment, **(settings or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def said(self, verb: str) -> list[str]:
        done = self.call(verb)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def said_when_sourced(self, verb: str) -> list[str]:
        """The same in a shell that knows of the services' addresses what it has sourced."""
        ports = ("WAREHOUSE_POSTGRES_PORT", "PREFECT_SERVER_API_PORT")
        done = subprocess.run(
            ["bash", "-ec", f"source {self.folder}/environment; python -m services {verb}"],
            cwd=ROOT,
            env={name: value for name, value in self.environment.items() if name not in ports},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def pid(self, name: str) -> int:
        said = subprocess.run(
            [
                *(sys.executable, "-m", "supervisor.supervisorctl"),
                *("-c", self.folder / "supervisord.conf", "pid", name),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(said.stdout)

    def session(self, role: str, database: str = "warehouse") -> Any:
        """As whoever has read the password file."""
        with (self.folder / "pgpass").open(newline="") as file:
            lines = csv.reader(file, delimiter=":", escapechar="\\", quoting=csv.QUOTE_NONE)
            passwords = {user: password for _, _, _, user, password in lines}
        session = psycopg2.connect(
            host="127.0.0.1",
            port=self.environment["WAREHOUSE_POSTGRES_PORT"],
            dbname=database,
            user=role,
            password=passwords[role],
        )
        session.autocommit = True
        return session

    def rows(self, query: str, role: str = "warehouse_owner") -> list[tuple[Any, ...]]:
        with closing(self.session(role)) as session, session.cursor() as cursor:
            cursor.execute(query)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def ask(self, path: str, query: Any = None, method: str = "post") -> Any:
        with requests.Session() as session:
            # A server that is busy says so, and Prefect's own clients ask again.
            busy = Retry(8, backoff_factor=0.3, status_forcelist=[503], allowed_methods=None)
            session.mount("http://", HTTPAdapter(max_retries=busy))
            session.auth = self._login
            address = f"{self.api}/{path}"
            if method == "get":
                response = session.get(address, timeout=60)
            else:
                response = session.request(method, address, json=query or {}, timeout=60)
        response.raise_for_status()
        return response.json() if response.content else None

    def deployment(self, name: str) -> dict[str, Any]:
        """A deployment by its name, such as sync/daily, as Prefect has it."""
        found: dict[str, Any] = self.ask(f"deployments/name/{name}", method="get")
        return found

    def start_run(self, deployment: str, **parameters: Any) -> str:
        run: str = self.ask(
            f"deployments/{self.deployment(deployment)['id']}/create_flow_run",
            {"parameters": parameters, "idempotency_key": str(uuid.uuid4())},
        )["id"]
        return run

    def automation(self, name: str) -> dict[str, Any]:
        """An automation by its name, as Prefect has it."""
        [found] = self.ask("automations/filter", {"automations": {"name": {"any_": [name]}}})
        of_name: dict[str, Any] = found
        return of_name

    def runs_of(self, deployment: str) -> list[str]:
        """The states of a deployment's runs, the first first."""
        of_it = {"deployments": {"id": {"any_": [self.deployment(deployment)["id"]]}}}
        runs = self.ask("flow_runs/filter", {**of_it, "sort": "START_TIME_ASC"})
        return [run["state_type"] for run in runs]

    def state(self, run: str) -> str:
        address = f"{self.api}/flow_runs/{run}"
        return str(requests.get(address, auth=self._login, timeout=60).json()["state_type"])

    def wait(self, is_so: Callable[[], bool], what: str, seconds: float = LONGEST_RUN_S) -> None:
        until = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > until:
                raise AssertionError(f"{what} did not happen: {self.ask('flow_runs/filter')}")
            time.sleep(0.2)
