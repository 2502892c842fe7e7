"""What is measured: a command as a process of its own, and several by turns."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# This environment's, which need not be the one that the shell finds.
PROGRAM = str(Path(sys.executable).with_name("warehouse"))


@dataclass(frozen=True)
class Measured:
    """A process that ended well.

    Attributes:
        seconds: from its start to its end.
        said: what it wrote to its standard output.
    """

    seconds: float
    said: str

    @property
    def figures(self) -> dict[str, Any]:
        """The JSON object that it wrote as its last line."""
        figures: dict[str, Any] = json.loads(self.said.splitlines()[-1])
        return figures


def run(command: Sequence[str], settings: Mapping[str, str]) -> Measured:
    """Run a command with some settings in its environment.

    Raises:
        SystemExit: it failed; its own words are on the standard error.
    """
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own programs
        command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True
    ) as child:
        said = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {child.returncode}")
    return Measured(time.perf_counter() - started, said)


def peak_mb() -> float:
    """The most memory that this process had (its maximum resident set), in 10^6 bytes.

    `getrusage` would count what its parent had when it began it.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def python(module: str, *arguments: str) -> list[str]:
    """The command of a module of ours."""
    return [sys.executable, "-m", module, *arguments]


def by_turns(rounds: int, *measure: Callable[[], float]) -> list[float]:
    """The median of each of several measurements, made one after the other in each round.

    What else the machine does then falls on all of them.
    """
    figures: list[list[float]] = [[] for _ in measure]
    for _ in range(rounds):
        for call, kept in zip(measure, figures, strict=True):
            kept.append(call())
    return [statistics.median(kept) for kept in figures]
