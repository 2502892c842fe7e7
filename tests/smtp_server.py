"""A mail server for tests: aiosmtpd on a port of loopback, which keeps what it is sent."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = "250 taken"


@dataclass
class MailServer:
    """What the server does with a message, and what it has been sent.

    Attributes:
        replies: to the next messages, such as `451 later`; then each is taken.
        refused: addresses that it does not know.
        wait_s: how long it says nothing, in seconds.
        logins: the users and passwords that it was given.
    """

    port: int = 0
    replies: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    wait_s: float = 0
    messages: list[tuple[str, EmailMessage]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.wait_s)
        reply = self.replies.pop(0) if self.replies else OK
        if reply == OK:
            content = envelope.content
            assert isinstance(content, bytes)
            parsed = message_from_bytes(content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.messages += [(address, parsed) for address in envelope.rcpt_tos]
        return reply

    @property
    def subjects(self) -> list[str]:
        """Of all messages, in the order in which they came."""
        return [str(message["Subject"]) for _, message in self.messages]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """A part of a message."""
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


class _FreePort(Controller):
    """Listens on whichever port is free, and says which."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(
    *, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[MailServer]:
    """A server, and the settings pointing to it.

    Args:
        login: the user and the password that it wants.
        tls: with which it speaks after STARTTLS, and only then.
    """
    kept = MailServer()

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        given = (getattr(data, "login", b"").decode(), getattr(data, "password", b"").decode())
        kept.logins.append(given)
        return AuthResult(success=given == login, handled=False)

    controller = _FreePort(
        kept,
        hostname="127.0.0.1",
        port=0,
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=authenticate if login else None,
        auth_required=login is not None,
        auth_require_tls=tls is not None,
    )
    controller.start()
    kept.port = controller.port
    try:
        with pytest.MonkeyPatch.context() as settings:
            settings.setenv("WAREHOUSE_SMTP_HOST", "127.0.0.1")
            settings.setenv("WAREHOUSE_SMTP_PORT", str(kept.port))
            settings.setenv("WAREHOUSE_SMTP_TLS", "starttls" if tls else "none")
            settings.setenv("WAREHOUSE_MAIL_FROM", "warehouse@example.org")
            settings.setenv("WAREHOUSE_MAIL_TO", "analyst@example.org")
            for name in ("USER", "PASSWORD", "PASSWORD_FILE"):
                settings.delenv(f"WAREHOUSE_SMTP_{name}", raising=False)
            yield kept
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A certificate of this machine that signs itself: a context for the server, and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "localhost.pem", folder / "localhost.key"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return context, public
