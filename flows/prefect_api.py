"""Prefect's API for a command: the one that is set, else a server as long as the command.

Prefect would start such a server by itself. This one starts while this process still imports
dbt, survives the Ctrl-C that ends the run until the run's end is recorded, and ends even when
this process is killed: it watches a pipe that its parent holds open.
"""

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from flows.garbage import collect_seldom
from warehouse.errors import WarehouseError

# The first start on a machine creates Prefect's database: 10 s, on a busy one several times that.
_LONGEST_START_S = 120
_LONGEST_STOP_S = 5


def start() -> Callable[[], None]:
    """Start a server if none is set; the answer waits until it is ready.

    Raises:
        WarehouseError: (when waited for) it did not start.
    """
    if os.environ.get("PREFECT_API_URL"):
        return lambda: None
    # First of all, as its start is the longest part of a short command's: Prefect's settings,
    # which take a second to import, may still name a server of the user's.
    server = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            # How Prefect marks such a server: no pages, and only the services that it needs.
            "PREFECT_UI_ENABLED": "0",
            "PREFECT__SERVER_EPHEMERAL": "1",
            "PREFECT__SERVER_FINAL": "1",
        },
    )
    # At exit, not before: Prefect sends its last events while this process ends, and what was
    # registered first runs last.
    atexit.register(_stop, server)
    from prefect.settings import get_current_settings

    if get_current_settings().api.url:
        _stop(server)
        return lambda: None

    def wait() -> None:
        port = server.stdout.readline().strip() if server.stdout else ""
        url = f"http://127.0.0.1:{port}/api"
        _wait_for(server, url)
        from prefect.context import refresh_global_settings_context

        os.environ["PREFECT_API_URL"] = url
        refresh_global_settings_context()

    return wait


def _wait_for(server: subprocess.Popen[str], url: str) -> None:
    until = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise WarehouseError(
        "Prefect's temporary server did not start: see 'prefect server start' for the reason,"
        " or set PREFECT_API_URL to a server that runs"
    )


def _stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(_LONGEST_STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _serve() -> None:
    """Serve on a free port, write the port, and end when standard input does."""
    import uvicorn

    collect_seldom()

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()

    def end_with_parent() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)
        # Prefect's services may take their time; nobody is left to wait for them.
        time.sleep(_LONGEST_STOP_S)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=end_with_parent, daemon=True).start()
    server = uvicorn.Server(
        uvicorn.Config(
            "prefect.server.api.server:create_app",
            factory=True,
            log_level="critical",
            lifespan="on",
        )
    )
    server.run(sockets=[listener])


if __name__ == "__main__":
    _serve()
