"""What a table holds, in so few words that two copies or states of it can be compared."""

import json
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

    It is a JSON object: the last load that brought rows (`load`), and how many of its records were
    marked as deleted or unmarked, and when the last was (`marked`, `deleted_at`, `restored`,
    `restored_at`); an empty one where there is no such table.
    """
    if not has_table(connection, "raw", name):
        return "{}"
    loaded = connection.fetch(f'select max(_dlt_load_id) as load from raw."{name}"')
    marked = connection.fetch(
        "select count(*) as marked, max(deleted_at) as deleted_at, max(restored_at) as restored_at,"
        " count(restored_at) as restored from ops.record_deletions where dataset = $1",
        (name,),
    )
    return json.dumps({**loaded.to_pylist()[0], **marked.to_pylist()[0]}, default=str)
