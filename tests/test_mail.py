"""What is sent by mail gets there, or is recorded as what did not, and fails nothing."""

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from flows import mail_server as sending
from flows.mail import Message, tell
from tests.contents import rows
from tests.smtp_server import certificate, mail_server, text_of
from warehouse.errors import WrongCall
from warehouse.records import make_tables
from warehouse.settings import Target, mail_settings

pytestmark = [
    pytest.mark.usefixtures("prefect_server"),
    pytest.mark.parametrize("target", ["duckdb"], indirect=True),
]

ALERT = Message("old data", "crashes", "crashes: the data is old", "# Old\n\n| a | b |\n|--|--|\n")
SECRET = "correct horse battery staple"  # noqa: S105 - of the test's own server


@pytest.fixture(autouse=True)
def ops(warehouse: Target) -> None:
    make_tables(warehouse)


@pytest.fixture(autouse=True)
def patience_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "BACKOFF_S", 0.01)


def recorded(target: Target) -> list[dict[str, Any]]:
    return rows(
        target,
        "select recipient, status, error from ops.notifications order by sent_at, recipient",
    )


def test_a_message_is_sent_over_tls_to_each_address_by_itself(
    warehouse: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, file = certificate(tmp_path)
    password = tmp_path / "password"
    password.write_text(f"{SECRET}\n")
    password.chmod(0o600)
    with mail_server(login=("warehouse", SECRET), tls=context) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        monkeypatch.setenv("WAREHOUSE_SMTP_USER", "warehouse")
        monkeypatch.setenv("WAREHOUSE_SMTP_PASSWORD_FILE", str(password))
        monkeypatch.setenv("WAREHOUSE_MAIL_TO", "a@example.org, b@example.org")
        tell(warehouse, [ALERT], "a run")
    assert sorted(address for address, _ in server.messages) == ["a@example.org", "b@example.org"]
    for address, message in server.messages:
        assert (message["To"], message["From"]) == (address, "warehouse@example.org")
        assert message["Subject"] == ALERT.subject
        assert message["Date"]
        assert message["Message-ID"].endswith("@example.org>")
        assert message.get_content_type() == "multipart/alternative"
        assert text_of(message) == ALERT.markdown
        assert "<table style=" in text_of(message, "html")
    assert (
        rows(warehouse, "select kind, about, run_id, status from ops.notifications")
        == [{"kind": "old data", "about": "crashes", "run_id": "a run", "status": "sent"}] * 2
    )


def test_a_server_of_an_unknown_certificate_is_given_no_password(
    warehouse: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, _ = certificate(tmp_path)
    with mail_server(login=("warehouse", SECRET), tls=context) as server:
        monkeypatch.setenv("WAREHOUSE_SMTP_USER", "warehouse")
        monkeypatch.setenv("WAREHOUSE_SMTP_PASSWORD", SECRET)
        [one] = tell(warehouse, [ALERT], None)
    assert one.status == "failed"
    assert "certificate" in (one.error or "").lower()
    assert "SSL_CERT_FILE" in (one.error or "")
    assert server.logins == []


@pytest.mark.parametrize(
    ("replies", "count", "said"),
    [
        (["451 4.7.1 come back later", "421 busy"], 1, None),
        (["451 4.7.1 come back later"] * 4, 0, "451 4.7.1 come back later"),
        (["554 5.7.1 no", "250 never asked for"], 0, "(554 5.7.1 no): check WAREHOUSE_MAIL_FROM"),
    ],
    ids=["later", "never", "no"],
)
def test_what_may_pass_is_tried_again_and_what_cannot_is_not(
    warehouse: Target, replies: list[str], count: int, said: str | None
) -> None:
    with mail_server() as server:
        server.replies = list(replies)
        [one] = tell(warehouse, [ALERT], None)
        assert len(server.messages) == count
        assert server.replies == (replies[1:] if "554" in replies[0] else [])
    assert one.status == ("failed" if said else "sent")
    assert said is None or said in (one.error or "")
    assert recorded(warehouse) == [
        {"recipient": "analyst@example.org", "status": one.status, "error": one.error}
    ]


def test_an_address_that_is_refused_keeps_the_message_from_no_other(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server() as server:
        server.refused = {"gone@example.org"}
        monkeypatch.setenv("WAREHOUSE_MAIL_TO", "gone@example.org,analyst@example.org")
        tell(warehouse, [ALERT], None)
    assert [address for address, _ in server.messages] == ["analyst@example.org"]
    gone, there = recorded(warehouse)
    assert (gone["status"], there["status"]) == ("failed", "sent")
    assert "no such user here" in gone["error"]


def test_a_server_that_says_nothing_is_given_up(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MAIL_TIMEOUT_S", 0.3)
    monkeypatch.setattr(sending, "RETRIES", 1)
    with mail_server() as server:
        server.wait_s = 2
        [one] = tell(warehouse, [ALERT], None)
    assert one.status == "failed"
    assert f"127.0.0.1:{server.port} does not answer" in (one.error or "")
    assert socket.getdefaulttimeout() is None


def test_a_server_that_is_not_there_is_tried_again_and_said(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sending, "BACKOFF_S", 1.0)
    monkeypatch.setattr(sending, "RETRIES", 1)
    everyone = [f"{name}@example.org" for name in ("analyst", "b", "c", "d", "e", "f")]
    with mail_server():
        monkeypatch.setenv("WAREHOUSE_SMTP_PORT", "9")
        monkeypatch.setenv("WAREHOUSE_MAIL_TO", ",".join(everyone))
        began = time.monotonic()
        told = tell(warehouse, [ALERT], None)
        # All of them at once: one after another they would take six seconds and more.
        assert 1 < time.monotonic() - began < 5
    assert [one.recipient for one in told] == everyone
    assert {one.status for one in told} == {"failed"}
    one = told[0]
    assert "127.0.0.1:9 does not answer" in (one.error or "")
    assert "WAREHOUSE_SMTP_HOST" in (one.error or "")
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert f"mail: not sent to analyst@example.org: {ALERT.subject}: {one.error}" in said


def test_a_password_that_is_refused_is_in_no_log_error_or_record(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server(login=("warehouse", "another")) as server:
        monkeypatch.setenv("WAREHOUSE_SMTP_USER", "warehouse")
        monkeypatch.setenv("WAREHOUSE_SMTP_PASSWORD", SECRET)
        assert SECRET not in repr(mail_settings())
        [one] = tell(warehouse, [ALERT], None)
    # It came, in each of the two ways that the server knows, and in one attempt: a wrong password
    # is as wrong the next time.
    assert server.logins == [("warehouse", SECRET)] * 2
    assert one.status == "failed"
    assert "refuses the user 'warehouse' (reply 535)" in (one.error or "")
    assert "WAREHOUSE_SMTP_PASSWORD" in (one.error or "")
    everything = caplog.text + repr(rows(warehouse, "select * from ops.notifications"))
    assert "535" in everything
    assert SECRET not in everything


@pytest.mark.parametrize(
    ("has_tls", "settings", "said"),
    [
        (False, {"TLS": "ssl"}, "check WAREHOUSE_SMTP_TLS and WAREHOUSE_SMTP_PORT"),
        (False, {"TLS": "starttls"}, "check WAREHOUSE_SMTP_TLS"),
        (True, {"TLS": "none"}, "check WAREHOUSE_SMTP_TLS"),
        (True, {"TLS": "none", "USER": "warehouse"}, "check WAREHOUSE_SMTP_TLS, as many offer it"),
        (False, {}, "check WAREHOUSE_SMTP_USER and WAREHOUSE_SMTP_PASSWORD"),
    ],
    ids=["no TLS", "no STARTTLS", "STARTTLS wanted", "no login before TLS", "login wanted"],
)
def test_a_server_that_is_other_than_the_settings_say_is_told_with_what_to_check(
    warehouse: Target,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_tls: bool,
    settings: dict[str, str],
    said: str,
) -> None:
    tls = certificate(tmp_path)[0] if has_tls else None
    with mail_server(login=("warehouse", SECRET), tls=tls) as server:
        for name, value in settings.items():
            monkeypatch.setenv(f"WAREHOUSE_SMTP_{name}", value)
        [one] = tell(warehouse, [ALERT], None)
    assert one.status == "failed"
    assert f": {said}" in (one.error or "")
    assert said != "check WAREHOUSE_SMTP_TLS" or (one.error or "").endswith(said)
    assert server.messages == []


def test_without_a_server_it_is_said_and_recorded_that_none_is_set_up(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAREHOUSE_SMTP_HOST", raising=False)
    tell(warehouse, [ALERT], None)
    assert recorded(warehouse) == [{"recipient": None, "status": "not set up", "error": None}]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WAREHOUSE_SMTP_TLS", "tsl", "'tsl': choose starttls, ssl or none"),
        ("WAREHOUSE_SMTP_PORT", "smtp", "'smtp': expected 1 to 65535"),
        ("WAREHOUSE_MAIL_TO", "", "expected addresses, with commas between them, like"),
        ("WAREHOUSE_MAIL_FROM", "a@b.org, c@d.org", "expected an address like"),
        ("WAREHOUSE_SMTP_PASSWORD_FILE", "/nowhere/password", "No such file"),
        ("WAREHOUSE_SMTP_HOST", "mail.example.org", "would show the password"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_it(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    with mail_server() as server:
        monkeypatch.setenv("WAREHOUSE_SMTP_USER", "warehouse")
        monkeypatch.setenv(name, value)
        with pytest.raises(WrongCall) as refused:
            mail_settings()
        [one] = tell(warehouse, [ALERT], None)
    assert said in str(refused.value)
    assert "WAREHOUSE_" in str(refused.value)
    # A run is not failed by it, and says it all the same.
    assert (one.status, one.error) == ("failed", str(refused.value))
    assert server.messages == []


def test_a_password_file_that_others_may_read_is_refused(
    warehouse: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text(SECRET)
    file.chmod(0o640)
    with mail_server():
        monkeypatch.setenv("WAREHOUSE_SMTP_PASSWORD_FILE", str(file))
        with pytest.raises(WrongCall, match=f"chmod 600 {file}"):
            mail_settings()
