"""`make up` and what it starts: one cluster, server and worker for all of these tests."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import requests

from ingestion.catalog import load_catalog
from ingestion.sample_portal import SamplePortal, running
from tests.conftest import Filled
from tests.services_at_work import PARTS, PREFECTS_LOGIN, Services, free_port
from tests.shared_warehouses import on_server
from warehouse.settings import ROOT

CRASHES = load_catalog().datasets["crashes"].id
SMALL = ["crashes", "people", "vehicles"]
DIED = "runs that died without a word"
OVER = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@pytest.fixture(scope="module")
def small_portal() -> Iterator[SamplePortal]:
    with running(crashes=1_000) as portal:
        yield portal


@pytest.fixture(scope="module")
def services(small_portal: SamplePortal) -> Iterator[Services]:
    """Started once; what `up` said first is in `first`."""
    folder = Path(tempfile.mkdtemp(prefix="services-"))
    folder.chmod(0o755)  # PostgreSQL, which is not root, has to come by
    services = Services(folder, small_portal)
    try:
        services.said("up")
        yield services
    finally:
        services.call("down")
        shutil.rmtree(folder)


def test_up_again_leaves_what_runs_and_down_and_up_again_has_the_same_data(
    services: Services, small_portal: SamplePortal
) -> None:
    pids = [services.pid(name) for name in PARTS]
    schedule = services.deployment("watch/hourly")["schedules"][0]["id"]
    paused = f"deployments/{services.deployment('watch/hourly')['id']}/schedules/{schedule}"
    services.ask(paused, {"active": False}, "patch")
    services.ask(f"deployments/{services.deployment('sync/layers')['id']}/pause_deployment")
    automation = f"automations/{services.automation(DIED)['id']}"
    services.ask(automation, {"enabled": False}, "patch")
    lines = services.said_when_sourced("up")
    assert [services.pid(name) for name in PARTS] == pids
    # What a person has paused.
    assert not services.deployment("watch/hourly")["schedules"][0]["active"]
    assert services.deployment("sync/layers")["paused"]
    assert not services.automation(DIED)["enabled"]
    services.ask(automation, {"enabled": True}, "patch")
    heads = [line.split(":")[0] for line in lines]
    assert heads == ["PostGIS", "Prefect", "worker", "metrics", "deployments", "to work with them"]
    assert services.api.removesuffix("/api") in lines[1]
    deployed = {"sync/daily", "sync/full-refresh", "sync/fatalities", "sync/layers"}
    assert deployed <= set(lines[4].removeprefix("deployments: ").split(", "))
    own, prefects = lines[3].removeprefix("metrics: ").split(", Prefect's at ")
    for address, metric in ((own, "warehouse_up "), (prefects, "# TYPE prefect_")):
        answer = requests.get(address, timeout=60)
        assert answer.status_code == 200
        assert f"\n{metric}" in answer.text
    for port in ("WAREHOUSE_POSTGRES_PORT", "PREFECT_SERVER_API_PORT", "WAREHOUSE_METRICS_PORT"):
        with socket.socket() as elsewhere, pytest.raises(OSError, match="refused"):
            # Another address of this machine: they listen on 127.0.0.1 alone.
            elsewhere.connect(("127.0.0.2", int(services.environment[port])))
    # The folder that the worker would share with all users of the machine.
    assert (services.folder / "tmp" / "runner_storage").is_dir()

    with closing(services.session("warehouse_owner")) as session, session.cursor() as cursor:
        cursor.execute("create table ops.kept (n integer)")
    # By their schedules, which are what runs by itself.
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    services.wait(lambda: services.ask("flow_runs/filter", scheduled) != [], "a scheduled run")

    small_portal.misbehave("delay", dataset=CRASHES, seconds=20.0)
    small_portal.forget_requests()
    run = services.start_run("sync/daily", datasets=["crashes"], build=False)
    services.wait(lambda: len(small_portal.requests()) > 1, "a request of the run")
    assert sorted(services.said("down")) == sorted(
        ["runs under way: 1 cancelled", *(f"{name}: ended" for name in PARTS)]
    )
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert services.said("down") == [f"nothing runs that was started from {services.folder}"]
    small_portal.behave()
    assert_a_mistyped_server_starts_nothing(services)
    up_twice_with_other_settings(services)
    assert services.rows("select count(*) from ops.kept") == [(0,)]
    assert services.state(run) in OVER
    [(status, error)] = services.rows("select status, error from ops.sync_runs")
    assert status == "failed"
    assert "its process was told to stop" in error


def assert_a_mistyped_server_starts_nothing(services: Services) -> None:
    wrong = {"PGHOST": "127.0.0.1", "PGPORT": str(free_port())}
    done = services.call("up", wrong)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot connect to PostgreSQL" in done.stderr
    assert "nothing runs" in services.said("down")[0]


def up_twice_with_other_settings(services: Services) -> None:
    """Start all on other ports and with a password, by two who do so at once."""
    before = services.starts()
    services.change()
    port = services.environment["WAREHOUSE_POSTGRES_PORT"]
    with ThreadPoolExecutor() as pool:
        first = pool.submit(services.call, "up")
        services.wait(
            lambda: port in (services.folder / "environment").read_text(), "the new address"
        )
        assert not first.done()
        lines = services.said_when_sourced("up")
        assert first.result().returncode == 0, first.result().stderr
    assert services.starts() == {name: count + 1 for name, count in before.items()}
    assert f"127.0.0.1:{port}/" in lines[0]
    assert lines[1].startswith(f"Prefect: {services.api.removesuffix('/api')}, with a password (")
    refused = requests.post(f"{services.api}/flows/count", json={}, timeout=60)
    assert refused.status_code == 401
    # While they run they are not asked to be others.
    done = services.call("up", {"PREFECT_SERVER_API_PORT": str(free_port())})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "other settings (prefect-server): run 'make down', then 'make up'" in done.stderr


def test_no_secret_is_where_others_may_read_it(services: Services) -> None:
    passwords = services.folder / "pgpass"
    assert passwords.stat().st_mode & 0o777 == 0o600
    secrets = [line.split(":")[-1] for line in passwords.read_text().splitlines()]
    assert len(secrets) == 5
    readable = [
        path
        for path in services.folder.rglob("*")
        if path.is_file() and path != passwords and "postgres" not in path.parts
    ]
    assert {"environment", "supervisord.conf", "worker.log"} <= {path.name for path in readable}
    for path in readable:
        text = path.read_bytes()
        for secret in [*secrets, "not-for-a-log", "an analyst's", PREFECTS_LOGIN]:
            assert secret.encode() not in text, path


def test_each_role_may_do_its_work_and_nothing_else(services: Services) -> None:
    with closing(services.session("warehouse_loader")) as session, session.cursor() as cursor:
        cursor.execute("create table raw.of_loader as select 1 as n")
    with closing(services.session("warehouse_transformer")) as session, session.cursor() as cursor:
        cursor.execute("create table marts.of_transformer as select n from raw.of_loader")
        cursor.execute("create table quality.of_transformer (n integer)")
        cursor.execute(
            "create function marts.doubled(n integer) returns integer language sql return 2 * n"
        )
    assert services.rows("select n, marts.doubled(n) from marts.of_transformer", "analyst") == [
        (1, 2)
    ]
    assert services.rows("select * from quality.of_transformer", "analyst") == []
    assert services.rows("select st_srid(st_point(1, 2, 4326))", "analyst") == [(4326,)]
    writing = "set default_transaction_read_only = off"
    refused = {
        "warehouse_loader": [
            "create table marts.more (n integer)",
            "insert into marts.of_transformer values (2)",
            "create schema more",
            "create role more",
        ],
        "warehouse_transformer": [
            "insert into raw.of_loader values (2)",
            "drop table raw.of_loader",
            "create table ops.more (n integer)",
            "create table public.more (n integer)",
        ],
        "analyst": [
            "select * from raw.of_loader",
            "create table ops.more (n integer)",
            "insert into marts.of_transformer values (2)",
            f"{writing}; insert into marts.of_transformer values (2)",
            writing + "~insert into marts.of_transformer values (2)",
            writing + "~create table marts.more (n integer)",
            writing + "~create temporary table more (n integer)",
            writing + "~create table public.more (n integer)",
            writing + "~drop table marts.of_transformer",
            "select pg_read_file('/etc/passwd')",
            "select lo_create(0)",
            writing + "~select lo_from_bytea(0, 'kept')",
            "set role warehouse_owner",
        ],
    }
    for role, statements in refused.items():
        with closing(services.session(role)) as session, session.cursor() as cursor:
            for statement in statements:
                *before, last = statement.split("~")
                for one in before:
                    cursor.execute(one)
                with pytest.raises(psycopg2.Error, match=r"permission denied|read-only|must be"):
                    cursor.execute(last)
                cursor.execute("reset all")
    with closing(services.session("analyst")) as session, session.cursor() as cursor:
        cursor.execute("set statement_timeout = '50ms'")
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute("select pg_sleep(2)")
    assert services.rows(
        "select rolname, rolconnlimit, rolconfig from pg_roles where rolname = 'analyst'"
    ) == [
        (
            "analyst",
            20,
            [
                "default_transaction_read_only=on",
                "statement_timeout=5min",
                "search_path=marts, quality, public",
            ],
        )
    ]
    # Who was given nothing has nothing, not even a session.
    with closing(services.session("postgres")) as session, session.cursor() as cursor:
        cursor.execute("create role nobody_knows login password 'x'")
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(session.dsn, user="nobody_knows", password="x")  # noqa: S106
        for role, database in (("analyst", "postgres"), ("warehouse_loader", "template1")):
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                services.session(role, database)
        cursor.execute("drop role nobody_knows")
        cursor.execute("drop table raw.of_loader, marts.of_transformer, quality.of_transformer")


def test_runs_whose_parts_are_killed_end_clearly_and_the_next_is_whole(
    services: Services, small_portal: SamplePortal
) -> None:
    # Cancelled in the midst of a load, as by the interface's button.
    small_portal.misbehave("delay", dataset=CRASHES, nth=3, seconds=20.0)
    small_portal.forget_requests()
    run = services.start_run("sync/full-refresh", datasets=SMALL)
    services.wait(lambda: len(small_portal.requests()) > 2, "a request of the first run")
    cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    services.ask(f"flow_runs/{run}/set_state", cancelling)
    services.wait(lambda: services.state(run) in OVER, "the cancelled run's end")
    # Crashed where Prefect hears of the process's end before it hears of its reason.
    assert services.state(run) in ("CANCELLED", "CRASHED")
    small_portal.behave()
    [(status, error)] = services.rows(
        "select status, error from ops.sync_runs order by started_at desc limit 1"
    )
    assert status == "failed"
    assert "it was cancelled in Prefect" in error

    # Killed with its worker, as by a machine that stops.
    small_portal.misbehave("delay", dataset=CRASHES, nth=2, seconds=20.0)
    small_portal.forget_requests()
    killed = services.start_run("sync/full-refresh", datasets=SMALL)
    services.wait(lambda: len(small_portal.requests()) > 2, "a request of the second run")
    worker = services.pid("worker")
    os.killpg(os.getpgid(worker), signal.SIGKILL)
    small_portal.behave()
    services.wait(lambda: services.pid("worker") not in (0, worker), "a new worker")

    # The database and Prefect's server are killed under one that then succeeds.
    small_portal.misbehave("delay", dataset=CRASHES, what="page", seconds=5.0)
    recorded = "select count(*) from ops.sync_runs"
    before = services.rows(recorded)
    whole = services.start_run("sync/daily", datasets=SMALL)
    services.wait(lambda: services.rows(recorded) > before, "the third run's record")
    os.kill(services.pid("postgis"), signal.SIGQUIT)
    small_portal.behave()

    def is_building() -> bool:
        try:
            return bool(
                services.rows("select 1 from pg_stat_activity where application_name = 'dbt'")
            )
        except psycopg2.Error:
            return False

    services.wait(is_building, "a build")
    os.kill(services.pid("prefect-server"), signal.SIGKILL)

    def is_over(run: str) -> bool:
        try:
            return services.state(run) in OVER
        except (requests.RequestException, KeyError):
            return False

    services.wait(lambda: is_over(whole), "the third run's end")
    assert services.state(whole) == "COMPLETED"

    def slots_taken() -> int:
        limits = services.ask("v2/concurrency_limits/filter")
        return sum(limit["active_slots"] for limit in limits)

    # Its turn is over, though Prefect's server was killed while it had it.
    services.wait(lambda: slots_taken() == 0, "a warehouse that no run holds")
    ended = services.rows("select status, error from ops.sync_runs order by started_at")
    assert [status for status, _ in ended][-3:] == ["failed", "failed", "succeeded"]
    assert re.search("it was killed, or its machine|ended with the worker", ended[-2][1])
    assert services.rows(
        "select count(*), sum(people_count) = (select count(*) from marts.people)"
        " from marts.crashes",
        "analyst",
    ) == [(1_000, True)]
    # Refused on their parameters: by Prefect before the flow begins, and by the flow.
    refused = [
        services.start_run("sync/fatalities", since="yesterday"),
        services.start_run("reconcile/weekly", datasets=["nonsense"]),
    ]
    services.wait(lambda: all(map(is_over, refused)), "the refused runs' end")
    assert {services.state(run) for run in refused} == {"FAILED"}
    asked = (
        "select trigger, parameters, error from ops.sync_runs"
        " where status = 'failed' and parameters ~ 'yesterday|nonsense' order by trigger desc"
    )
    services.wait(lambda: len(services.rows(asked)) > 1, "the refused runs' record")
    (deaths, with_since, not_a_date), (weekly, with_dataset, unknown) = services.rows(asked)
    assert deaths == "deployment sync/fatalities, by hand"
    assert json.loads(with_since) == {"datasets": ["fatalities"], "since": "yesterday"}
    assert "since: Input should be a valid date" in not_a_date
    assert weekly == "deployment reconcile/weekly, by hand"
    assert json.loads(with_dataset) == {"reconcile": True, "datasets": ["nonsense"]}
    assert unknown.startswith("unknown dataset 'nonsense': choose from crashes, ")

    # Prefect has not heard of it for a while.
    services.wait(lambda: is_over(killed), "the killed run's end")
    assert services.state(killed) == "CRASHED"
    # It follows the one that succeeded, though Prefect's server was killed under that, and none of
    # the others.
    services.wait(lambda: services.runs_of("site/daily") == ["COMPLETED"], "the third run's site")


def test_a_server_that_is_there_gets_the_roles_and_keeps_its_own_data(services: Services) -> None:
    name = f"own_{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix="services-"))
    there = {part: os.environ[part] for part in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")}
    settings = {
        **there,
        "PGDATABASE": name,
        "WAREHOUSE_SERVICES_PATH": str(folder),
        "PREFECT_API_URL": services.api,
    }
    on_server(f"create database {name}")
    try:
        with closing(psycopg2.connect("", dbname=name)) as session, session.cursor() as cursor:
            cursor.execute("create schema marts")
            cursor.execute("create table marts.crashes as select 7 as n")
            session.commit()
        done = services.call("prepare", settings)
        assert done.returncode == 0, done.stderr
        assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
            "PostGIS",
            "deployments",
        ]
        analyst = {
            "user": "analyst",
            "password": services.environment["WAREHOUSE_ANALYST_PASSWORD"],
        }
        with (
            closing(psycopg2.connect("", dbname=name, **analyst)) as session,
            session.cursor() as cursor,
        ):
            cursor.execute("select n, tableowner from marts.crashes, pg_tables")
            assert (7, "warehouse_transformer") in cursor.fetchall()
        # Another warehouse, which knows one of their passwords only.
        settings["WAREHOUSE_SERVICES_PATH"] = str(folder / "another")
        other = services.call("prepare", settings)
        assert (other.returncode, other.stderr.count("\n")) == (1, 1)
        assert "perhaps another warehouse's" in other.stderr
        for setting in ("OWNER", "LOADER", "TRANSFORMER"):
            assert f"WAREHOUSE_{setting}_PASSWORD" in other.stderr
        assert "WAREHOUSE_ANALYST_PASSWORD" not in other.stderr
        assert not (folder / "another").exists()
    finally:
        on_server(f"drop database {name} with (force)")
        on_server("drop role analyst, warehouse_loader, warehouse_transformer, warehouse_owner")
        shutil.rmtree(folder)


def test_what_up_cannot_do_is_one_line(services: Services, tmp_path: Path) -> None:
    taken = services.environment["PREFECT_SERVER_API_PORT"]
    beside = {"WAREHOUSE_SERVICES_PATH": str(tmp_path / "services")}
    cases = {
        f"port {taken} is another program's": beside,
        "PREFECT_SERVER_API_HOST is 0.0.0.0, beyond this machine": beside
        | {"PREFECT_SERVER_API_HOST": "0.0.0.0", "PREFECT_SERVER_API_AUTH_STRING": ""},  # noqa: S104
        "WAREHOUSE_POSTGRES_PORT is 'x'": beside | {"WAREHOUSE_POSTGRES_PORT": "x"},
        "choose a shorter folder": {"WAREHOUSE_SERVICES_PATH": str(tmp_path / ("x" * 90))},
    }
    for said, settings in cases.items():
        done = services.call("up", settings)
        assert done.returncode in (1, 2)
        [line] = done.stderr.splitlines()
        assert said in line
        assert not list(tmp_path.iterdir())


@pytest.mark.timeout(600)
def test_every_command_of_the_runbook_does_what_it_says(
    services: Services, built_once: Filled
) -> None:
    duckdb = services.folder / "warehouse.duckdb"
    shutil.copy(built_once("duckdb"), duckdb)
    text = (ROOT / "docs" / "operations.md").read_text()
    blocks = re.findall(r"^```bash\n(.+?)^```$", text, re.MULTILINE | re.DOTALL)
    commands = "".join(blocks)
    commands = commands.replace("data/services", str(services.folder))
    commands = commands.replace("data/", f"{services.folder}/")
    assert "make up" in commands
    before = len(services.runs_of("site/daily"))
    with closing(services.session("postgres")) as session, session.cursor() as cursor:
        session.autocommit = True
        # Autovacuum is at work in what maintenance restores, when that is dropped.
        cursor.execute("alter system set autovacuum_naptime = 1")
        cursor.execute("select pg_reload_conf()")
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", commands],
        cwd=ROOT,
        env=services.environment
        | {
            "PATH": f"{Path(sys.executable).parent}:{services.environment['PATH']}",
            "WAREHOUSE_BACKUPS": str(services.folder / "backups"),
            "WAREHOUSE_DUCKDB_PATH": str(duckdb),
        },
        timeout=560,
        check=False,
    )
    assert done.returncode == 0
    # Nobody asked for it: it follows the sync.
    sites = ["COMPLETED"] * (before + 1)
    services.wait(lambda: services.runs_of("site/daily") == sites, "the sync's site")
    assert (services.folder / "site" / "index.html").exists()
