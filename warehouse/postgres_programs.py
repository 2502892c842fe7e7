"""Where PostgreSQL's own programs are on this machine, as pg_ctl, pg_dump and pgbench."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from warehouse.errors import WarehouseError

# Where Debian and postgresql.org put each release; only the client's are on PATH, by a wrapper
# that chooses a release by the cluster and not by who asks.
_RELEASES = Path("/usr/lib/postgresql")
# Of the server's package; all others come with the client's.
_SERVER_PROGRAMS = {"initdb", "pgbench", "pg_ctl", "pg_controldata", "pg_resetwal", "postgres"}


def program(name: str, major: int | None = None) -> Path:
    """A program of PostgreSQL: on PATH, else of the newest release on this machine.

    Args:
        name: such as `pg_dump`.
        major: PostgreSQL's major version that it must be of; any by default. A server's data is
            dumped and restored by its own release: an older one refuses it, and a newer one
            writes settings that the server does not know.

    Raises:
        WarehouseError: there is none, with the package to install.
    """
    for path in _candidates(name, major):
        if major is None or _major_of(path) == major:
            return path
    package = "postgresql" if name in _SERVER_PROGRAMS else "postgresql-client"
    release = f" of PostgreSQL {major}" if major else ""
    raise WarehouseError(
        f"no {name}{release} on PATH or in {_RELEASES}/*/bin:"
        f" install Debian's {package}{f'-{major}' if major else ''}, or add its folder to PATH"
    )


def _candidates(name: str, major: int | None) -> Iterator[Path]:
    if major is not None:
        yield from _executable(_RELEASES / str(major) / "bin" / name)
    if found := shutil.which(name):
        yield Path(found)
    for folder in sorted(_RELEASES.glob("*/bin"), key=_release, reverse=True):
        yield from _executable(folder / name)
    if pg_config := shutil.which("pg_config"):
        said = subprocess.run(  # noqa: S603 - what PATH has under that name
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        ).stdout
        yield from _executable(Path(said.strip()) / name)


def _executable(path: Path) -> Iterator[Path]:
    if path.is_file() and os.access(path, os.X_OK):
        yield path


def _release(folder: Path) -> tuple[int, ...]:
    """The release of a folder such as 15/bin or 9.6/bin, to be ordered by."""
    return tuple(map(int, re.findall(r"\d+", folder.parent.name)))


def _major_of(path: Path) -> int | None:
    said = subprocess.run(  # noqa: S603 - a program of PostgreSQL's
        [path, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else None
