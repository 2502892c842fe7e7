"""Puts a site where it is to be: whole, in the place of the one before, or not at all."""

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

from serving.beside import folder_beside
from warehouse.errors import WarehouseError, WrongCall

# What tells a site's folder from others, which a new site must not take the place of.
MARKER = ".warehouse-site"
# Of renameat2(2), which Python has not; and what a system says that cannot do it.
_OF_WORKING_FOLDER, _RENAME_EXCHANGE = -100, 2
_CANNOT = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
_MARKED = "Made by 'warehouse site', which puts the next site in the place of this folder.\n"


def publish(folder: Path, write: Callable[[Path], None]) -> int:
    """Write a site beside its folder, then put it there; a site that is there stays until then.

    Args:
        folder: the site's; it is made.
        write: writes the site into the folder that it is given.

    Returns:
        The bytes of the site's files.

    Raises:
        WrongCall: the folder has other things than a site in it, or is a file.
        WarehouseError: it cannot be written.
    """
    folder = folder.absolute()
    refuse_other_folders(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(folder) as beside:
            made = beside / "site"
            made.mkdir()
            write(made)
            (made / MARKER).write_text(_MARKED, encoding="utf-8")
            size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
            # As the folders of others are: a temporary one is its owner's alone.
            made.chmod(0o777 & ~_umask())
            _put(made, folder, beside / "before")
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        raise WarehouseError(
            f"the site cannot be written to {folder}: {error.strerror}{named}; name another folder"
            " with --out"
        ) from error
    return size


def refuse_other_folders(folder: Path) -> None:
    """Refuse a folder that a site must not take the place of.

    Raises:
        WrongCall: it is a file, or has things in it and is no site.
        WarehouseError: it cannot be read.
    """
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise WrongCall(f"--out {folder} is no folder: name one")
        is_taken = folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists()
    except OSError as error:
        raise WarehouseError(
            f"--out {folder} cannot be read: {error.strerror}; name another"
        ) from error
    if is_taken:
        raise WrongCall(
            f"--out {folder} has files in it and is no site of the warehouse's: name a folder that"
            " is new or empty"
        )


def _put(made: Path, folder: Path, before: Path) -> None:
    """Put the new folder in its place, and the one that is there away."""
    if not folder.exists():
        made.rename(folder)
    elif not _exchanged(made, folder):
        _exchange_by_turns(made, folder, before)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether two folders changed places, in one step; not where the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    first, second = ((_OF_WORKING_FOLDER, os.fsencode(path)) for path in (one, other))
    if libc.renameat2(*first, *second, _RENAME_EXCHANGE) == 0:
        return True
    if ctypes.get_errno() in _CANNOT:
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))


def _exchange_by_turns(made: Path, folder: Path, before: Path) -> None:
    """The same in two steps, between which there is none; where the second fails, as it was."""
    try:
        folder.rename(before)
        made.rename(folder)
    except BaseException:
        # Also of who presses Ctrl-C between the two.
        if before.exists() and not folder.exists():
            before.rename(folder)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
