"""Looks at the names in a zipped shapefile before GDAL may open it."""

import re
import zipfile
import zlib
from pathlib import Path

from warehouse.errors import WarehouseError

# What Python's zipfile raises for an archive that is cut short, encrypted or packed in a way that
# it does not know.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def shapefile_in(path: Path) -> str:
    """The name of the one shapefile in an archive, with all that belongs to it beside it.

    Every byte is held against the archive's checksums, which GDAL does not do.

    Raises:
        WarehouseError: it is no archive or a damaged one, a name in it points out of it, or it
            has not exactly one `.shp` with `.shx`, `.dbf` and `.prj`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.orig_filename for entry in archive.infolist()]
            _refuse_paths_out(path, names)
            damaged = archive.testzip() or _cut_short(archive)
    except _BROKEN as error:
        raise WarehouseError(f"{path} cannot be unpacked: {error}; zip it again") from error
    if damaged:
        raise WarehouseError(
            f"{path} is damaged or cut short at '{damaged}': download it or zip it again"
        )
    return _shapefile(path, [name for name in names if not _is_of_macos(name)])


def _cut_short(archive: zipfile.ZipFile) -> str | None:
    """The name of a `.shp` that is shorter than its header says, in words of two bytes.

    Source: ESRI Shapefile Technical Description, 1998, table 1. GDAL reads the records that are
    missing as features without a geometry.
    """
    for entry in archive.infolist():
        if entry.filename.lower().endswith(".shp"):
            with archive.open(entry) as shapes:
                header = shapes.read(28)
            if entry.file_size < 2 * int.from_bytes(header[24:28], "big"):
                return entry.filename
    return None


def _refuse_paths_out(path: Path, names: list[str]) -> None:
    for name in names:
        if re.match(r"/|[A-Za-z]:", name) or "\\" in name or ".." in name.split("/"):
            raise WarehouseError(
                f"{path} has the entry '{name}', a path that may lead out of the archive: zip the"
                " shapefile's own files, without absolute paths, '..' or backslashes"
            )


def _is_of_macos(name: str) -> bool:
    """Whether it is what macOS adds to an archive: a shadow of each file."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._")


def _shapefile(path: Path, names: list[str]) -> str:
    found = [name for name in names if name.lower().endswith(".shp")]
    if not found:
        raise WarehouseError(f"{path} has no .shp in it: zip the .shp, .shx, .dbf and .prj")
    if len(found) > 1:
        raise WarehouseError(
            f"{path} has {len(found)} shapefiles, {', '.join(sorted(found))}: zip each by itself"
        )
    stem = found[0][: -len(".shp")]
    missing = [
        extension
        for extension in (".shx", ".dbf", ".prj")
        # GDAL finds them in these two ways of writing.
        if stem + extension not in names and stem + extension.upper() not in names
    ]
    if missing == [".prj"]:
        raise WarehouseError(
            f"{path} has no {stem}.prj, which says what the coordinates mean: add it"
        )
    if missing:
        raise WarehouseError(f"{path} has {found[0]} without its {', '.join(missing)}: add them")
    return found[0]
