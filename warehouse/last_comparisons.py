"""As of which change at the portal a dataset was found whole, so that it is not compared again.

Where neither side has changed since, the comparison would find what it found before.
"""

from warehouse.connection import Connection, connect, create_tables, has_table
from warehouse.contents import state_of
from warehouse.settings import Target

_TABLES = (
    """
    create table if not exists ops.last_comparisons (
        dataset text primary key,
        rows_updated_at bigint not null,
        state text not null
    )
    """,
)


def note_comparison(connection: Connection, dataset: str, rows_updated_at: int | None) -> None:
    """Note within the session of a comparison what it was made of.

    Args:
        connection: that session, after what was found is written.
        dataset: which was compared whole.
        rows_updated_at: when the portal's rows last changed, in seconds since 1970, as read before
            they were counted; none where the next sync is to compare whatever the portal says.
    """
    create_tables(connection, "ops", _TABLES)
    connection.execute("delete from ops.last_comparisons where dataset = $1", (dataset,))
    if rows_updated_at is not None:
        connection.execute(
            "insert into ops.last_comparisons values ($1, $2, $3)",
            (dataset, rows_updated_at, state_of(connection, dataset)),
        )


def is_compared(target: Target, dataset: str, rows_updated_at: int) -> bool:
    """Whether it was found whole when the portal's rows had last changed then, as raw is now."""
    with connect(target) as connection:
        if not has_table(connection, "ops", "last_comparisons"):
            return False
        found = connection.fetch(
            "select state from ops.last_comparisons where dataset = $1 and rows_updated_at = $2",
            (dataset, rows_updated_at),
        )
        states: list[str] = found["state"].to_pylist()
        return states == [state_of(connection, dataset)]
