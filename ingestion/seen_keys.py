"""Which records a first load has met, in so little memory that millions may be remembered."""

import duckdb
import pyarrow as pa


class SeenKeys:
    """The keys of the records met so far, of each a hash of 8 bytes."""

    def __init__(self) -> None:
        self._session = duckdb.connect()
        self._session.execute("create table seen (key_hash ubigint)")

    def note(self, keys: pa.ChunkedArray) -> bool:
        """Note a page's keys; true if one of them may have been met on a page before.

        It is true for each that was, and by chance for one in trillions that was not.
        """
        self._session.register("page", pa.table({"record_key": keys}))
        met = self._session.execute(
            "select 1 from page where hash(record_key) in (select key_hash from seen) limit 1"
        ).fetchall()
        self._session.execute("insert into seen select hash(record_key) from page")
        self._session.unregister("page")
        return bool(met)
