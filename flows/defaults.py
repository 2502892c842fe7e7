"""How this project sets the libraries' own settings; what the user set stands."""

import os
import sys
from pathlib import Path

from warehouse.settings import postgres_options

_DEFAULTS = {
    # At run time nothing is asked of the network but the portal.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    # A server that this project starts writes the task runs of dbt's nodes many at a time: to
    # write each by itself, as Prefect does, was four fifths of all that the server did in a build.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}

_JSON_DEFAULTS = {
    # What dbt says past our logs. There is nothing of dlt's, whose own JSON would take over the
    # handlers of everybody.
    "DBT_LOG_FORMAT": "json",
    "DBT_LOG_FORMAT_FILE": "debug",
}

# Where Prefect's processes learn how to log.
_LOGGING = "PREFECT_LOGGING_SETTINGS_PATH"

_COMMAND_LINE_DEFAULTS = {
    # The command line shows its own progress, and what went wrong as one line.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    # A server that ends with the command has no reader of logs.
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
}


def apply() -> None:
    """Set what is not set."""
    _set(_DEFAULTS)
    _set_postgres_options()
    if os.environ.get("WAREHOUSE_LOG") != "json":
        return
    _set(_JSON_DEFAULTS)
    if _LOGGING not in os.environ:
        os.environ[_LOGGING] = str(Path(__file__).with_name("logging.yml"))
        if "prefect.main" in sys.modules:
            _set_up_prefects_logging()


def _set_postgres_options() -> None:
    """Let libpq give each session our options, before those that the user set."""
    ours, theirs = postgres_options(), os.environ.get("PGOPTIONS", "")
    if not theirs.startswith(ours):  # a process that was started by one of ours has them
        os.environ["PGOPTIONS"] = f"{ours} {theirs}".strip()


def _set_up_prefects_logging() -> None:
    """Let Prefect read the file after all: in a run of a worker it was there before us."""
    from prefect.context import refresh_global_settings_context
    from prefect.logging.configuration import setup_logging

    refresh_global_settings_context()
    setup_logging(incremental=False)


def apply_for_command_line() -> None:
    """Set what is not set and only suits a command on a terminal, not a worker."""
    _set(_COMMAND_LINE_DEFAULTS)


def _set(values: dict[str, str]) -> None:
    for name, value in values.items():
        os.environ.setdefault(name, value)
