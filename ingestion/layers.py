"""The layers of a user's own in raw: which there are, and their features."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ingestion.catalog import load_catalog
from ingestion.layer_features import Features
from warehouse.connection import Connection, connect, create_tables, has_table
from warehouse.errors import WrongCall
from warehouse.lock import sync_lock
from warehouse.settings import Target

# As long as PostgreSQL lets a name be.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_TABLES = (
    """
    create table if not exists raw.layers (
        name text primary key,
        kind text not null,
        source text not null,
        key_column text not null,
        label_column text,
        spatial_reference text not null,
        features integer not null,
        repaired integer not null,
        is_active boolean not null,
        added_at timestamp not null
    )
    """,
    """
    create table if not exists raw.layer_features (
        layer text not null,
        feature_id text not null,
        label text,
        properties text not null,
        geometry text not null
    )
    """,
)


@dataclass(frozen=True)
class Layer:
    """A layer of a user's own.

    Attributes:
        name: which the models know it by.
        kind: `points` or `polygons`.
        source: the name of the file that it came from.
        key_column: the file's field that tells its features apart.
        label_column: the field that names them for people, if any.
        spatial_reference: what the file's coordinates were in.
        features: how many it has.
        repaired: how many of its polygons were invalid in the file.
        is_active: the models join it.
        added_at: when, in UTC.
    """

    name: str
    kind: str
    source: str
    key_column: str
    label_column: str | None
    spatial_reference: str
    features: int
    repaired: int
    is_active: bool
    added_at: datetime


def make_tables(target: Target) -> None:
    """See that the tables are there, if empty: the models read them."""
    with connect(target) as connection:
        _ensure_tables(connection)


def check_name(name: str) -> None:
    """Refuse what cannot be a layer's name.

    Raises:
        WrongCall: it is none that a table could have, or a dataset's.
    """
    if not _NAME.fullmatch(name):
        raise WrongCall(
            f"'{name}' cannot be a layer's name: expected small letters, digits and underscores,"
            " a letter first, at most 63, such as school_zones"
        )
    if name in load_catalog().datasets:
        raise WrongCall(f"'{name}' is the name of a dataset of the portal: choose another")


def add_layer(target: Target, name: str, features: Features, *, replace: bool = False) -> Layer:
    """Keep a layer in raw, from where the next build takes it.

    Args:
        target: the warehouse.
        name: of the layer.
        features: what it consists of.
        replace: take the place of the layer that has this name, should there be one.

    Raises:
        WrongCall: the name cannot be one, or there is such a layer already.
        WarehouseError: the warehouse is in use or cannot be opened.
    """
    check_name(name)
    layer = Layer(
        name=name,
        kind=features.kind,
        source=features.source,
        key_column=features.key_column,
        label_column=features.label_column,
        spatial_reference=features.spatial_reference,
        features=features.rows.num_rows,
        repaired=len(features.repaired),
        is_active=True,
        added_at=datetime.now(UTC).replace(tzinfo=None),
    )
    with sync_lock(target), connect(target) as connection:
        _ensure_tables(connection)
        if not replace and name in _names(connection):
            raise WrongCall(
                f"there is a layer '{name}' already: choose another name, or add --replace"
            )
        _delete(connection, name)
        connection.execute(
            "insert into raw.layers values ($1, $2, $3, $4, cast($5 as text), $6, $7, $8, $9,"
            " cast(cast($10 as text) as timestamp))",
            (
                layer.name,
                layer.kind,
                layer.source,
                layer.key_column,
                layer.label_column,
                layer.spatial_reference,
                layer.features,
                layer.repaired,
                layer.is_active,
                layer.added_at.isoformat(sep=" "),
            ),
        )
        connection.execute(
            "insert into raw.layer_features"
            " select cast($1 as text), feature_id, label, properties, geometry from new_features",
            (name,),
            tables={"new_features": features.rows},
        )
    return layer


def list_layers(target: Target) -> list[Layer]:
    """All layers, active or not, by name.

    Raises:
        WarehouseError: there is no warehouse.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "raw", "layers"):
            return []
        found = connection.fetch(
            "select name, kind, source, key_column, label_column, spatial_reference, features,"
            " repaired, is_active, added_at from raw.layers order by name"
        )
    return [Layer(**row) for row in found.to_pylist()]


def set_active(target: Target, name: str, *, is_active: bool) -> None:
    """Have the next build join a layer or leave it out.

    Raises:
        WrongCall: there is no such layer.
        WarehouseError: there is no warehouse, or it is in use.
    """
    with _changing(target, name) as connection:
        connection.execute(
            "update raw.layers set is_active = $1 where name = $2", (is_active, name)
        )


def remove_layer(target: Target, name: str) -> None:
    """Delete a layer and its features from raw.

    Raises:
        WrongCall: there is no such layer.
        WarehouseError: there is no warehouse, or it is in use.
    """
    with _changing(target, name) as connection:
        _delete(connection, name)


@contextmanager
def _changing(target: Target, name: str) -> Iterator[Connection]:
    """A session in which to change a layer that is there."""
    # Before the lock, which would make the file of a warehouse that is not there.
    _refuse_unknown(name, [layer.name for layer in list_layers(target)])
    with sync_lock(target), connect(target) as connection:
        _refuse_unknown(name, _names(connection))
        yield connection


def _refuse_unknown(name: str, known: list[str]) -> None:
    if name not in known:
        raise WrongCall(
            f"there is no layer '{name}': "
            + (f"choose from {', '.join(known)}" if known else "none was added yet")
        )


def _names(connection: Connection) -> list[str]:
    names: list[str] = connection.fetch("select name from raw.layers order by name")[
        "name"
    ].to_pylist()
    return names


def _delete(connection: Connection, name: str) -> None:
    connection.execute("delete from raw.layer_features where layer = $1", (name,))
    connection.execute("delete from raw.layers where name = $1", (name,))


def _ensure_tables(connection: Connection) -> None:
    create_tables(connection, "raw", _TABLES)
