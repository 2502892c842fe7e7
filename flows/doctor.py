"""What a sync needs on this machine, and the cure for what is missing."""

import importlib.metadata
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flows.prefect_access import (
    CLIENTS_LOGIN,
    LOGIN,
    clients_login,
    refuse_open_api,
    refuse_open_server,
)
from warehouse.connection import connect, spatial_extension
from warehouse.errors import WarehouseError
from warehouse.settings import Target, duckdb_path, mail_settings

_OLDEST_PYTHON = (3, 11)
_OLDEST_POSTGRES = 15


@dataclass(frozen=True)
class Finding:
    """A thing that was looked at.

    Attributes:
        is_needed: the target cannot be synced without it.
    """

    name: str
    is_well: bool
    is_needed: bool
    text: str

    @property
    def line(self) -> str:
        """The finding in one line."""
        mark = "ok  " if self.is_well else "MISS" if self.is_needed else "note"
        return f"{mark}  {self.name}: {self.text}"


def examine(target: Target) -> list[Finding]:
    """Look at everything that the target needs, and at what a sync would use besides.

    The portal is needed for a sync but not for a look at the marts, and a machine may be off
    the network; so a portal that does not answer is noted and not held against the machine.
    """
    findings = [
        _try("Python", _python),
        _try("packages", _packages),
        _try("DuckDB", _spatial, is_needed=target == "duckdb"),
    ]
    if target == "duckdb":
        findings.append(_try("DuckDB file", _duckdb_file))
    if target == "postgis" or "PGHOST" in os.environ:
        findings.append(_try("PostGIS", _postgis, is_needed=target == "postgis"))
    findings.append(_try("portal", partial(_portal, target), is_needed=False))
    findings.append(_try("Prefect", _prefect))
    findings.append(_try("Prefect's password", _prefect_login))
    findings.append(_try("mail", _mail, is_needed=False))
    return findings


def _try(name: str, look: Callable[[], str], *, is_needed: bool = True) -> Finding:
    try:
        return Finding(name, True, is_needed, look())
    except WarehouseError as error:
        return Finding(name, False, is_needed, str(error))


def _python() -> str:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        raise WarehouseError(
            f"{found} is older than 3.11: install a newer one, then 'make install'"
        )
    return found


def _packages() -> str:
    found = []
    for name in ("dlt", "dbt-core", "dbt-duckdb", "dbt-postgres", "prefect", "prefect-dbt"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError as error:
            raise WarehouseError(f"{name} is not installed: run 'make install'") from error
    return ", ".join(found)


def _spatial() -> str:
    import duckdb

    with duckdb.connect() as session:
        session.execute(f"load '{spatial_extension()}'")
    return f"{duckdb.__version__} with its spatial extension"


def _duckdb_file() -> str:
    path = duckdb_path()
    if path.exists():
        with connect("duckdb", read_only=True):
            return str(path)
    folder = next(parent for parent in path.resolve().parents if parent.exists())
    if not os.access(folder, os.W_OK):
        raise WarehouseError(
            f"{folder} cannot be written to: choose another file with WAREHOUSE_DUCKDB_PATH"
        )
    return f"{path} is not there yet: 'warehouse sync' makes it"


def _postgis() -> str:
    with connect("postgis", read_only=True) as connection:
        version = connection.fetch("select current_setting('server_version_num')::int / 10000 as n")
        extension = connection.fetch(
            "select default_version as v from pg_available_extensions where name = 'postgis'"
        )
    number = version["n"][0].as_py()
    if number < _OLDEST_POSTGRES:
        raise WarehouseError(f"PostgreSQL {number} is older than {_OLDEST_POSTGRES}: upgrade it")
    if not extension.num_rows:
        raise WarehouseError(
            f"PostgreSQL {number} has no PostGIS: install postgresql-{number}-postgis-3"
        )
    return f"PostgreSQL {number}, PostGIS {extension['v'][0].as_py()}"


def _portal(target: Target) -> str:
    from ingestion.catalog import load_catalog
    from ingestion.portal import portal_identity

    required = next(entry for entry in load_catalog().datasets.values() if entry.required)
    portal = portal_identity(required, target)
    return f"{portal.address} answers" + (" with SAMPLE DATA" if portal.is_sample else "")


def _prefect() -> str:
    import httpx
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if not url:
        home = Path(get_current_settings().home)
        return f"no PREFECT_API_URL: each run starts a server of its own, records in {home}"
    try:
        httpx.get(f"{url}/health", timeout=5, auth=clients_login()).raise_for_status()
    except httpx.HTTPError as error:
        raise WarehouseError(
            f"{url} does not answer ({error}): run 'make up' or 'prefect server start',"
            " or unset PREFECT_API_URL"
        ) from error
    return f"{url} answers"


def _mail() -> str:
    found = mail_settings()
    if found is None:
        return "none is set up (WAREHOUSE_SMTP_HOST): reports and alerts are in Prefect alone"
    return f"by {found.host}:{found.port} to {', '.join(found.recipients)}; not asked now"


def _prefect_login() -> str:
    import httpx
    from prefect.settings import get_current_settings

    refuse_open_server()
    url = get_current_settings().api.url
    try:
        if url:
            refuse_open_api(url)
    except httpx.HTTPError:
        return "not asked for, as the server does not answer"
    if os.environ.get(LOGIN) or clients_login():
        return f"a server is asked with the one in {CLIENTS_LOGIN if clients_login() else LOGIN}"
    return "none, and none is needed on this machine alone"
