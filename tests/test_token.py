"""The app token is sent to the portal and is nowhere else to be found."""

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.portal import portal_identity
from ingestion.sample_portal import SamplePortal
from ingestion.soda import PortalError
from tests.commands import warehouse_command
from tests.loads import CATALOG, IDS, load
from warehouse.connection import connect
from warehouse.settings import Target, soda_settings

TOKEN = "tokenOfAPerson0123456789"  # noqa: S105 - of these tests

pytestmark = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__SODA__APP_TOKEN", TOKEN)


@pytest.mark.usefixtures("prefect_server")
def test_a_portal_that_quotes_the_token_does_not_bring_it_into_any_record(
    own_portal: SamplePortal,
    warehouse: Target,
    warehouse_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(warehouse_folder))
    said = f"Invalid app_token specified: {TOKEN}. " + "." * 150 + TOKEN
    own_portal.misbehave("status", dataset=IDS["wards"], status=403, message=said)
    own_portal.misbehave("status", dataset=IDS["wards"], what="aggregate", message=said)
    answer = warehouse_command("sync", "wards", "crashes", "--no-build")
    assert answer.returncode == 1
    assert "with 403: Invalid app_token specified: ***" in answer.stderr
    assert "with 503: Invalid app_token specified: ***" in answer.stdout, "asked again"
    assert all(request["has_token"] for request in own_portal.requests())
    with connect(warehouse, read_only=True) as connection:
        runs = connection.fetch("select * from ops.sync_runs").to_pylist()
        loads = connection.fetch("select * from ops.dataset_loads").to_pylist()
    assert "***" in str(runs)
    assert "***" in str(loads)
    half = TOKEN[:12]
    assert half not in answer.stdout + answer.stderr + str(runs) + str(loads)
    written = [path for path in warehouse_folder.rglob("*") if path.is_file()]
    assert "warehouse.duckdb" in [path.name for path in written]
    assert [path for path in written if half.encode() in path.read_bytes()] == []


def test_the_files_of_a_load_do_not_hold_it(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_folder = shutil.rmtree
    seen: list[bytes] = []

    def look_and_remove(folder: Path, *arguments: Any, **options: Any) -> None:
        seen.extend(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())
        remove_folder(folder, *arguments, **options)

    monkeypatch.setattr(shutil, "rmtree", look_and_remove)
    load("wards", warehouse)
    assert any(b"app_token" in content for content in seen), "dlt's trace of its settings"
    assert not any(TOKEN.encode() in content for content in seen)


def test_a_token_that_breaks_the_line_is_refused_without_being_shown(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__APP_TOKEN", f"{TOKEN}\nX-Other: 1")
    answer = warehouse_command("sync")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "SOURCES__SODA__APP_TOKEN" in answer.stderr
    assert TOKEN not in answer.stdout + answer.stderr


def test_settings_that_are_printed_do_not_show_it(target: Target) -> None:
    assert soda_settings().app_token == TOKEN
    assert TOKEN not in repr(soda_settings())


@pytest.fixture
def elsewhere(own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A portal that sends everybody on to another host, quoting the token in the address."""

    class Redirect(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            token = self.headers["X-App-Token"]
            self.send_header("Location", f"{own_portal.url}{self.path}?app_token={token}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("SOURCES__SODA__BASE_URL", f"http://localhost:{server.server_port}")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("elsewhere")
def test_it_is_not_taken_along_to_another_host(own_portal: SamplePortal, warehouse: Target) -> None:
    with pytest.raises(PortalError, match=r"sends .* on to .*SOURCES__SODA__BASE_URL") as refused:
        portal_identity(CATALOG["wards"], warehouse)
    assert TOKEN not in str(refused.value)
    assert own_portal.requests() == []
