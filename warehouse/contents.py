"""What a table holds, in so few words that two copies of it can be compared."""

from typing import NamedTuple

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
