"""Layers' files that several of these tests read."""

from pathlib import Path
from typing import Any

from ingestion.layer_features import Features, read_features
from ingestion.layer_file import open_layer_file
from tests.layer_files import LON_LAT, geojson, square

LON, LAT = LON_LAT


def read(path: Path, key: str = "zone_id", layer: str | None = None, **options: Any) -> Features:
    with open_layer_file(path, layer) as contents:
        return read_features(contents, key, **options)


def zones(folder: Path, name: str = "zones.geojson") -> Path:
    return geojson(
        folder / name,
        [
            ({"zone_id": "01", "zone_name": "Lake", "speed": 20}, square(-87.65, 41.88)),
            ({"zone_id": "02", "zone_name": "River", "speed": 25.5}, square(-87.63, 41.88)),
        ],
    )


def points_file(folder: Path) -> Path:
    path = folder / "points.csv"
    path.write_text(f"zone_id,lon,lat\n1,{LON},{LAT}\n")
    return path
