"""The sample portal as a process that lives as long as a block, or its parent."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion.sample_portal.client import SamplePortal
from warehouse.errors import WarehouseError

_READY = re.compile(r"sample portal at (http://\S+):")
SECONDS_TO_END = 10


class StartError(WarehouseError):
    """The sample portal did not start; the message is its own."""


@contextmanager
def running(
    crashes: int = 20_000, seed: int = 1, folder: Path | None = None, port: int = 0
) -> Iterator[SamplePortal]:
    """Serve generated data, or a folder's files, until the block ends or this process does.

    Args:
        crashes: how many crashes there are.
        seed: the same seed and size give the same data.
        folder: serve its files instead, `{id}.csv` with `{id}.types.json` and `{id}.geojson`.
        port: 0 takes a free one.

    Raises:
        StartError: the port is taken, or the folder cannot be read.
    """
    command = [sys.executable, "-m", "ingestion.sample_portal", "--ends-with-stdin"]
    command += ["--crashes", str(crashes), "--seed", str(seed), "--port", str(port)]
    if folder is not None:
        command += ["--folder", str(folder)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(  # noqa: S603 - our own module with our own numbers
        command,
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # the Ctrl-C of a terminal ends the run, which ends the portal
    ) as child:
        try:
            ready = _READY.match(child.stdout.readline()) if child.stdout else None
            if ready is None:
                message = child.communicate()[1].strip().splitlines()
                raise StartError(message[-1] if message else "the sample portal ended at once")
            yield SamplePortal(ready[1])
        finally:
            child.terminate()
            try:
                child.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                child.kill()
