"""Keys for rows to which the City gives none, so that a record stays the same record.

Without a key only three things say that a row was there before: the portal's own `:id`, which
an upsert keeps and a re-publication does not; equal content; and the columns that place it,
such as the time and the place of a death.
"""

import hashlib
import string
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalog import MADE_KEY, Dataset

Row = tuple[str | None, ...]

# What staging takes for no value, as its macro `tidy` has it: nothing but blanks, controls and
# characters without width, or a word for it.
_NO_WIDTH = r"[\x{200B}\x{2060}\x{FEFF}]"
_BLANKS = (
    r"[\x{0}-\x{20}\x{7F}-\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]*"
)
_NO_KEY = rf"(?i)^{_BLANKS}(null|n/a)?{_BLANKS}$"
# What no such text begins with.
_PLAIN = pa.array(sorted(set(string.ascii_letters + string.digits) - set("nN")))


def without_key(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether a key of the City's names no record: it is null, blank or `NULL`."""
    first = pc.utf8_slice_codeunits(keys, 0, 1)
    if pc.all(pc.is_in(first, value_set=_PLAIN)).as_py():
        return pa.chunked_array([pa.repeat(False, len(keys))])
    visible = pc.replace_substring_regex(keys, _NO_WIDTH, "")
    return pc.fill_null(pc.match_substring_regex(visible, _NO_KEY), True)


def record_keys(dataset: Dataset, rows: pa.Table) -> pa.ChunkedArray:
    """What names each row's record, of rows that have their `_record_key`."""
    made = rows[MADE_KEY]
    return pc.coalesce(made, rows[dataset.key]) if dataset.key else made


@dataclass
class _Record:
    key: str
    row_id: str
    content: Row


class MadeKeys:
    """Gives each row without a key the key of the record that it is a version of.

    Args:
        columns: the source columns.
        made_from: those of them that place a record; all of them, if none do better.
        newest: the newest version of each record that raw has: `_record_key`, `_row_id` and
            those of the source columns that raw knows.
        still_there: asks which of the known records' `:id`s the portal has now. Asked once at
            most, and only when a row could be a known record under another `:id`.
        former: the versions before those, with the same columns, for rows that may be as old:
            those of a file. A death that was moved since is still found by what it was.
    """

    def __init__(
        self,
        columns: Sequence[str],
        made_from: Sequence[str],
        newest: pa.Table,
        still_there: Callable[[Collection[str]], set[str]],
        former: pa.Table | None = None,
    ) -> None:
        self._columns = sorted(columns)
        self._places = [self._columns.index(name) for name in made_from or self._columns]
        self._still_there = still_there
        self._live: set[str] | None = None
        self._seen: set[str] = set()
        self._by_row_id: dict[str, _Record] = {}
        self._by_place: defaultdict[Row, list[_Record]] = defaultdict(list)
        self._by_former: defaultdict[Row, list[_Record]] = defaultdict(list)
        self._by_key: dict[str, _Record] = {}
        for key, row_id, content in zip(
            newest["_record_key"].to_pylist(),
            newest["_row_id"].to_pylist(),
            self._contents(newest),
            strict=True,
        ):
            self._remember(_Record(key, row_id, content))
        if former:
            keys = former["_record_key"].to_pylist()
            for key, content in zip(keys, self._contents(former), strict=True):
                self._by_former[content].append(self._by_key[key])

    def assign(self, page: pa.Table) -> list[str]:
        """The key of the record of each fetched row; they need their `_row_id`."""
        rows = list(zip(page["_row_id"].to_pylist(), self._contents(page), strict=True))
        self._seen.update(row_id for row_id, _ in rows)
        keys: dict[int, str] = {}
        # The surest sign first for all rows: a changed row must not take an unchanged one's key.
        signs = (
            self._same_row,
            self._same_content,
            self._same_former_content,
            self._same_place,
            self._new,
        )
        for find in signs:
            for position, (row_id, content) in enumerate(rows):
                if position not in keys and (record := find(row_id, content)):
                    self._renew(record, row_id, content)
                    keys[position] = record.key
        return [keys[position] for position in range(len(rows))]

    def _same_row(self, row_id: str, content: Row) -> _Record | None:
        return self._by_row_id.get(row_id)

    def _same_content(self, row_id: str, content: Row) -> _Record | None:
        return next((r for r in self._gone(content) if r.content == content), None)

    def _same_former_content(self, row_id: str, content: Row) -> _Record | None:
        return next(iter(self._unmet(self._by_former.get(content, []))), None)

    def _same_place(self, row_id: str, content: Row) -> _Record | None:
        # Of two deaths at one place and time the one that is equal in more of its columns.
        return max(self._gone(content), key=lambda r: _agreement(r.content, content), default=None)

    def _new(self, row_id: str, content: Row) -> _Record:
        """A record under a digest of what places it, and a number where several share that."""
        placed = "\x1f".join("\x00" if value is None else value for value in self._place(content))
        digest = hashlib.sha256(placed.encode()).hexdigest()[:16]
        number = 1
        while (key := f"{digest}-{number}") in self._by_key:
            number += 1
        record = _Record(key, row_id, content)
        self._remember(record)
        return record

    def _gone(self, content: Row) -> list[_Record]:
        """The known records of the same place whose row the portal has no more."""
        return self._unmet(self._by_place[self._place(content)])

    def _unmet(self, records: list[_Record]) -> list[_Record]:
        unseen = [r for r in records if r.row_id not in self._seen]
        if unseen and self._live is None:
            self._live = self._still_there(self._by_row_id.keys())
        return [r for r in unseen if r.row_id not in (self._live or ())]

    def _remember(self, record: _Record) -> None:
        self._by_row_id[record.row_id] = record
        self._by_place[self._place(record.content)].append(record)
        self._by_key[record.key] = record

    def _renew(self, record: _Record, row_id: str, content: Row) -> None:
        self._by_place[self._place(record.content)].remove(record)
        record.row_id, record.content = row_id, content
        self._remember(record)

    def _place(self, content: Row) -> Row:
        return tuple(content[position] for position in self._places)

    def _contents(self, table: pa.Table) -> Iterator[Row]:
        absent = [None] * table.num_rows  # in versions from before the portal had the column
        known = set(table.column_names)
        return zip(
            *(table[name].to_pylist() if name in known else absent for name in self._columns),
            strict=True,
        )


def _agreement(one: Row, other: Row) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))
