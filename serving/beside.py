"""A hidden folder beside what is being made, so that it is there whole or not at all."""

import glob
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = "lock"


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """A hidden folder beside a file or folder, for all that is written until that is there.

    Temporary files of what writes are in it too, so that one removal leaves nothing. Those of runs
    that were killed are removed as well: a run that lives holds the lock in its own.
    """
    prefix = f".{path.name}-"
    for left in path.parent.glob(f"{glob.escape(prefix)}*/{LOCK}"):
        with suppress(Timeout), FileLock(left, blocking=False):
            shutil.rmtree(left.parent, ignore_errors=True)
    beside = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    try:
        with FileLock(beside / LOCK):
            yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)
