"""Who may use Prefect's server: anybody on this machine, beyond it only who knows a password."""

import ipaddress
import os
from urllib.parse import urlsplit

from warehouse.errors import WarehouseError, WrongCall

HOST, LOGIN, CLIENTS_LOGIN = (
    "PREFECT_SERVER_API_HOST",
    "PREFECT_SERVER_API_AUTH_STRING",
    "PREFECT_API_AUTH_STRING",
)


def is_loopback(host: str) -> bool:
    """Whether an address or a name is this machine to itself alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_open_server() -> None:
    """Raise when a server that is started here would let anybody in from beyond this machine.

    Raises:
        WrongCall: it would listen beyond loopback without a password, or with one that is no
            `user:password`.
    """
    host, login = os.environ.get(HOST) or "127.0.0.1", os.environ.get(LOGIN)
    if login and ":" not in login.strip(":"):
        raise WrongCall(f"{LOGIN} is not of the form user:password")
    if not is_loopback(host) and not login:
        raise WrongCall(
            f"{HOST} is {host}, beyond this machine, and whoever reaches it could run and read"
            f" everything: set {LOGIN} to user:password"
        )


def refuse_open_api(url: str) -> None:
    """Raise when a server beyond this machine answers who names no password.

    Args:
        url: its API's address.

    Raises:
        WarehouseError: it does; says how to close it.
    """
    import httpx

    if is_loopback(urlsplit(url).hostname or ""):
        return
    if httpx.post(f"{url}/flows/count", json={}, timeout=5).is_success:
        raise WarehouseError(
            f"{url} answers whoever asks: set {LOGIN} to user:password where the server starts,"
            f" and {CLIENTS_LOGIN} to the same for its clients"
        )


def clients_login() -> tuple[str, str] | None:
    """The user and password that this machine's clients name, if any."""
    login = os.environ.get(CLIENTS_LOGIN) or ""
    user, _, password = login.partition(":")
    return (user, password) if password else None
