"""The passwords of PostgreSQL's roles: from the environment, else made and kept in a file."""

import csv
import os
import secrets
from pathlib import Path

from services.settings import Services
from warehouse.errors import WarehouseError
from warehouse.roles import ROLES

# Who makes the roles in an own cluster; nobody's for daily use.
SUPERUSER = "postgres"


class _PASSFILE(csv.Dialect):
    """A line of libpq's password file: host:port:database:user:password."""

    delimiter, escapechar, quoting, lineterminator = ":", "\\", csv.QUOTE_NONE, "\n"


def passwords_of(services: Services) -> dict[str, str]:
    """The passwords of the roles, and of the superuser of an own cluster.

    Each is what the environment says, such as `WAREHOUSE_LOADER_PASSWORD`, else what the password
    file says, else made now.

    Raises:
        WarehouseError: others may read the file.
    """
    named = [*ROLES, *([SUPERUSER] if services.is_own_cluster else [])]
    kept = _read(services.passwords)
    # The superuser's is asked of no environment: that of the cluster is not changed any more.
    of_environment = {role: os.environ.get(setting_of(role)) for role in ROLES}
    return {role: of_environment.get(role) or kept.get(role) or _made() for role in named}


def are_known(services: Services, role: str) -> bool:
    """Whether the role's password is one that was named or kept, and none that is made now."""
    return bool(os.environ.get(setting_of(role))) or role in _read(services.passwords)


def keep_passwords(services: Services, passwords: dict[str, str]) -> None:
    """Write the file, in libpq's form and of mode 600, as the server is reached now.

    The superuser's password stays in it, whichever server is meant: nobody else knows it.

    Raises:
        WarehouseError: it cannot be written.
    """
    kept = _read(services.passwords)
    superuser = {SUPERUSER: kept[SUPERUSER]} if SUPERUSER in kept else {}
    _write(services, superuser | passwords)


def setting_of(role: str) -> str:
    """The environment variable that holds a role's password."""
    return f"WAREHOUSE_{role.removeprefix('warehouse_').upper()}_PASSWORD"


def _made() -> str:
    return secrets.token_urlsafe(24)


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    if path.stat().st_mode & 0o077:
        raise WarehouseError(
            f"{path} holds passwords and others may read it: run 'chmod 600' on it"
        )
    with path.open(newline="") as file:
        return {fields[3]: fields[4] for fields in csv.reader(file, _PASSFILE)}


def _write(services: Services, passwords: dict[str, str]) -> None:
    where = (services.postgres_host, str(services.postgres_port), "*")
    beside = services.passwords.with_suffix(".new")
    try:
        beside.unlink(missing_ok=True)
        only_mine = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(only_mine, "w", newline="") as file:
            csv.writer(file, _PASSFILE).writerows((*where, *one) for one in passwords.items())
        beside.replace(services.passwords)
    except OSError as error:
        raise WarehouseError(f"cannot write {services.passwords}: {error.strerror}") from error
