"""Opens a user's file of points or polygons."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion.layer_contents import LayerContents
from ingestion.layer_csv import read_csv
from ingestion.layer_gdal import DRIVERS, read_with_gdal
from warehouse.connection import spatial_extension
from warehouse.errors import WarehouseError, WrongCall


@contextmanager
def open_layer_file(path: Path, layer: str | None = None) -> Iterator[LayerContents]:
    """Read a file's layer into a session that ends with the block.

    Args:
        path: GeoJSON, a zipped shapefile, GeoPackage, FlatGeobuf, or CSV with coordinates.
        layer: which of the layers in the file; needed where it has several.

    Raises:
        WrongCall: there is no such file or layer, or its ending is none of those.
        WarehouseError: it cannot be read whole, has no feature, or does not say in which spatial
            reference its coordinates are.
    """
    ending = path.suffix.lower()
    if ending not in (*DRIVERS, ".csv"):
        raise WrongCall(
            f"{path} ends in none of {', '.join((*DRIVERS, '.csv'))}, the files that are read;"
            " zip a shapefile with its .shx, .dbf and .prj"
        )
    try:
        path.open("rb").close()
    except OSError as error:
        raise WrongCall(f"cannot read the file {path}: {error.strerror}") from error
    with duckdb.connect() as session:
        session.execute(f"load '{spatial_extension()}'")
        # One thread keeps the file's order.
        session.execute("set threads = 1; set timezone = 'UTC'")
        if ending == ".csv":
            if layer:
                raise WrongCall(f"--layer '{layer}': a CSV file has no layers; leave it out")
            found = read_csv(path, session)
        else:
            found = read_with_gdal(path, layer, session)
        if not found.features:
            raise WarehouseError(
                f"{path}: the layer is empty: it has no features; name a file with some"
            )
        yield found
