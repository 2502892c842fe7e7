"""The upkeep of a warehouse: what a backup is worth is seen by restoring it."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import requests

import flows.maintenance
from tests.commands import command_here
from tests.shared_warehouses import on_server, pointing_to
from warehouse.backups import back_up
from warehouse.connection import connect, spatial_extension
from warehouse.errors import WarehouseError
from warehouse.postgis_server import open_postgis
from warehouse.settings import SCHEMAS, Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)
on_postgis = pytest.mark.parametrize("target", ["postgis"], indirect=True)

OLDEST, OLDER = "20240107T103000Z", "20240114T103000Z"
ANSWERS = (
    "select * from raw.crashes order by _row_id, _row_updated_at",
    "select crash_record_id, st_astext(geom) as geom, ward, is_ksi from marts.crashes order by 1",
    "select * from quality.rule_effects order by 1, 2, 3, 4",
    "select * from marts.location_report(-87.63, 41.88, 5280, null, null)",
)


# A part of a warehouse's tables is enough for what goes wrong.
SMALL = (
    "create schema raw",
    "create table raw.crashes as select i, cast(i as text) as t from generate_series(1, 2000) g(i)",
)


def answers(target: Target) -> list[Any]:
    """What a few questions find in the warehouse that the settings point to."""
    with connect(target, read_only=True) as connection:
        if target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        return [connection.fetch(sql).to_pylist() for sql in ANSWERS]


def one(sql: str) -> Any:
    """The only value of the only row that the server gives."""
    with closing(open_postgis()) as session, session.cursor() as cursor:
        cursor.execute(sql)
        [(value,)] = cursor.fetchall()
        return value


def scratch_databases(name: str) -> list[str]:
    """The databases in which backups of a database are tested."""
    found = one("select coalesce(json_agg(datname), '[]') from pg_database")
    return [one for one in found if one.startswith(f"{name}_restore_test_")]


def backups_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def make_old(folder: Path, target: Target, warehouse: str) -> list[Path]:
    """Files that are named as backups of the warehouse were, and what is there besides."""
    suffix = ".duckdb" if target == "duckdb" else ".dump"
    name = Path(warehouse).stem
    files = [
        *(folder / f"{name}-{stamp}{suffix}" for stamp in (OLDEST, OLDER)),
        folder / f"another-{OLDEST}{suffix}",
        folder / f"{name}-{OLDEST}{suffix}.part",
    ]
    folder.mkdir()
    for file in files:
        file.write_text("as it was")
    return files


@pytest.fixture
def name(synced: Target) -> str:
    """The file or the database of the warehouse."""
    return os.environ["WAREHOUSE_DUCKDB_PATH" if synced == "duckdb" else "PGDATABASE"]


@pytest.mark.usefixtures("prefect_server")
def test_a_backup_is_restored_and_compared_and_then_older_ones_go(
    synced: Target, name: str, tmp_path: Path, prefect_server: str
) -> None:
    oldest, older, foreign, unfinished = make_old(tmp_path / "backups", synced, name)
    before = answers(synced)

    done = command_here(
        *("maintain", "--target", synced, "--backups", str(tmp_path / "backups"), "--keep", "2")
    )
    assert done.returncode == 0, done.stderr

    [new] = [file for file in backups_in(tmp_path / "backups") if "-2024" not in file]
    assert (older.exists(), oldest.exists()) == (True, False)
    assert (foreign.exists(), unfinished.exists()) == (True, False)
    backup = tmp_path / "backups" / new
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert f"{backup}, {backup.stat().st_size:,} bytes" in done.stdout.splitlines()[-1]
    if synced == "postgis":
        assert scratch_databases(name) == []
        kept = "any(array['" + "', '".join(SCHEMAS) + "'])"
        assert one(
            "select bool_and(last_vacuum is not null and last_analyze is not null)"
            f" from pg_stat_user_tables where schemaname = {kept}"
        )

    shown = requests.post(
        f"{prefect_server}/artifacts/filter",
        json={"artifacts": {"key": {"any_": ["maintenance"]}}, "sort": "CREATED_DESC", "limit": 1},
        timeout=30,
    ).json()
    rows = {row["table"]: row for row in json.loads(shown[0]["data"])}
    assert rows["raw.crashes"]["rows"] == rows["raw.crashes"]["restored rows"] == len(before[0])
    assert all(row["rows"] == row["restored rows"] for row in rows.values())
    assert new in shown[0]["description"]

    told = json.loads(command_here("status", "--json", "--target", synced).stdout)
    last = told["runs"][0]
    assert (last["kind"], last["status"], last["parameters"]["keep"]) == (
        *("maintenance", "succeeded"),
        2,
    )

    into = str(tmp_path / "again" / "warehouse.duckdb") if synced == "duckdb" else f"{name}_again"
    restore = ("restore", str(backup), "--into", into, "--target", synced)
    restored = command_here(*restore)
    try:
        assert restored.returncode == 0, restored.stderr
        with pointing_to(synced, into):
            assert answers(synced) == before
        second = command_here(*restore)
        assert (second.returncode, second.stderr.count("\n")) == (2, 1)
        assert "is there already" in second.stderr
        refuses_what_is_no_backup(synced, backup, f"{name}_empty")
        if synced == "postgis":
            # Nobody but who restored it, as the server has no roles of the warehouse.
            assert one(f"select datacl::text from pg_database where datname = '{into}'").startswith(
                f"{{{os.environ['PGUSER']}="
            )
    finally:
        if synced == "postgis":
            on_server(f'drop database if exists "{into}" with (force)')


def refuses_what_is_no_backup(target: Target, backup: Path, database: str) -> None:
    """An empty file under a backup's name, which leaves nothing."""
    empty = backup.parent / "empty" / backup.name
    empty.parent.mkdir()
    empty.touch()
    into = empty.parent / "there" / "warehouse.duckdb" if target == "duckdb" else database
    done = command_here("restore", str(empty), "--into", str(into), "--target", target)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"cannot restore {empty}: " in done.stderr
    assert "choose another backup" in done.stderr
    if target == "duckdb":
        assert not Path(into).parent.exists()
    else:
        assert one(f"select count(*) from pg_database where datname = '{database}'") == 0


