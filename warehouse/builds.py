"""What the marts were last built from, so that a build takes up only what has changed since."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from warehouse.connection import Connection, connect, create_tables, has_table
from warehouse.contents import state_of
from warehouse.settings import Target

_TABLES = (
    """
    create table if not exists ops.last_build (
        built_at timestamp not null,
        relations bigint not null,
        project text not null,
        sources text not null
    )
    """,
)
_OF_CRASHES = frozenset(("crashes", "people", "vehicles", "fatalities"))
_RELATIONS = """
    select count(*) as n from information_schema.tables
    where table_schema in ('staging', 'intermediate', 'marts')
"""


@dataclass(frozen=True)
class Sources:
    """What a build reads.

    Attributes:
        day: the day in UTC; what a model counts up to today changes with it.
        project: a digest of the models, seeds and macros.
        tables: by the name of a table of raw, a text that is another when its rows are.
    """

    day: date
    project: str
    tables: Mapping[str, str]

    def read_before(self, changed: Iterable[str]) -> dict[str, object] | None:
        """What was read of tables that have changed since, for models that take up those alone.

        None where one of them is not of the records of crashes: each crash is joined to the layers.
        """
        if not _OF_CRASHES.issuperset(changed):
            return None
        return {name: json.loads(self.tables.get(name, "{}")) for name in changed}

    def changed_since(self, last: "Sources | None") -> list[str] | None:
        """The tables that changed since the last build; none where everything is to be built."""
        if last is None or (last.day, last.project) != (self.day, self.project):
            return None
        return [name for name, state in self.tables.items() if last.tables.get(name) != state]


def present_sources(target: Target, project: str, datasets: Iterable[str]) -> Sources:
    """What a build that began now would read.

    Args:
        target: the warehouse, whose tables of raw and of `ops` are there.
        project: a digest of the models, seeds and macros.
        datasets: the names of the tables of raw.
    """
    with connect(target) as connection:
        tables = {name: state_of(connection, name) for name in datasets}
        tables["layers"] = _state_of_layers(connection)
    return Sources(datetime.now(UTC).date(), project, tables)


def last_build(target: Target) -> Sources | None:
    """What the last build read; none if it failed, or something that it made is gone since."""
    with connect(target) as connection:
        if not has_table(connection, "ops", "last_build"):
            return None
        last = connection.fetch("select * from ops.last_build").to_pylist()
        if not last or last[0]["relations"] != _relations(connection):
            return None
    [row] = last
    return Sources(row["built_at"].date(), row["project"], json.loads(row["sources"]))


def forget_build(target: Target) -> None:
    """Let the next build be one of everything; what is begun may not come to its end."""
    with connect(target) as connection:
        create_tables(connection, "ops", _TABLES)
        connection.execute("delete from ops.last_build")


def record_build(target: Target, sources: Sources) -> None:
    """Record that everything is built from these sources."""
    built_at = datetime.combine(sources.day, datetime.min.time()).isoformat(sep=" ")
    with connect(target) as connection:
        connection.execute(
            "insert into ops.last_build values (cast(cast($1 as text) as timestamp), $2, $3, $4)",
            (
                built_at,
                _relations(connection),
                sources.project,
                json.dumps(dict(sources.tables), sort_keys=True),
            ),
        )


def _state_of_layers(connection: Connection) -> str:
    """Which layers of a user's own there are, since when, and whether they are joined."""
    layers = connection.fetch("select name, added_at, is_active from raw.layers order by name")
    return json.dumps(layers.to_pylist(), default=str)


def _relations(connection: Connection) -> int:
    found: int = connection.fetch(_RELATIONS)["n"][0].as_py()
    return found
