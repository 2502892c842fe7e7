"""The sample portal at a size, with what it answered before it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import python
from ingestion.sample_portal.client import SamplePortal
from ingestion.sample_portal.process import running

# Enough for all that is measured on one warehouse within an hour.
_REQUESTS_PER_HOUR = "1000000"


@dataclass(frozen=True)
class Recorded:
    """A portal whose answers are kept.

    Attributes:
        portal: the portal itself, which can be told to change.
        folder: what it answered so far; see `bench.recordings`.
    """

    portal: SamplePortal
    folder: Path

    @contextmanager
    def served(self, latency_s: float = 0, rate: int | None = None) -> Iterator[dict[str, str]]:
        """Serve the answers; gives the settings with which a load asks for them.

        Args:
            latency_s: how long each answer is waited for.
            rate: bytes a second of one answer.
        """
        command = python("bench.recordings", "--upstream", self.portal.url)
        command += ["--folder", str(self.folder), "--latency", str(latency_s)]
        command += ["--rate", str(rate)] if rate else []
        with subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            try:
                yield settings_for(child.stdout.readline().strip() if child.stdout else "")
            finally:
                child.terminate()


def settings_for(address: str) -> dict[str, str]:
    """The settings with which a load asks a portal as often as it likes."""
    return {
        "SOURCES__SODA__BASE_URL": address,
        "SOURCES__SODA__REQUESTS_PER_HOUR": _REQUESTS_PER_HOUR,
    }


@contextmanager
def recorded(crashes: int, folder: Path) -> Iterator[Recorded]:
    """A sample portal of so many crashes, whose answers are kept in a folder of their own."""
    answers = folder / f"answers-{crashes}"
    answers.mkdir()
    with running(crashes=crashes) as portal:
        yield Recorded(portal, answers)
