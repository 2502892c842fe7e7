"""Parts that fail under a run: it goes on, or fails clearly and the next run completes it."""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from flows.sync import load, sync
from ingestion.catalog import load_catalog
from ingestion.sample_portal import SamplePortal
from tests.contents import rows
from tests.shared_warehouses import on_server, pointing_to
from warehouse.connection import ensure_ready, open_duckdb
from warehouse.errors import WarehouseError
from warehouse.postgis_server import open_postgis
from warehouse.settings import Target

pytestmark = pytest.mark.usefixtures("prefect_server", "models_alone")

CRASHES = load_catalog().datasets["crashes"].id
on_postgis = pytest.mark.parametrize("target", ["postgis"], indirect=True)

# As a server that is stopped: every session of the database ends, the lock's too.
END_ALL = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


WAITS = """
    select exists (
        select from pg_stat_activity
        where datname = current_database() and application_name = 'dbt'
            and wait_event_type = 'Lock'
    )
"""


class SmallDisk:
    """A disk in memory, of whatever size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def leave(self, *, room: int) -> None:
        """Let this many bytes be free."""
        disk = os.statvfs(self.folder)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        self._mount(f"remount,size={used + room}")

    @contextmanager
    def warehouse(self, target: Target) -> Iterator[None]:
        """An empty warehouse on the disk."""
        if target == "duckdb":
            with pointing_to(target, str(self.folder / "warehouse.duckdb")):
                open_duckdb().close()
                yield
            return
        with closing(open_postgis()) as session, session.cursor() as cursor:
            cursor.execute("show data_directory")
            [(data,)] = cursor.fetchall()
        owner = Path(data).stat()
        os.chown(self.folder, owner.st_uid, owner.st_gid)
        name = f"small_{os.getpid()}"
        on_server(f"create tablespace {name} location '{self.folder}'")
        on_server(f"create database {name} tablespace {name}")
        try:
            with pointing_to(target, name):
                ensure_ready(target)
                yield
        finally:
            on_server(f"drop database {name} with (force)")
            on_server(f"drop tablespace {name}")

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder], check=True)

    @classmethod
    @contextmanager
    def mounted(cls) -> Iterator["SmallDisk"]:
        """The disk, until the block ends."""
        with tempfile.TemporaryDirectory(prefix="small-disk-") as folder:
            disk = cls(Path(folder))
            disk._mount("size=200m")
            try:
                yield disk
            finally:
                subprocess.run(["umount", folder], check=True)


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk in memory")
    with SmallDisk.mounted() as disk:
        yield disk


@contextmanager
def ended_in_the_midst(table: str) -> Iterator[list[int]]:
    """End all sessions of the test's database, once, while dbt waits to write a table.

    Yields:
        How many were ended, when they are.
    """
    ended: list[int] = []
    is_over = threading.Event()
    with closing(open_postgis()) as holder, closing(open_postgis()) as watcher:
        watcher.autocommit = True
        with holder.cursor() as cursor:
            cursor.execute(f"lock table {table} in access exclusive mode")

        def watch() -> None:
            with watcher.cursor() as cursor:
                while not is_over.wait(0.01):
                    cursor.execute(WAITS)
                    if cursor.fetchone() == (True,):
                        cursor.execute(END_ALL)
                        ended.append(cursor.fetchone()[0])
                        return

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield ended
        finally:
            is_over.set()
            watching.join(30)


@on_postgis
def test_a_build_goes_on_at_the_node_that_the_server_cost(
    synced: Target, own_portal: SamplePortal, caplog: pytest.LogCaptureFixture
) -> None:
    own_portal.amend(CRASHES, rows=3, changes={"weather_condition": "FROGS"})
    with ended_in_the_midst("marts.place_months") as ended:
        sync(target=synced, datasets=["crashes"])
    [sessions] = ended
    assert sessions > 2  # dbt's, the one that holds the warehouse, and the test's
    said = [record.getMessage() for record in caplog.records]
    [gone_on] = [line for line in said if line.startswith("dbt goes on at what failed, in ")]
    assert "terminating connection" in gone_on or "closed" in gone_on
    assert rows(synced, "select status from ops.sync_runs order by started_at desc limit 1") == [
        {"status": "succeeded"}
    ]
    assert rows(
        synced,
        "select (select sum(total_crashes) from marts.crashes_daily) as counted,"
        " (select count(*) from marts.crashes where weather_condition = 'FROGS') as amended,"
        " (select cast(sum(total_crashes) as integer) from marts.crashes_daily_by"
        " where dimension = 'weather_condition' and value = 'FROGS') as by_weather",
    ) == [{"counted": 1_000, "amended": 3, "by_weather": 3}]


@on_postgis
def test_a_load_goes_on_from_its_last_step_when_the_server_ended_its_sessions(
    own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch, warehouse: Target
) -> None:
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "100")
    monkeypatch.setattr("flows.sync.load", load.with_options(retry_delay_seconds=0.1))
    own_portal.misbehave("delay", dataset=CRASHES, nth=8, seconds=2.0)

    def end_all() -> None:
        while len([one for one in own_portal.requests() if one["what"] == "page"]) < 7:
            time.sleep(0.05)
        with closing(open_postgis()) as session, session.cursor() as cursor:
            cursor.execute(END_ALL)

    ending = threading.Thread(target=end_all)
    ending.start()
    [done] = sync(target=warehouse, datasets=["crashes"], build=False)
    ending.join(30)
    assert done.status == "loaded"
    assert rows(
        warehouse, "select count(*) as n, count(distinct crash_record_id) as known from raw.crashes"
    ) == [{"n": 1_000, "known": 1_000}]
    assert rows(warehouse, "select status from ops.sync_runs") == [{"status": "succeeded"}]


def test_a_run_that_takes_too_long_is_ended_and_leaves_what_the_next_completes(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    own_portal.misbehave("delay", dataset=CRASHES, seconds=8.0)
    in_seconds = sync.with_options(timeout_seconds=3)
    with pytest.raises(TimeoutError):
        in_seconds(target=warehouse, datasets=["crashes"], build=False)
    own_portal.behave()
    assert rows(warehouse, "select status, error from ops.sync_runs") == [
        {"status": "failed", "error": "took longer than its time-out lets it"}
    ]
    [done] = sync(target=warehouse, datasets=["crashes"], build=False)
    assert (done.status, done.rows_inserted) == ("loaded", 1_000)


def test_a_full_disk_fails_the_run_in_one_line_and_the_next_run_with_room_is_whole(
    own_portal: SamplePortal, small_disk: SmallDisk, target: Target
) -> None:
    with small_disk.warehouse(target):
        small_disk.leave(room=200_000)
        with pytest.raises(WarehouseError) as failed:
            sync(target=target, datasets=["crashes"], build=False)
        assert re.search("No space left on device|Check free disk space", str(failed.value))
        assert "\n" not in str(failed.value)
        small_disk.leave(room=100_000_000)
        [done] = sync(target=target, datasets=["crashes"], build=False)
        assert done.status == "loaded"
        assert rows(target, "select count(distinct crash_record_id) as n from raw.crashes") == [
            {"n": 1_000}
        ]
