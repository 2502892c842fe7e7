"""The processes of the services, which Supervisor starts, watches, starts again and ends."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import jinja2

from services.settings import Places
from services.waiting import wait_until
from warehouse.errors import WarehouseError, WrongCall
from warehouse.settings import ROOT

# What it writes its configuration by.
_TEMPLATE = Path(__file__).with_name("supervisord.conf.j2")
# Flow runs are ended, and say so, before their worker is.
_LONGEST_STOP_S = 90
_LONGEST_START_S = 60
_RUNNING = ("STARTING", "RUNNING")


@dataclass(frozen=True)
class Program:
    """A process of the services.

    Attributes:
        name: of the service.
        arguments: how it is started; it stays in the foreground.
        user: whom it runs as, if not who calls.
        stop_signal: asks it to end.
        stop_seconds: how long it may take for that.
        is_group: what it started ends with it.
    """

    name: str
    arguments: tuple[str, ...]
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 60
    is_group: bool = True

    @property
    def command(self) -> str:
        """The arguments as Supervisor reads them, which takes a percent sign for its own."""
        return shlex.join(self.arguments).replace("%", "%%")


class Supervisor:
    """Supervisor's daemon of one folder."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def configure(self, programs: Iterable[Program]) -> None:
        """Write what is to run, before the daemon is started."""
        template = jinja2.Template(
            _TEMPLATE.read_text(), trim_blocks=True, keep_trailing_newline=True
        )
        places = self._places
        text = template.render(
            programs=list(programs),
            is_root=os.geteuid() == 0,
            **{
                name: str(path).replace("%", "%%")
                for name, path in {
                    "root": ROOT,
                    "folder": places.folder,
                    "logs": places.logs,
                    "socket": places.socket,
                }.items()
            },
        )
        places.configuration.write_text(text)

    def refuse_others(self, programs: Iterable[Program]) -> None:
        """Raise where the daemon, which runs, knows a service otherwise than it is wanted now.

        Raises:
            WrongCall: names the services.
        """
        # Without the program itself, of which another copy does the same.
        known = {
            config["name"]: shlex.split(config["command"])[1:]
            for config in self._ask.supervisor.getAllConfigInfo()
        }
        others = [one.name for one in programs if known.get(one.name) != list(one.arguments[1:])]
        if others:
            raise WrongCall(
                f"the services run with other settings ({', '.join(others)}): run 'make down',"
                " then 'make up' again"
            )

    def is_running(self) -> bool:
        """Whether the daemon answers."""
        try:
            self._ask.supervisor.getPID()
        except OSError:
            return False
        return True

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the daemon, which gives this environment to all that it starts.

        Raises:
            WarehouseError: it does not start, or does not answer.
        """
        done = subprocess.run(  # noqa: S603 - our own configuration
            [sys.executable, "-m", "supervisor.supervisord", "-c", self._places.configuration],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise WarehouseError(f"the supervisor of the services did not start: {done.stderr}")
        self._until(
            self.is_running, _LONGEST_START_S, "the supervisor of the services does not answer"
        )

    def run(self, name: str) -> None:
        """Start a service that does not run."""
        if self.state(name)["statename"] not in _RUNNING:
            self._ask.supervisor.startProcess(name, False)

    def stop(self, first: Iterable[str]) -> list[str]:
        """End all that was started, and the daemon; the names of what ran, none if nothing did.

        Args:
            first: what ends before all else.

        Raises:
            WarehouseError: it does not end.
        """
        if not self.is_running():
            return []
        ran = [
            process["name"]
            for process in self._ask.supervisor.getAllProcessInfo()
            if process["statename"] in _RUNNING
        ]
        pid = self._ask.supervisor.getPID()
        for name in first:
            # Waited for: what it runs says how it ended to the others, while they are there.
            if name in ran:
                self._ask.supervisor.stopProcess(name)
        self._ask.supervisor.shutdown()
        self._until(lambda: not _exists(pid), _LONGEST_STOP_S, "the services did not end")
        return ran

    def state(self, name: str) -> dict[str, Any]:
        """How a service is, in Supervisor's words; unknown to it before `configure`."""
        try:
            found: Any = self._ask.supervisor.getProcessInfo(name)
        except Fault:
            return {"statename": "UNKNOWN", "pid": 0}
        return dict(found)

    def log(self, name: str) -> Path:
        """Where a service's log lines are."""
        return self._places.logs / f"{name}.log"

    @property
    def _ask(self) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self._places.socket}")
        return ServerProxy("http://127.0.0.1", transport=transport)

    def _until(self, is_so: Callable[[], bool], seconds: float, complaint: str) -> None:
        log = self._places.logs / "supervisord.log"
        wait_until(is_so, seconds, f"{complaint} within {seconds} s: see {log}")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
