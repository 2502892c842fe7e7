"""What a table holds, in so few words that two copies or states of it can be compared."""

from typing import NamedTuple

from warehouse.connection import Connection, has_table

# Of a file that is no backup of a warehouse, on either engine.
HAS_NO_TABLE = "it has no table of a warehouse"
TAKE_ANOTHER = "choose another backup, of those that 'warehouse maintain' has tested"


class Contents(NamedTuple):
    """What a table holds.

    Attributes:
        rows: how many.
        digest: a sum of the hashes of the whole rows, so whatever their order; comparable with
            that of another table on the same engine and version.
        bytes: its size with indexes; none where a table has no size of its own.
    """

    rows: int
    digest: str
    bytes: int | None


def state_of(connection: Connection, name: str) -> str:
    """A text that is another when a table of raw has other records.

    It has the last load that brought rows, and what was marked as deleted or unmarked since.
    """
    if not has_table(connection, "raw", name):
        return "not loaded"
    loaded = connection.fetch(f'select max(_dlt_load_id) as last from raw."{name}"')
    marked = connection.fetch(
        "select count(*) as n, max(deleted_at) as deleted_at, max(restored_at) as restored_at,"
        " count(restored_at) as restored from ops.record_deletions where dataset = $1",
        (name,),
    )
    values = [*loaded.to_pylist()[0].values(), *marked.to_pylist()[0].values()]
    return " ".join(map(str, values))
