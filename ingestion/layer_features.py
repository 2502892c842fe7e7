"""Takes the features of a user's file: checked, repaired, in longitude and latitude."""

from dataclasses import dataclass

import pyarrow as pa

from ingestion.layer_contents import LayerContents
from ingestion.layer_geometry import (
    Kind,
    check_kinds,
    check_place,
    keys_where,
    listed,
    repair,
    take_single_points,
    transform,
    unite,
)
from warehouse.errors import WarehouseError


@dataclass(frozen=True)
class Features:
    """The features of a file, as raw is to have them.

    Attributes:
        kind: what all of them are.
        rows: one a feature, all as text: `feature_id`, `label`, `properties` (a JSON object of
            the other fields) and `geometry` (WKT, EPSG:4326, longitude first).
        source: the file's name.
        key_column: the field that is the `feature_id`.
        label_column: the field that is the `label`, if any.
        spatial_reference: what the file's coordinates were in.
        repaired: the keys of the polygons that were invalid.
    """

    kind: Kind
    rows: pa.Table
    source: str
    key_column: str
    label_column: str | None
    spatial_reference: str
    repaired: tuple[str, ...]


def read_features(
    contents: LayerContents, key: str, label: str | None = None, *, dissolve: bool = False
) -> Features:
    """Check the features of a file and make them ready for raw.

    Args:
        contents: the file, read into a session.
        key: the field that tells its features apart.
        label: the field that names them for people.
        dissolve: unite the pieces that have one key; the first says their label and the rest.

    Raises:
        WrongCall: there is no such field.
        WarehouseError: a key is blank or doubled, or the geometry is missing, of another kind,
            out of place or beyond repair; names the features by their keys.
    """
    session = contents.session
    key_field = contents.field("--key", key)
    label_field = contents.field("--label", label) if label else None
    others = [field for field in contents.fields if field.name not in (key, label)]
    members = ", ".join(f"{_literal(field.name)}, {field.value}" for field in others)
    session.execute(
        f"create table features as select place, {key_field.text} as feature_id,"
        f" {label_field.text if label_field else 'cast(null as varchar)'} as label,"
        f" cast(json_object({members}) as varchar) as properties, geometry from loaded"
    )
    _check_keys(contents, key)
    kind = check_kinds(contents)
    if not dissolve:
        _check_doubled_keys(contents, key, kind)
    transform(contents)
    check_place(contents)
    repaired = repair(contents) if kind == "polygons" else ()
    if dissolve:
        unite(session)
    if kind == "points":
        take_single_points(contents)
    rows = session.sql(
        "select feature_id, label, properties, ST_AsText(geometry) as geometry"
        " from features order by place"
    ).to_arrow_table()
    return Features(
        kind, rows, contents.path.name, key, label, contents.spatial_reference, repaired
    )


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _check_keys(contents: LayerContents, key: str) -> None:
    blank = keys_where(contents.session, "coalesce(trim(feature_id), '') = ''")
    if blank:
        raise WarehouseError(
            f"{contents.path}: the key '{key}' is blank in {len(blank)} of {contents.features}"
            " features: fill it, or name another field with --key"
        )


def _check_doubled_keys(contents: LayerContents, key: str, kind: Kind) -> None:
    doubled = list(
        dict.fromkeys(
            keys_where(
                contents.session,
                "feature_id in (select feature_id from features group by 1 having count(*) > 1)",
            )
        )
    )
    if doubled:
        cure = (
            "add --dissolve to unite the pieces of each"
            if kind == "polygons"
            else "give each point a value of its own"
        )
        raise WarehouseError(
            f"{contents.path}: features share a value of the key '{key}' ({listed(doubled)}): name"
            f" another field with --key, or {cure}"
        )
