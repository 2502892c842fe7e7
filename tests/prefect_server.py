"""A Prefect server for tests, which all workers share: it takes ten seconds to start."""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import flows.defaults


class PrefectServer:
    """A server with a database of its own, which takes seconds until it answers."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/api"
        flows.defaults.apply()
        self._home = tempfile.TemporaryDirectory(prefix="prefect-")
        self.database = Path(self._home.name, "prefect.db")
        command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui"]
        with (
            pytest.MonkeyPatch.context() as environment,
            Path(self._home.name, "server.log").open("w") as log,
        ):
            environment.setenv("PREFECT_HOME", self._home.name)
            # Nothing here reads events or acts on them, and each would be written and judged.
            environment.setenv("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED", "false")
            environment.setenv("PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED", "false")
            self._process = subprocess.Popen(
                [*command, "--port", str(port)], stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> None:
        """End it, and remove its database."""
        self._process.terminate()
        self._process.wait(30)
        self._home.cleanup()


def wait_for_server(url: str) -> None:
    """Wait until a server answers.

    Args:
        url: its API's address.
    """
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"nothing answers at {url}")
