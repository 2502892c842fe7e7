"""Wards, community areas and police beats that tile the city without gap or overlap.

The city is a set of half-mile cells; a place is a group of them. Every cell corner on a border is
kept as a vertex, in all the places that meet there, so the borders stay equal in any projection.
"""

from dataclasses import dataclass

from ingestion.sample_portal.tables import read_table

Cell = tuple[int, int]  # row (to the north), column (to the east), in half miles from the Loop
Corner = tuple[int, int]  # column, row

WARDS = 50
COMMUNITY_AREAS = 77
DISTRICTS = [n for n in range(1, 26) if n not in (13, 21, 23)]
# Districts 1 to 10 of the list have 13 beats, the others 12: 274, and beat 3100 besides.
BEATS = {district: 13 if i < 10 else 12 for i, district in enumerate(DISTRICTS)}
SCATTERED_BEAT = 3100  # belongs to no district of the city and lies in three pieces
SQUARE_FEET_OF_A_CELL = 2640.0**2
FEET_OF_AN_EDGE = 2640.0


@dataclass(frozen=True)
class Place:
    """A place of a layer; `piece` counts the rows of one number."""

    layer: str
    number: int
    piece: int
    cells: tuple[Cell, ...]

    @property
    def border_feet(self) -> float:
        """The length of the border."""
        return len(_border(self.cells)) * FEET_OF_AN_EDGE

    @property
    def square_feet(self) -> float:
        """The area."""
        return len(self.cells) * SQUARE_FEET_OF_A_CELL


def city_cells() -> list[Cell]:
    """The cells inside the city's rough outline."""
    return sorted(
        (int(band["row"]), column)
        for band in read_table("city_rows")
        for column in range(int(band["west"]), int(band["east"]))
    )


def all_places() -> list[Place]:
    """Every ward, community area and beat."""
    cells = city_cells()
    layers = (("ward", WARDS), ("area", COMMUNITY_AREAS))
    places = [
        Place(layer, number, 1, tuple(part))
        for layer, count in layers
        for number, part in enumerate(_split(cells, count), start=1)
    ]
    return places + _beats(cells)


def multipolygon(cells: tuple[Cell, ...]) -> str:
    """The outline of the cells as WKT in longitude and latitude."""
    rings = (
        "((" + ", ".join(_degrees(corner) for corner in [*ring, ring[0]]) + "))"
        for ring in _rings(cells)
    )
    return f"MULTIPOLYGON ({', '.join(rings)})"


def _beats(cells: list[Cell]) -> list[Place]:
    # three cells in corners of the city, so that no other beat gets a hole
    scattered = [cells[0], min(cells, key=lambda cell: cell[1]), cells[-1]]
    places = [Place("beat", SCATTERED_BEAT, i, (cell,)) for i, cell in enumerate(scattered, 1)]
    rest = [cell for cell in cells if cell not in scattered]
    for district, part in zip(DISTRICTS, _split(rest, len(DISTRICTS)), strict=True):
        for i, beat in enumerate(_split(part, BEATS[district])):
            number = district * 100 + (1 + i % 3) * 10 + 1 + i // 3
            places.append(Place("beat", number, 1, tuple(beat)))
    return places


def _split(cells: list[Cell], parts: int) -> list[list[Cell]]:
    """Halve along the longer side until there are so many parts of about equal size."""
    if parts == 1:
        return [cells]
    rows, columns = zip(*cells, strict=True)
    by_row = max(rows) - min(rows) >= max(columns) - min(columns)
    ordered = sorted(cells, key=lambda cell: cell if by_row else (cell[1], cell[0]))
    first = parts // 2
    cut = round(len(cells) * first / parts)
    return _split(ordered[:cut], first) + _split(ordered[cut:], parts - first)


def _border(cells: tuple[Cell, ...]) -> dict[tuple[Corner, Corner], None]:
    """The directed edges between a cell of the place and one outside, the place on their left."""
    edges: dict[tuple[Corner, Corner], None] = {}
    for row, column in cells:
        corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
        for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
            if (end, start) in edges:
                del edges[(end, start)]
            else:
                edges[(start, end)] = None
    return edges


def _rings(cells: tuple[Cell, ...]) -> list[list[Corner]]:
    """The border as closed rings, counter-clockwise; where two touch in a corner they stay two."""
    following: dict[Corner, list[Corner]] = {}
    for start, end in _border(cells):
        following.setdefault(start, []).append(end)
    rings = []
    while following:
        start = next(iter(following))
        ring = [start]
        here = following[start].pop()
        before = start
        while here != start:
            ring.append(here)
            before, here = here, _left_most(before, here, following[here])
        rings.append(ring)
        following = {corner: ends for corner, ends in following.items() if ends}
    return rings


def _left_most(before: Corner, here: Corner, ends: list[Corner]) -> Corner:
    def turn(end: Corner) -> int:
        return (here[0] - before[0]) * (end[1] - here[1]) - (here[1] - before[1]) * (
            end[0] - here[0]
        )

    end = max(ends, key=turn)
    ends.remove(end)
    return end


def _degrees(corner: Corner) -> str:
    """The same figures as the macros latitude_of, longitude_of and cell_at in macros.sql."""
    longitude = -87.6278 + (corner[0] * 0.5 + 0.0625) * 0.0193800
    latitude = 41.8820 + (corner[1] * 0.5 + 0.0625) * 0.0144890
    return f"{longitude:.12f} {latitude:.12f}"
