"""Parts that fail under a run: it goes on, or fails clearly and the next run completes it."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from flows.sync import sync
from ingestion.catalog import load_catalog
from ingestion.sample_portal import SamplePortal
from tests.contents import rows
from warehouse.connection import open_postgis
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
