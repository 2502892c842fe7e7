"""Whether a place is in Chicago or within so many feet of it, without a library of geometry.

Independent of what the engines use: the projection is written from its definition, EPSG:3435
(NAD83 / Illinois East in US survey feet), and distances are those to straight borders in it.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Ring = list[Point]

_US_FOOT_M = 1200 / 3937
_ORIGIN_LATITUDE = math.radians(36 + 40 / 60)
_CENTRAL_MERIDIAN = math.radians(-(88 + 20 / 60))
_SCALE = 0.999975
_FALSE_EASTING_M = 300_000
# GRS 80, and Krüger's series for it: below a micrometre as far from the meridian as Chicago is.
_AXIS_M = 6_378_137.0
_FLATTENING = 1 / 298.257222101
_N = _FLATTENING / (2 - _FLATTENING)
_RADIUS_M = _AXIS_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_KRUEGER = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180,
    13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440,
    61 * _N**3 / 240 - 103 * _N**4 / 140,
    49_561 * _N**4 / 161_280,
)


def state_plane(longitude: float, latitude: float) -> Point:
    """A place in US survey feet, east and north (EPSG:3435)."""
    origin = _transverse_mercator(0, _ORIGIN_LATITUDE)
    east, north = _transverse_mercator(
        math.radians(longitude) - _CENTRAL_MERIDIAN, math.radians(latitude)
    )
    return (_FALSE_EASTING_M + east) / _US_FOOT_M, (north - origin[1]) / _US_FOOT_M


def beside(longitude: float, latitude: float, east_ft: float, north_ft: float) -> Point:
    """Longitude and latitude of the place that lies so many feet from another."""
    wanted = state_plane(longitude, latitude)
    wanted = (wanted[0] + east_ft, wanted[1] + north_ft)
    # Newton's way with the feet of a degree about Chicago, which are right to a part in a hundred.
    for _ in range(20):
        x, y = state_plane(longitude, latitude)
        longitude += (wanted[0] - x) / 273_000
        latitude += (wanted[1] - y) / 364_400
    return longitude, latitude


def _transverse_mercator(longitude: float, latitude: float) -> Point:
    eccentricity = 2 * math.sqrt(_N) / (1 + _N)
    sine = math.sin(latitude)
    conformal = math.sinh(math.atanh(sine) - eccentricity * math.atanh(eccentricity * sine))
    xi = math.atan2(conformal, math.cos(longitude))
    eta = math.asinh(math.sin(longitude) / math.hypot(conformal, math.cos(longitude)))
    terms = list(enumerate(_KRUEGER, 1))
    east = eta + sum(a * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, a in terms)
    north = xi + sum(a * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, a in terms)
    return _SCALE * _RADIUS_M * east, _SCALE * _RADIUS_M * north


@dataclass(frozen=True)
class _Polygon:
    rings: list[Ring]
    west: float
    south: float
    east: float
    north: float

    def is_near(self, point: Point, feet: float) -> bool:
        x, y = point
        return (
            self.west - feet <= x <= self.east + feet
            and self.south - feet <= y <= self.north + feet
        )

    def contains(self, point: Point) -> bool:
        """Whether a ray to the east crosses the borders an odd number of times."""
        x, y = point
        inside = False
        for (ax, ay), (bx, by) in self._borders():
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                inside = not inside
        return inside

    def distance(self, point: Point) -> float:
        return min(_distance(point, a, b) for a, b in self._borders())

    def _borders(self) -> Iterable[tuple[Point, Point]]:
        for ring in self.rings:
            yield from pairwise(ring)


def _distance(point: Point, a: Point, b: Point) -> float:
    """From a point to the straight line between two others."""
    (x, y), (ax, ay), (bx, by) = point, a, b
    length = math.hypot(bx - ax, by - ay)
    along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length**2 if length else 0.0
    along = min(1.0, max(0.0, along))
    return math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay))


class CityOutline:
    """The union of the community areas.

    Args:
        areas: each one's multipolygon in degrees, as raw has it: `MULTIPOLYGON (((-87.6 41.8, …`.
    """

    def __init__(self, areas: Iterable[str]) -> None:
        self._polygons = [
            _polygon(text) for area in areas for text in re.findall(r"\(\(([^()].*?)\)\)", area)
        ]

    def is_within(self, longitude: float, latitude: float, feet: float) -> bool:
        """Whether a place is in the city, or outside it but no farther than so many feet."""
        point = state_plane(longitude, latitude)
        near = [polygon for polygon in self._polygons if polygon.is_near(point, feet)]
        return any(polygon.contains(point) for polygon in near) or any(
            polygon.distance(point) <= feet for polygon in near
        )


def _polygon(text: str) -> _Polygon:
    rings = [
        [_corner(corner) for corner in ring.split(",")] for ring in re.split(r"\)\s*,\s*\(", text)
    ]
    xs, ys = zip(*(corner for ring in rings for corner in ring), strict=True)
    return _Polygon(rings, min(xs), min(ys), max(xs), max(ys))


def _corner(text: str) -> Point:
    longitude, latitude = (float(part) for part in text.split())
    return state_plane(longitude, latitude)
