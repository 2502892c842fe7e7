"""Checks the geometry of a user's file and makes it what raw is to have.

All of it works on the table `features` of the file's session: `place`, `feature_id`, `label`,
`properties` and `geometry`. Errors name the features by their keys.
"""

from collections.abc import Iterable
from textwrap import shorten
from typing import Literal

import duckdb

from ingestion.layer_contents import WGS84, LayerContents
from warehouse.errors import WarehouseError

Kind = Literal["points", "polygons"]

# Illinois and its borders, with the lake. What lies outside of it was not meant to: a map of
# Chicago in feet, or with latitude before longitude, is the world's other end.
_WEST, _EAST, _SOUTH, _NORTH = -92, -87, 36.5, 43
# In degrees: from one datum to another it is a hundred metres.
_LARGEST_SHIFT = 0.1
# Enough to see what the coordinates are like.
_LONGEST_WKT = 60
# A line that lists more keys than this is read by nobody.
_KEYS_A_LINE = 5
_KINDS: dict[str, Kind] = {
    "POINT": "points",
    "MULTIPOINT": "points",
    "POLYGON": "polygons",
    "MULTIPOLYGON": "polygons",
}


def listed(keys: Iterable[str]) -> str:
    """Some keys for one line, and how many more there are."""
    every = list(keys)
    more = len(every) - _KEYS_A_LINE
    return ", ".join(every[:_KEYS_A_LINE]) + (f" and {more} more" if more > 0 else "")


def keys_where(session: duckdb.DuckDBPyConnection, condition: str) -> list[str]:
    """The keys of the features for which the SQL holds, in the file's order."""
    found = session.execute(f"select feature_id from features where {condition} order by place")
    return [str(key) for (key,) in found.fetchall()]


def check_kinds(contents: LayerContents) -> Kind:
    """Say what the features are, all of which must have a geometry of that kind."""
    session = contents.session
    bare = keys_where(session, "geometry is null or ST_IsEmpty(geometry)")
    if len(bare) == contents.features:
        raise WarehouseError(
            f"{contents.path}: the layer is empty: none of its {len(bare)} features has a geometry"
        )
    if bare:
        raise WarehouseError(
            f"{contents.path}: no geometry in {len(bare)} of {contents.features} features"
            f" ({listed(bare)}): leave them out of the file, or draw them"
        )
    counted = session.execute(
        "select cast(ST_GeometryType(geometry) as varchar), count(*) from features"
        " group by 1 order by 2 desc, 1"
    ).fetchall()
    kinds = {_KINDS.get(name) for name, _ in counted}
    [kind, *more] = kinds
    if more or not kind:
        found = ", ".join(f"{count} {name.lower()}" for name, count in counted)
        raise WarehouseError(
            f"{contents.path} has {found}: expected either points or polygons, and nothing else:"
            " leave the others out of the file"
        )
    return kind


def transform(contents: LayerContents) -> None:
    """Bring the geometry to longitude and latitude, and drop heights."""
    try:
        contents.session.execute(
            "update features set geometry ="
            " ST_Transform(ST_Force2D(geometry), ?, ?, always_xy := true)",
            [contents.definition, WGS84],
        )
    except duckdb.Error as error:
        cause = str(error).partition("\n")[0].partition(" Error: ")[2]
        raise WarehouseError(
            f"{contents.path}: {contents.spatial_reference} cannot be transformed to longitude and"
            f" latitude: {cause[:200]}; save the file in EPSG:4326"
        ) from error


def _is_within(geometry: str) -> str:
    """The SQL of whether a geometry lies within the bounds."""
    return (
        f"ST_XMin({geometry}) >= {_WEST} and ST_XMax({geometry}) <= {_EAST}"
        f" and ST_YMin({geometry}) >= {_SOUTH} and ST_YMax({geometry}) <= {_NORTH}"
    )


def check_place(contents: LayerContents) -> None:
    """Refuse features of which any vertex is out of bounds or not finite.

    Degrees that are stated to be feet or metres would come to lie at the origin of the State Plane,
    which is within the bounds: what was within them before must not have been moved far.
    """
    outside = contents.session.execute(
        f"""
        select feature_id, ST_AsText(loaded.geometry)
        from features
        inner join loaded on features.place = loaded.place
        where not ({_is_within("features.geometry")})
            or regexp_matches(ST_AsText(features.geometry), 'nan|inf', 'i')
            or (
                {_is_within("loaded.geometry")}
                and abs(ST_XMin(features.geometry) - ST_XMin(loaded.geometry)) > {_LARGEST_SHIFT}
            )
        order by features.place
        """
    ).fetchall()
    if not outside:
        return
    key, written = outside[0]
    raise WarehouseError(
        f"{contents.path}: {len(outside)} of {contents.features} features would not be in or near"
        f" Illinois (longitude {_WEST} to {_EAST}, latitude {_SOUTH} to {_NORTH}), the first with"
        f" the key '{key}', {shorten(written, _LONGEST_WKT, placeholder='…')} in"
        f" {contents.spatial_reference}: the file's spatial reference or the order of its axes may"
        " be wrong"
    )


def repair(contents: LayerContents) -> tuple[str, ...]:
    """Repair the polygons that are invalid, and say which those were.

    Each part by itself, else what two parts have in common would be taken for a hole.
    """
    session = contents.session
    session.execute(
        """
        create table repaired as
        with parts as (
            select place, unnest(ST_Dump(geometry)).geom as part
            from features
            where not ST_IsValid(geometry)
        ),
        -- What fails, as a ring does that is not closed, is left without geometry.
        valid as (
            select place, try(ST_CollectionExtract(ST_MakeValid(part), 3)) as part from parts
        )
        select
            place,
            case when count(*) = count(part) then ST_Union_Agg(part) end as geometry
        from valid
        group by place
        """
    )
    lost = keys_where(
        session,
        "place in (select place from repaired where geometry is null or ST_IsEmpty(geometry))",
    )
    if lost:
        raise WarehouseError(
            f"{contents.path}: {len(lost)} of {contents.features} polygons cannot be repaired"
            f" ({listed(lost)}): a ring is not closed, or they have no area"
        )
    keys = keys_where(session, "place in (select place from repaired)")
    session.execute(
        "update features set geometry = repaired.geometry from repaired"
        " where features.place = repaired.place"
    )
    return tuple(dict.fromkeys(keys))


def unite(session: duckdb.DuckDBPyConnection) -> None:
    """Make one feature of those that have one key; the first in the file says the rest."""
    session.execute(
        """
        create or replace table features as
        select
            min(place) as place,
            feature_id,
            first(label order by place) as label,
            first(properties order by place) as properties,
            case
                when count(*) = 1 then first(geometry)
                else ST_Union_Agg(geometry)
            end as geometry
        from features
        group by feature_id
        """
    )


def take_single_points(contents: LayerContents) -> None:
    """Take a multi-point of one point for that point, and refuse those of more."""
    several = keys_where(contents.session, "ST_NPoints(geometry) > 1")
    if several:
        raise WarehouseError(
            f"{contents.path}: more than one point in a feature ({listed(several)}): give each"
            " point a key of its own; --dissolve unites polygons"
        )
    contents.session.execute(
        "update features set geometry = ST_Point(ST_XMin(geometry), ST_YMin(geometry))"
    )
