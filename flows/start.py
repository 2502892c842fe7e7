"""What a command does before it starts a run."""

from collections.abc import Callable

from flows import defaults
from warehouse.settings import Target


def probe(target: Target) -> None:
    """Meet what keeps the warehouse from being opened before anything is started for it."""
    from warehouse.lock import sync_lock
    from warehouse.settings import duckdb_path

    if target == "postgis" or duckdb_path().exists():
        with sync_lock(target):
            pass


def start_prefect() -> Callable[[], None]:
    """Start a Prefect server if none is set; the answer waits until it is ready."""
    defaults.apply_for_command_line()
    from flows import prefect_api

    return prefect_api.start()
