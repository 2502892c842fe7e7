"""What PostgreSQL is given: options of each session from one place, statistics of each table."""

import pytest

from tests.commands import warehouse_command
from tests.contents import rows
from warehouse.lock import sync_lock
from warehouse.settings import Target


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
@pytest.mark.parametrize(
    ("theirs", "ours", "given"),
    [
        ("", None, ["64MB", "256MB", "off"]),
        ("-c work_mem=8MB", None, ["8MB", "256MB", "off"]),
        ("-c work_mem=8MB", "", ["8MB", "64MB", "on"]),
        ("", "-c work_mem=1GB", ["1GB", "64MB", "on"]),
    ],
)
def test_a_session_has_our_options_and_then_the_users(
    warehouse: Target,
    monkeypatch: pytest.MonkeyPatch,
    theirs: str,
    ours: str | None,
    given: list[str],
) -> None:
    monkeypatch.setenv("PGOPTIONS", theirs)
    if ours is not None:
        monkeypatch.setenv("WAREHOUSE_POSTGRES_OPTIONS", ours)
    names = ("work_mem", "maintenance_work_mem", "jit")
    settings = ", ".join(f"current_setting('{name}') as {name}" for name in names)
    asked = warehouse_command("query", f"select {settings}", "--target", warehouse)
    assert asked.stdout.splitlines()[1:] == [",".join(given)], asked.stderr


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
def test_a_warehouse_is_free_as_soon_as_a_run_has_ended(warehouse: Target) -> None:
    # The server ends a session, and what it locked, some time after its client has gone.
    for _ in range(200):
        with sync_lock(warehouse):
            pass


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
def test_each_table_of_a_build_has_statistics(built: Target) -> None:
    # Of a table without rows there is nothing to be known.
    unknown = """
        select schemaname, relname
        from pg_stat_user_tables
        where
            schemaname in ('staging', 'intermediate', 'marts')
            and pg_relation_size(relid) > 0
            and not exists (select 1 from pg_statistic where starelid = relid)
    """
    assert rows(built, unknown) == []
    assert rows(built, "select 1 from pg_statistic where starelid = 'marts.crashes'::regclass")
