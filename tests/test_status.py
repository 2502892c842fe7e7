"""Who ran what, as `warehouse status` shows it."""

import getpass
import json
import socket

from tests.commands import command_here
from warehouse.records import DatasetLoad, finish_run, record_load, start_run
from warehouse.settings import Target


def recorded(
    target: Target, trigger: str, parameters: dict[str, object], error: str | None = None
) -> str:
    """A run that has ended."""
    run_id = start_run(target, trigger, parameters)
    finish_run(target, run_id, "failed" if error else "succeeded", error)
    return run_id


def test_the_last_runs_say_who_asked_for_what_and_what_came_of_it(warehouse: Target) -> None:
    first = recorded(
        warehouse,
        "deployment sync/daily, by schedule",
        {
            "datasets": ["crashes", "people", "vehicles"],
            "since": "2024-01-01",
            "until": None,
            "build": False,
            "sample": False,
            "target": warehouse,
        },
    )
    load = DatasetLoad("crashes", 9, rows_inserted=4, rows_updated=3, rows_deleted=2)
    record_load(warehouse, first, load)
    reconciled = {"reconcile": True, "datasets": ["wards"]}
    recorded(warehouse, "command line", reconciled, "the portal is away")
    start_run(warehouse, "command line", {"maintenance": True, "keep": 4})
    who = f"{getpass.getuser()}@{socket.gethostname()}"

    shown = command_here("status", "--target", warehouse)
    assert shown.returncode == 0, shown.stderr
    # A row may take several lines; its words stay in order within a column.
    table = shown.stdout.partition("Last runs")[2]
    for part in ("maintenance keep=4", "running", "reconcile wards", "failed", "2024-01-01"):
        assert part in table
    assert table.index("maintenance") < table.index("reconcile") < table.index("sync")

    told = json.loads(command_here("status", "--json", "--target", warehouse).stdout)
    third, second, one = told["runs"]
    assert (one["run_id"], one["kind"], one["trigger"]) == (
        *(first, "sync"),
        "deployment sync/daily, by schedule",
    )
    assert one["parameters"]["datasets"] == ["crashes", "people", "vehicles"]
    assert (one["started_by"], one["status"], one["rows_changed"]) == (who, "succeeded", 9)
    assert (second["kind"], second["status"]) == ("reconcile", "failed")
    assert second["error"] == "the portal is away"
    assert (third["kind"], third["finished_at"], third["seconds"]) == ("maintenance", None, None)

    two = json.loads(command_here("status", "--json", "--runs", "1", "--target", warehouse).stdout)
    assert [run["kind"] for run in two["runs"]] == ["maintenance"]
    none = command_here("status", "--runs", "0", "--target", warehouse)
    assert "Last runs" not in none.stdout
