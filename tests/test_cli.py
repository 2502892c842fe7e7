"""What the command line answers, to good calls and to bad ones."""

import io
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg2
import pytest

from ingestion.sample_portal import SamplePortal
from tests.commands import command_here, warehouse_command
from warehouse.connection import connect
from warehouse.lock import sync_lock
from warehouse.settings import Target

# Far above what a refusal takes, far below what it takes to start Prefect or dbt.
QUICK_S = 5.0

REQUIRED = ("crashes", "people", "vehicles", "fatalities")

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)
on_postgis = pytest.mark.parametrize("target", ["postgis"], indirect=True)


def assert_one_line(answer: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    """The last word is one line on standard error that names the thing, and nothing around it."""
    assert answer.returncode == code, answer.stderr
    assert answer.stderr.count("\n") == 1, answer.stderr
    assert answer.stderr.startswith("warehouse: ")
    for part in parts:
        assert part in answer.stderr


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (["sync", "crashs"], ["'crashs'", "crashes, people, vehicles", "traffic_signals"]),
        (["sync", "--target", "oracle"], ["'oracle'", "duckdb, postgis"]),
        (["build", "--target", "oracle"], ["'oracle'", "duckdb, postgis"]),
        (["sync", "--since", "2024-02-30"], ["--since", "'2024-02-30'", "2024-05-31"]),
        (["sync", "--until", "yesterday"], ["--until", "'yesterday'", "2024-05-31"]),
        (["sync", "--since", "2024-02-01", "--until", "2024-02-01"], ["2024-02-01", "not before"]),
        (["sync", "--sample-crashes", "2000"], ["--sample-crashes", "--sample"]),
        (["sync", "--sample", "--sample-crashes", "5"], ["--sample-crashes", "1000"]),
        (["sync", "--fast"], ["--fast"]),
        (["reconcile", "crashs"], ["'crashs'", "crashes, people, vehicles"]),
        (["maintain", "--keep", "0"], ["--keep", "1"]),
        (["restore", "nope.dump", "--into", "w.duckdb"], ["nope.dump", "data/backups"]),
        (["report", "--date", "2024-02-30"], ["--date", "'2024-02-30'", "2024-05-31"]),
        (["sink"], ["'sink'"]),
        (["query"], ["'sql'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_call_gets_one_line_and_2_before_anything_starts(
    call: list[str], parts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DUCKDB_PATH", str(tmp_path / "new" / "warehouse.duckdb"))
    started = time.monotonic()
    answer = warehouse_command(*call)
    assert time.monotonic() - started < QUICK_S
    assert_one_line(answer, 2, *parts)
    assert answer.stdout == ""
    assert not list(tmp_path.iterdir())


def test_an_unknown_target_in_the_environment_is_a_wrong_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBT_TARGET", "oracle")
    assert_one_line(warehouse_command("status"), 2, "'oracle'", "duckdb, postgis")


def test_a_portal_address_that_is_none_is_a_wrong_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__SODA__BASE_URL", "data.example")
    assert_one_line(warehouse_command("sync"), 2, "SOURCES__SODA__BASE_URL", "'data.example'")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "sync",
        "reconcile",
        "load-file",
        "build",
        "status",
        "query",
        "docs",
        "export",
        "report",
        "doctor",
        "maintain",
        "restore",
        "metrics",
        "layers add",
    ],
)
def test_help_answers_at_once(command: str) -> None:
    started = time.monotonic()
    answer = warehouse_command(*command.split(), "--help")
    assert time.monotonic() - started < QUICK_S
    assert answer.returncode == 0
    assert "Usage: warehouse" in answer.stdout


def test_a_command_that_is_called_off_before_it_has_begun_says_so_in_one_line() -> None:
    program = Path(sys.executable).with_name("warehouse")
    # Python tells of each import when it is done: `typer` is one of the first.
    command = [sys.executable, "-X", "importtime", str(program), "site"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as beginning:
        assert beginning.stderr
        for line in beginning.stderr:
            if line.split("|")[-1].strip() == "typer":
                break
        beginning.send_signal(signal.SIGINT)
        said = [line for line in beginning.stderr if not line.startswith("import time:")]
    assert beginning.returncode == -signal.SIGINT
    assert said == ["warehouse: interrupted\n"]


@on_duckdb
@pytest.mark.usefixtures("prefect_server")
def test_a_portal_that_cannot_be_reached_leaves_no_warehouse(
    warehouse: Target, warehouse_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__BASE_URL", "http://127.0.0.1:9")
    answer = warehouse_command("sync")
    assert_one_line(answer, 1, "http://127.0.0.1:9", "Connection refused")
    assert [file.name for file in warehouse_folder.iterdir()] == ["warehouse.duckdb.requests"]


@on_duckdb
@pytest.mark.usefixtures("prefect_server", "warehouse")
def test_a_duckdb_file_in_use_is_named_with_its_user(
    warehouse_folder: Path, own_portal: SamplePortal
) -> None:
    path = warehouse_folder / "warehouse.duckdb"
    with duckdb.connect(path) as session:
        session.execute("create table t as select 1")
        for call in (["sync", "wards"], ["query", "select 1"]):
            assert_one_line(warehouse_command(*call), 1, str(path), f"PID {os.getpid()}")


@pytest.mark.usefixtures("prefect_server")
def test_a_second_sync_at_the_same_time_is_refused(
    warehouse: Target, own_portal: SamplePortal
) -> None:
    with sync_lock(warehouse):
        answer = warehouse_command("sync", "wards", "--target", warehouse)
    assert_one_line(answer, 1, "another sync", "is running")


@on_postgis
@pytest.mark.usefixtures("prefect_server", "warehouse", "own_portal")
class TestPostgis:
    def test_a_wrong_password_is_said_in_one_line(self) -> None:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PGPASSWORD", "wrong")
            answer = warehouse_command("sync", "wards", "--target", "postgis")
        assert_one_line(answer, 1, "password authentication failed", "PGPASSWORD")

    def test_a_server_that_is_not_there_is_said_in_one_line(self) -> None:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PGHOST", "127.0.0.1")
            environment.setenv("PGPORT", "9")
            answer = warehouse_command("status", "--target", "postgis")
        assert_one_line(answer, 1, "Connection refused", "PGHOST")

    def test_a_database_without_postgis_is_said_with_the_cure(self) -> None:
        # An owner who may not create extensions, as on a server without PostGIS's files.
        with closing(psycopg2.connect("")) as session, session, session.cursor() as cursor:
            cursor.execute("drop extension postgis")
            cursor.execute("create role visitor login password 'visitor'")
            cursor.execute("grant all on schema public to visitor")
        try:
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("PGUSER", "visitor")
                environment.setenv("PGPASSWORD", "visitor")
                answer = warehouse_command("sync", "wards", "--target", "postgis")
        finally:
            with closing(psycopg2.connect("")) as session, session, session.cursor() as cursor:
                cursor.execute("drop owned by visitor; drop role visitor")
        assert_one_line(answer, 1, "PostGIS", "postgresql-15-postgis-3")


@on_duckdb
@pytest.mark.usefixtures("models_alone")
def test_sync_says_what_it_did_and_what_to_try(
    warehouse: Target, own_portal: SamplePortal, prefect_server: str
) -> None:
    synced = warehouse_command("sync", *REQUIRED)
    assert synced.returncode == 0, synced.stderr
    lines = synced.stdout.splitlines()
    assert "SAMPLE DATA" in lines[0]
    assert own_portal.url in lines[0]
    assert "marts.crashes_daily" in synced.stdout
    assert lines[-1].startswith("Try: warehouse query")
    assert "Traceback" not in synced.stderr
    tried = warehouse_command(*shlex.split(lines[-1].removeprefix("Try: warehouse ")))
    assert (tried.returncode, len(tried.stdout.splitlines())) == (0, 6)
    # To count every mart again would take most of the time where nothing was built.
    again = warehouse_command("sync", *REQUIRED)
    assert "nothing to build" in again.stdout
    assert "marts." not in again.stdout


def test_a_synced_warehouse_answers_and_is_only_read(
    warehouse: Target,
    own_portal: SamplePortal,
    prefect_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = ("--target", warehouse)
    synced = command_here("sync", "crashes", "--no-build", *target)
    assert synced.returncode == 0, synced.stderr

    status = command_here("status", *target)
    assert status.returncode == 0
    [line] = [line for line in status.stdout.splitlines() if "│ crashes" in line]
    assert "1000" in line
    assert "1,000 new, 0 amended of 1,000" in line

    counted = warehouse_command(
        "query", "select count(*) as n, null as x from raw.crashes", *target
    )
    assert (counted.returncode, counted.stdout) == (0, "n,x\n1000,\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("-- of input\nselect 2 as n"))
    assert command_here("query", "-", *target).stdout == "n\n2\n"
    assert command_here("query", "-- a comment\nselect 3 as n", *target).stdout == "n\n3\n"

    for change in ("delete from raw.crashes", "create table raw.t as select 1 as n"):
        assert_one_line(command_here("query", change, *target), 1, "may only read")
    nope = command_here("query", "select nope from raw.crashes", *target)
    assert_one_line(nope, 1, "nope")
    assert "PGRES" not in nope.stderr
    kind = "blob" if warehouse == "duckdb" else "bytea"
    shape = command_here("query", f"select cast('a' as {kind}) as shape", *target)
    assert (shape.returncode, shape.stdout) == (0, "shape\n61\n")
    with connect(warehouse, read_only=True) as connection:
        assert connection.fetch("select 1 from raw.crashes").num_rows == 1_000

    doctor = command_here("doctor", *target)
    assert doctor.returncode == 0, doctor.stdout
    assert "SAMPLE DATA" in doctor.stdout
    assert "MISS" not in doctor.stdout


@pytest.mark.parametrize("call", [["status"], ["query", "select 1"]])
@on_duckdb
def test_where_there_is_no_warehouse_yet_it_says_how_to_get_one(
    warehouse: Target, call: list[str], warehouse_folder: Path
) -> None:
    assert_one_line(command_here(*call), 1, str(warehouse_folder), "'warehouse sync'")


@on_duckdb
def test_doctor_names_what_is_missing_and_the_cure(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    answer = warehouse_command("doctor")
    assert answer.returncode == 1
    findings = {line.split(":")[0].strip(): line for line in answer.stdout.splitlines()}
    assert "prefect server start" in findings["MISS  Prefect"]
    assert "SOURCES__SODA__BASE_URL" in findings["note  portal"]
    assert "ok    DuckDB" in findings


@on_duckdb
def test_doctor_refuses_a_prefect_server_that_lets_anybody_in_and_wrong_mail(
    warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_HOST", "0.0.0.0")  # noqa: S104
    monkeypatch.setenv("WAREHOUSE_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("WAREHOUSE_SMTP_TLS", "perhaps")
    answer = warehouse_command("doctor")
    assert answer.returncode == 1
    findings = {line.split(":")[0].strip(): line for line in answer.stdout.splitlines()}
    assert "PREFECT_SERVER_API_AUTH_STRING to user:password" in findings["MISS  Prefect's password"]
    assert "WAREHOUSE_SMTP_TLS is 'perhaps'" in findings["note  mail"]
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "one:secret-of-one")
    answer = warehouse_command("doctor")
    assert "ok    Prefect's password" in answer.stdout
    assert "secret-of-one" not in answer.stdout + answer.stderr


def running_children(environment_mark: str) -> list[str]:
    """The commands of all processes with this text in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if environment_mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture
def prefect_home(tmp_path: Path, prefect_database: Path) -> Path:
    """Prefect's folder with a server's database, but no server."""
    home = tmp_path / "prefect-home"
    home.mkdir()
    with (
        closing(sqlite3.connect(f"file:{prefect_database}?mode=ro", uri=True)) as theirs,
        closing(sqlite3.connect(home / "prefect.db")) as ours,
    ):
        theirs.backup(ours)
    return home


@on_duckdb
@pytest.mark.parametrize("ending", [None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_without_a_prefect_server_a_run_brings_its_own_and_leaves_nothing_running(
    warehouse: Target, tmp_path: Path, prefect_home: Path, ending: signal.Signals | None
) -> None:
    mark = f"WAREHOUSE_TEST={tmp_path}"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"},
        "PREFECT_HOME": str(prefect_home),
        "WAREHOUSE_TEST": str(tmp_path),
        "SOURCES__SODA__PAGE_SIZE": "100",
    }
    program = Path(sys.executable).with_name("warehouse")
    size = "1000" if ending is None else "2500"
    run = subprocess.Popen(
        [program, "sync", "wards", "crashes", "--sample", "--sample-crashes", size, "--no-build"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert "SAMPLE DATA" in run.stdout.readline()
    assert any("prefect_api" in command for command in running_children(mark))
    if ending is not None:
        # In the middle of a dataset, and to all of the run, as the Ctrl-C of a terminal.
        assert any("crashes: page 3" in line for line in iter(run.stdout.readline, ""))
        os.killpg(run.pid, ending)
    output, errors = run.communicate(timeout=60)

    until = time.monotonic() + 10
    while running_children(mark) and time.monotonic() < until:
        time.sleep(0.1)
    assert running_children(mark) == []
    if ending is None:
        assert run.returncode == 0, errors
        assert "crashes" in output
    elif ending == signal.SIGKILL:
        assert run.returncode == -signal.SIGKILL
    else:
        assert run.returncode == 1
        assert errors.splitlines() == ["warehouse: interrupted: sync again to carry on from there"]


def test_nothing_is_asked_of_the_network_but_the_portal() -> None:
    code = (
        "import flows, os; print(*(os.environ[name] for name in ('DO_NOT_TRACK',"
        " 'PREFECT_SERVER_ANALYTICS_ENABLED', 'RUNTIME__DLTHUB_TELEMETRY')))"
    )
    names = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED", "RUNTIME__DLTHUB_TELEMETRY")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1 false false\n"
