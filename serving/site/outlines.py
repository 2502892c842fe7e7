"""Boundaries with no more points than one can see.

Not by the engines' own st_simplify: which points of a ring that leaves depends on the version of
GEOS that each was built with, and a site is the same of either.
"""

import json
from math import hypot
from typing import Any

Point = tuple[float, float]
Line = tuple[list[int | None], list[int | None]]


def outline(geojson: str, tolerance_ft: float) -> Line:
    """The rings of a polygon, or of several, as one line with a gap after each.

    Args:
        geojson: its geometry, in feet.
        tolerance_ft: how far a point that is left out may be from the line.
    """
    geometry: dict[str, Any] = json.loads(geojson)
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    x: list[int | None] = []
    y: list[int | None] = []
    for rings in polygons:
        for ring in rings:
            kept = _thinned([(point[0], point[1]) for point in ring], tolerance_ft)
            x += [*(round(point[0]) for point in kept), None]
            y += [*(round(point[1]) for point in kept), None]
    return x[:-1], y[:-1]


def _thinned(points: list[Point], tolerance: float) -> list[Point]:
    """The points without which the line would be elsewhere.

    Of Douglas and Peucker, "Algorithms for the reduction of the number of points required to
    represent a digitized line or its caricature" (1973): between two points that are kept the
    farthest from their chord is kept too, if it is farther than the tolerance.
    """
    kept = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        distance, farthest = max(
            (
                (_from_chord(points[each], points[first], points[last]), each)
                for each in range(first + 1, last)
            ),
            default=(0.0, first),
        )
        if distance > tolerance:
            kept.add(farthest)
            spans += [(first, farthest), (farthest, last)]
    return [points[each] for each in sorted(kept)]


def _from_chord(point: Point, first: Point, last: Point) -> float:
    """How far a point is from the chord, or from its end where that has no length, as of a ring."""
    across, up = last[0] - first[0], last[1] - first[1]
    length = hypot(across, up)
    if length == 0:
        return hypot(point[0] - first[0], point[1] - first[1])
    return abs(across * (first[1] - point[1]) - (first[0] - point[0]) * up) / length
