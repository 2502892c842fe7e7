"""Tells everyone who is to be told, and records in `ops` what came of it.

Nothing here fails a run: who wants something told has done its work, and a mail server that
refuses is recorded in `ops.notifications` and said in the log.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass

from flows.mail_server import send, silence_ends
from flows.progress import watcher
from flows.runs import one_line, turn
from warehouse.errors import WarehouseError, WrongCall
from warehouse.notifications import Notification, Outcome, record_notifications
from warehouse.settings import MailSettings, Target, mail_settings

# Sessions with the mail server; some servers take no more of one client.
_AT_ONCE = 8


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
    told = _told(list(messages), run_id)
    if told:
        try:
            with readable(target):
                record_notifications(target, told)
        except Exception as error:
            watcher().warn(f"not recorded in ops.notifications: {one_line(error)}")
    return told


def _told(messages: list[Message], run_id: str | None) -> list[Notification]:
    try:
        settings = mail_settings()
    except WarehouseError as error:
        for message in messages:
            watcher().warn(f"mail: not sent: {message.subject}: {error}")
        why = str(error)
        return [_outcome(message, "failed", run_id=run_id, error=why) for message in messages]
    if settings is None:
        none = "mail: none is set up (WAREHOUSE_SMTP_HOST), not sent"
        for message in messages:
            watcher().say(f"{none}: {message.subject}")
        return [_outcome(message, "not set up", run_id=run_id) for message in messages]
    # At once, as a server that is away is waited for; in threads, as to connect blocks.
    with silence_ends(), ThreadPoolExecutor(_AT_ONCE) as pool:
        sending = [
            pool.submit(copy_context().run, _sent, message, settings, address, run_id)
            for message in messages
            for address in settings.recipients
        ]
        return [one.result() for one in sending]


def _outcome(
    message: Message,
    status: Outcome,
    address: str | None = None,
    run_id: str | None = None,
    error: str | None = None,
) -> Notification:
    return Notification(
        message.kind, message.about, message.subject, status, address, run_id, error
    )


def _sent(
    message: Message, settings: MailSettings, address: str, run_id: str | None
) -> Notification:
    """Send to one address: a server that refuses another keeps nothing from this one."""
    try:
        asyncio.run(send(settings, address, message.subject, message.markdown))
    except Exception as error:
        watcher().warn(f"mail: not sent to {address}: {message.subject}: {one_line(error)}")
        return _outcome(message, "failed", address, run_id, one_line(error))
    watcher().say(f"mail: sent to {address}: {message.subject}")
    return _outcome(message, "sent", address, run_id)
