"""The mail server of the settings, as `prefect-email` sends by it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.mime.multipart import MIMEMultipart
from email.utils import formatdate, make_msgid
from smtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from ssl import SSLCertVerificationError, SSLError
from types import TracebackType
from typing import Any, cast

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff
from prefect_email import EmailServerCredentials, email_send_message
from pydantic import PrivateAttr

from serving.pages import html
from warehouse.errors import WarehouseError
from warehouse.settings import MAIL_TIMEOUT_S, MailSettings, MailTls

RETRIES = 3
# Seconds before the first retry, and twice that before each next one: a server that restarts, or
# that lets a stranger wait, is met again.
BACKOFF_S = 5.0
_TYPES: dict[MailTls, str] = {"starttls": "STARTTLS", "ssl": "SSL", "none": "INSECURE"}
# SMTP's replies from 400 to 499 are of faults that pass; above, a repetition is of no use.
_FIRST_LASTING_REPLY = 500
# Of a server that takes messages only after STARTTLS (RFC 3207) or a login (RFC 4954).
_MORE_WANTED = 530


class MailError(WarehouseError):
    """A mail server did not take a message.

    Attributes:
        is_passing: it may take it a little later.
    """

    def __init__(self, message: str, *, is_passing: bool) -> None:
        super().__init__(message)
        self.is_passing = is_passing


@contextmanager
def silence_ends() -> Iterator[None]:
    """A block in which no mail server is waited for without end.

    The library leaves the time-out to Python's default, which is none; what has sockets beside it
    in this process sets its own.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(MAIL_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


async def send(settings: MailSettings, address: str, subject: str, markdown: str) -> None:
    """Send a message to one address, as Markdown and as HTML; a passing fault is borne.

    The caller sees that silence ends.

    Raises:
        MailError: the server did not take it.
    """
    sending = email_send_message.with_options(
        name="send mail",
        retries=RETRIES,
        retry_delay_seconds=exponential_backoff(backoff_factor=BACKOFF_S),
        retry_jitter_factor=0.5,
        retry_condition_fn=_may_pass,
        # The same message twice is two.
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    server = _MailServer(
        smtp_server=settings.host,
        smtp_port=settings.port,
        smtp_type=_TYPES[settings.tls],
        username=settings.user,
        password=settings.password,
    )
    server._settings = settings
    await sending(
        subject=" ".join(subject.split()),
        msg=html(subject, markdown),
        msg_plain=markdown,
        email_server_credentials=server,
        email_from=settings.sender,
        email_to=address,
    )


async def _may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    try:
        await state.aresult()
    except MailError as error:
        return error.is_passing
    except Exception:
        return False
    return False


class _MailServer(EmailServerCredentials):  # type: ignore[misc]
    """A server that is not waited for without end, and whose refusals are one line each."""

    _block_type_name = "Mail server of the warehouse"
    _settings: MailSettings = PrivateAttr()

    def get_server(self) -> SMTP:
        """A session with the server, logged in."""
        try:
            return cast(SMTP, _Session(super().get_server(), self._settings))
        except OSError as error:
            raise _in_words(error, self._settings) from None


class _Session:
    """What the library needs of a session: to be opened, to send, to be closed."""

    def __init__(self, session: SMTP, settings: MailSettings) -> None:
        self._session, self._settings = session, settings

    def __enter__(self) -> "_Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._session.quit()
        except OSError:
            # The server has taken the message or refused it; how it says goodbye is no matter.
            self._session.close()

    def send_message(self, message: MIMEMultipart) -> None:
        """Send the message, of whose two parts a client shows one."""
        message.set_type("multipart/alternative")
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._settings.sender.partition("@")[2])
        try:
            self._session.send_message(message)
        except OSError as error:
            raise _in_words(error, self._settings) from None


def _in_words(error: OSError, settings: MailSettings) -> MailError:
    """Why a message was not taken; what a server says of a login may quote it and is left out."""
    server = f"the mail server {settings.host}:{settings.port}"
    if isinstance(error, SMTPAuthenticationError):
        return MailError(
            f"{server} refuses the user '{settings.user}' (reply {error.smtp_code}): check"
            " WAREHOUSE_SMTP_USER and WAREHOUSE_SMTP_PASSWORD",
            is_passing=error.smtp_code < _FIRST_LASTING_REPLY,
        )
    if isinstance(error, SMTPRecipientsRefused):
        [(code, reply)] = error.recipients.values()
        return _refusal(server, code, reply, "WAREHOUSE_MAIL_TO")
    if isinstance(error, SMTPResponseException):
        setting = "WAREHOUSE_MAIL_FROM"
        if error.smtp_code == _MORE_WANTED:
            is_tls = "STARTTLS" in str(error.smtp_error)
            setting = (
                "WAREHOUSE_SMTP_TLS"
                if is_tls
                else "WAREHOUSE_SMTP_USER and WAREHOUSE_SMTP_PASSWORD"
            )
        return _refusal(server, error.smtp_code, error.smtp_error, setting)
    if isinstance(error, SMTPException) and not isinstance(error, SMTPServerDisconnected):
        # smtplib has no error of its own for these: it names what the server does not offer.
        cure = (
            "WAREHOUSE_SMTP_TLS, as many offer it after that alone, or leave WAREHOUSE_SMTP_USER"
            " unset where the server asks for none"
            if "auth" in str(error).lower()
            else "WAREHOUSE_SMTP_TLS"
        )
        return MailError(f"{server}: {error}: check {cure}", is_passing=False)
    if isinstance(error, SSLCertVerificationError):
        return MailError(
            f"{server} shows no certificate that is trusted ({error.verify_message}): check"
            " WAREHOUSE_SMTP_HOST, or name its authority's file in SSL_CERT_FILE",
            is_passing=False,
        )
    if isinstance(error, SSLError):
        return MailError(
            f"{server} does not speak TLS as it is asked to ({error.reason or error}): check"
            " WAREHOUSE_SMTP_TLS and WAREHOUSE_SMTP_PORT",
            is_passing=False,
        )
    return MailError(
        f"{server} does not answer ({error}): check WAREHOUSE_SMTP_HOST and WAREHOUSE_SMTP_PORT",
        # A name that is not known will not be known in a minute.
        is_passing=not isinstance(error, socket.gaierror) or error.errno == socket.EAI_AGAIN,
    )


def _refusal(server: str, code: int, reply: bytes | str, setting: str) -> MailError:
    said = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return MailError(
        f"{server} refuses the message ({code} {said}): check {setting}",
        is_passing=code < _FIRST_LASTING_REPLY,
    )
