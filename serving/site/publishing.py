"""Puts a site where it is to be: whole, in the place of the one before, or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

from serving.beside import folder_beside
from warehouse.errors import WarehouseError, WrongCall

# What tells a site's folder from others, which a new site must not take the place of.
MARKER = ".warehouse-site"
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
            _exchange(made, folder, beside / "before")
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
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WrongCall(f"--out {folder} is no folder: name one")
    try:
        is_taken = folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists()
    except OSError as error:
        raise WarehouseError(f"--out {folder} cannot be read: {error.strerror}") from error
    if is_taken:
        raise WrongCall(
            f"--out {folder} has files in it and is no site of the warehouse's: name a folder that"
            " is new or empty"
        )


def _exchange(made: Path, folder: Path, before: Path) -> None:
    """Put the new folder in its place; where that fails, the one before is back in it."""
    try:
        if folder.exists():
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
