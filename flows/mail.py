"""Tells everyone who is to be told, and records in `ops` what came of it.

Nothing here fails a run: who wants something told has done its work, and a mail server that
refuses is recorded in `ops.notifications` and said in the log.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from flows.mail_server import send
from flows.progress import watcher
from flows.runs import one_line, turn
from warehouse.errors import WarehouseError, WrongCall
from warehouse.notifications import Notification, record_notifications
from warehouse.settings import MailSettings, Target, mail_settings


@dataclass(frozen=True)
class Message:
    """What is to be told.

    Attributes:
        kind: `report`, or a kind of alert.
        about: what it tells of; with the kind it names the matter.
        subject: its subject line.
        markdown: what it says.
    """

    kind: str
    about: str
    subject: str
    markdown: str


def readable(target: Target) -> AbstractContextManager[None]:
    """A block in which the warehouse can be read, and a row of `ops` written.

    DuckDB lets nobody in while a run writes, so a deployment waits for its turn; PostGIS does.
    """
    return turn(target) if target == "duckdb" else nullcontext()


def is_set_up() -> bool:
    """Whether mail is to be sent; settings that are wrong say so when it is."""
    try:
        return mail_settings() is not None
    except WrongCall:
        return True


def tell(target: Target, messages: Iterable[Message], run_id: str | None) -> list[Notification]:
    """Send messages, each to each address by itself, and record what came of them.

    Args:
        target: the warehouse that records it; the caller does not hold it, as mail takes its time.
        messages: what is told.
        run_id: the run in Prefect that tells it, or that it tells of.
    """
    told = [one for message in messages for one in _told(message, run_id)]
    if told:
        try:
            with readable(target):
                record_notifications(target, told)
        except Exception as error:
            watcher().warn(f"not recorded in ops.notifications: {one_line(error)}")
    return told


def _told(message: Message, run_id: str | None) -> list[Notification]:
    about = (message.kind, message.about, message.subject)
    try:
        settings = mail_settings()
    except WarehouseError as error:
        watcher().warn(f"mail: not sent: {message.subject}: {error}")
        return [Notification(*about, "failed", run_id=run_id, error=str(error))]
    if settings is None:
        watcher().say(f"mail: none is set up (WAREHOUSE_SMTP_HOST), not sent: {message.subject}")
        return [Notification(*about, "not set up", run_id=run_id)]
    return [_sent(message, settings, address, run_id) for address in settings.recipients]


def _sent(
    message: Message, settings: MailSettings, address: str, run_id: str | None
) -> Notification:
    """Send to one address: a server that refuses another keeps nothing from this one."""
    about = (message.kind, message.about, message.subject)
    try:
        asyncio.run(send(settings, address, message.subject, message.markdown))
    except Exception as error:
        watcher().warn(f"mail: not sent to {address}: {message.subject}: {one_line(error)}")
        return Notification(*about, "failed", address, run_id, one_line(error))
    watcher().say(f"mail: sent to {address}: {message.subject}")
    return Notification(*about, "sent", address, run_id)
