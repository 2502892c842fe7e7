"""Reads the bodies of answers; what is not whole, or not what was asked for, is refused."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.csv as pc
import requests

# Must hold the longest row, which is a ward's outline of some 100 kB. Of larger blocks a table's
# columns no longer fit into the processor's cache, and of two threads each costs the other more
# than it does: with 16 MB and threads, reading took four times the processor's time.
_CSV_BLOCK_BYTES = 1 << 21

# What the readers raise on a body that is not what was asked for.
UNREADABLE = (ValueError, LookupError, TypeError, pa.ArrowInvalid)


def csv_reader(names: Sequence[str]) -> Callable[[requests.Response], pa.Table]:
    """A reader of CSV bodies with these columns: an Arrow table of text, null apart from `""`."""

    def read(response: requests.Response) -> pa.Table:
        kind = response.headers.get("Content-Type", "nothing")
        if not kind.startswith("text/csv"):
            raise ValueError(f"expected text/csv, got {kind}")
        # Each row ends with a line break: without it the last value may be half of what it was.
        if not response.content.endswith(b"\n"):
            raise ValueError("the body ends in the middle of a row")
        table = pc.read_csv(
            pa.BufferReader(response.content),
            read_options=pc.ReadOptions(block_size=_CSV_BLOCK_BYTES, use_threads=False),
            parse_options=pc.ParseOptions(newlines_in_values=True),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        if table.column_names != list(names):
            raise ValueError(f"expected the columns {list(names)}, got {table.column_names}")
        return table

    return read


def single_number(response: requests.Response) -> int:
    """The number `n` of an aggregate's one row.

    Raises:
        ValueError: there is no such row, or more than one.
    """
    rows = response.json()
    if len(rows) != 1:
        raise ValueError(f"expected one row with a count, got {len(rows)} rows")
    return int(rows[0]["n"])


def refuse_stale(response: requests.Response) -> None:
    """Raise when a replica answered that is behind: it would hide what changed last.

    Raises:
        ValueError: it says so itself.
    """
    if response.headers.get("X-SODA2-Data-Out-Of-Date", "").lower() == "true":
        raise ValueError("a stale replica answered (X-SODA2-Data-Out-Of-Date)")