@pytest.fixture
def name_of_small(small: Target) -> str:
    """Its file or its database."""
    return os.environ["WAREHOUSE_DUCKDB_PATH" if small == "duckdb" else "PGDATABASE"]


@pytest.fixture
def small(warehouse: Target) -> Target:
    """A warehouse of one table."""
    with connect(warehouse) as connection:
        for statement in SMALL:
            connection.execute(statement)
    return warehouse


@on_duckdb
def test_a_backup_that_is_not_what_was_backed_up_is_none(
    small: Target, name_of_small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, *_ = make_old(tmp_path / "backups", small, name_of_small)
    damaging = tmp_path / "bin" / "cp"
    damaging.parent.mkdir()
    change = "delete from raw.crashes where i = 7"
    damaging.write_text(
        f'#!/bin/sh\n{shutil.which("cp")} "$@"\n{sys.executable} -c \'import sys, duckdb;'
        f' duckdb.connect(sys.argv[1]).execute("{change}")\' "$3"\n'
    )
    damaging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{damaging.parent}:{os.environ['PATH']}")
    with pytest.raises(WarehouseError, match=r"raw\.crashes has 1,999 rows of 2,000"):
        back_up(small, tmp_path / "backups", 1)
    assert old.read_text() == "as it was"
    assert not [file for file in backups_in(tmp_path / "backups") if "-2024" not in file]


def test_a_disk_that_is_full_leaves_the_older_backups_and_no_half_one(
    small: Target, name_of_small: str, tmp_path: Path
) -> None:
    with connect(small) as connection:
        # What no compression makes smaller.
        values = "md5(cast(i as text)) || md5(cast(-i as text)) as t"
        connection.execute(f"create table raw.people as select {values} from raw.crashes")
    folder = tmp_path / "backups"
    folder.mkdir()
    old = f"{Path(name_of_small).stem}-{OLDEST}{'.duckdb' if small == 'duckdb' else '.dump'}"
    code = f"from pathlib import Path; from warehouse.backups import back_up;\
back_up('{small}', Path('{folder}'), 1)"
    mount = f"mount -t tmpfs -o size=64k none {folder} && echo as it was > {folder}/{old}"
    ended = subprocess.run(
        [
            *("unshare", "-rm", "sh", "-c", f'{mount} && "$0" -c "$1"; ls -a {folder}'),
            *(sys.executable, code),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No space left on device" in ended.stderr.splitlines()[-1], ended.stderr
    assert ended.stdout.split() == [".", "..", old]


@on_duckdb
def test_a_folder_that_cannot_be_written_to_is_said_in_one_line(
    small: Target, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseError, match="Not a directory; older backups are as they were"):
        back_up(small, tmp_path / "file" / "backups", 1)


@contextmanager
def another_role(rights: str) -> Iterator[str]:
    """A login of the server's, in whose name the block works."""
    role = f"keeper_{os.environ['PGDATABASE']}"
    on_server(f"create role {role} login password 'keeper' {rights}")
    try:
        with pytest.MonkeyPatch.context() as settings:
            settings.setenv("PGUSER", role)
            settings.setenv("PGPASSWORD", "keeper")
            yield role
    finally:
        on_server(f"drop role {role}")


@on_postgis
@pytest.mark.parametrize(
    ("rights", "parts"),
    [
        ("", ["may not create databases", 'alter role "keeper_', "createdb"]),
        ("createdb", ["permission denied for schema raw", "older backups are as they were"]),
        (
            f"createdb in role {os.environ.get('PGUSER', 'postgres')}",
            ["extension postgis", "psql -d template1 -c 'create extension postgis'"],
        ),
    ],
    ids=["no databases", "no table", "no extension"],
)
def test_a_role_that_may_not_is_told_what_to_grant(
    small: Target, rights: str, parts: list[str], tmp_path: Path
) -> None:
    database = os.environ["PGDATABASE"]
    with another_role(rights), pytest.raises(WarehouseError) as refused:
        back_up(small, tmp_path, 1)
    for part in parts:
        assert part in str(refused.value)
    assert backups_in(tmp_path) == []
    assert scratch_databases(database) == []


@contextmanager
def meanwhile(act: Callable[[], bool]) -> Iterator[None]:
    """Try to act beside the block until that was done."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02) and not act():
            pass

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        is_over.set()
        watching.join()


@on_postgis
@pytest.mark.usefixtures("prefect_server")
def test_a_server_that_restarts_costs_another_attempt(
    small: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.maintenance.vacuum, "retry_delay_seconds", [0.1] * 3)
    with connect(small) as connection:
        connection.execute("create table raw._dlt_loads (load_id text)")
    ends = "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    mine = "datname = current_database() and pid <> pg_backend_pid()"
    with closing(open_postgis()) as holder, closing(open_postgis()) as watcher:
        holder.cursor().execute("lock table raw.crashes in access exclusive mode")
        watcher.autocommit = True
        ended: list[int] = []

        def end_all() -> bool:
            with watcher.cursor() as cursor:
                cursor.execute(
                    f"{ends} where {mine} and exists (select from pg_stat_activity"
                    f" where {mine} and wait_event_type = 'Lock')"
                )
                ended.append(cursor.fetchone()[0])
            return ended[-1] > 0

        with meanwhile(end_all):
            done = flows.maintenance.maintenance(target=small, backups=str(tmp_path), keep=1)
    # The lock of the run, its vacuum, and the one that held the table.
    assert ended[-1] >= 3
    assert backups_in(tmp_path) == [done.file.name]
    assert {table.name: table.rows for table in done.tables}["raw.crashes"] == 2_000


@contextmanager
def template_in_use() -> Iterator[None]:
    """Have the server wait, for up to five seconds, where it is to make a database."""
    with closing(open_postgis(database="template1")):
        yield


@on_postgis
def test_a_backup_waits_for_who_is_in_the_database_that_others_are_copies_of(
    small: Target, tmp_path: Path
) -> None:
    with closing(open_postgis(database="template1")) as somebody:
        # PostgreSQL gives up after five seconds.
        threading.Timer(7, somebody.close).start()
        back_up(small, tmp_path, 1)
    assert len(backups_in(tmp_path)) == 1


@on_postgis
@pytest.mark.parametrize("moment", ["while it is made", "once it is there"])
@pytest.mark.usefixtures("prefect_server")
def test_an_upkeep_that_is_ended_in_the_midst_leaves_nothing(
    synced: Target, name: str, tmp_path: Path, moment: str
) -> None:
    program = Path(sys.executable).with_name("warehouse")
    is_made = moment == "while it is made"

    def has_begun() -> bool:
        if not is_made:
            return bool(scratch_databases(name))
        making = f"query like 'create database \"{name}%'"
        return bool(one(f"select count(*) from pg_stat_activity where {making}"))

    with template_in_use() if is_made else nullcontext():
        run = subprocess.Popen(
            [program, "maintain", "--target", synced, "--backups", tmp_path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 60
        while not has_begun() and run.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        run.send_signal(signal.SIGTERM)
    _, errors = run.communicate(timeout=60)
    assert (run.returncode, errors) == (
        1,
        "warehouse: interrupted: of the backup that was begun nothing is left\n",
    )
    assert scratch_databases(name) == []
    assert backups_in(tmp_path) == []
