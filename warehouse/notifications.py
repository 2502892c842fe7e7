"""The record of what was told: each report and alert, to whom, and whether it got there."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from warehouse.connection import connect, create_tables, has_table
from warehouse.errors import WarehouseError
from warehouse.settings import Target

Outcome = Literal["sent", "failed", "not set up"]

_TABLES = (
    """
    create table if not exists ops.notifications (
        notification_id text primary key,
        sent_at timestamp not null,
        kind text not null,
        about text not null,
        recipient text,
        subject text not null,
        run_id text,
        status text not null,
        error text
    )
    """,
)
_LAST_TOLD = """
    select kind, about, max(sent_at) as sent_at
    from ops.notifications
    where status in ('sent', $1)
    group by kind, about
"""


@dataclass(frozen=True)
class Notification:
    """A message that was to be sent to one address.

    Attributes:
        kind: what it is: `report`, or a kind of alert, such as `old data`.
        about: what it tells of, such as a dataset; with the kind it names the matter.
        subject: its subject line.
        status: whether the mail server took it, or why it was not sent.
        recipient: the address; none where no mail is set up.
        run_id: the run in Prefect that sent it, or that it tells of; `trigger` of `ops.sync_runs`
            and the time lead from there to the run of the warehouse.
        error: why the server did not take it.
    """

    kind: str
    about: str
    subject: str
    status: Outcome
    recipient: str | None = None
    run_id: str | None = None
    error: str | None = None


def record_notifications(target: Target, told: Iterable[Notification]) -> None:
    """Record messages, sent or not, each as a row of `ops.notifications`.

    Raises:
        WarehouseError: there is no warehouse; none is made for that.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "sync_runs"):
            raise WarehouseError(f"nothing was ever loaded into {target}: run 'warehouse sync'")
    with connect(target) as connection:
        create_tables(connection, "ops", _TABLES)
        for one in told:
            connection.execute(
                "insert into ops.notifications values ($1, cast(cast($2 as text) as timestamp),"
                " $3, $4, cast($5 as text), $6, cast($7 as text), $8, cast($9 as text))",
                (
                    str(uuid.uuid4()),
                    datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" "),
                    one.kind,
                    one.about,
                    one.recipient,
                    one.subject,
                    one.run_id,
                    one.status,
                    one.error,
                ),
            )


def last_told(target: Target, *, by_mail: bool) -> dict[tuple[str, str], datetime]:
    """When each matter was last told, in UTC, by its kind and what it is about.

    Args:
        target: the warehouse.
        by_mail: only what was sent; else also what the log alone was told, as no mail was set up.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "notifications"):
            return {}
        found = connection.fetch(_LAST_TOLD, ("sent" if by_mail else "not set up",)).to_pylist()
    return {(row["kind"], row["about"]): row["sent_at"].replace(tzinfo=UTC) for row in found}
