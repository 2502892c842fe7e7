"""Logs: plain lines, or JSON objects that name the run and the dataset, as `WAREHOUSE_LOG` says."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple, TextIO

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from warehouse.settings import log_format

_PLAIN = logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")

# A process does one run at a time, in many threads; datasets are loaded in a context each.
_run: "_Run | None" = None
_dataset: ContextVar[str | None] = ContextVar("dataset", default=None)


class _Run(NamedTuple):
    run_id: str
    flow_run_id: str | None


def name_run(run_id: str) -> None:
    """Let the lines of this process say which run of `ops.sync_runs` they are of.

    Those too that tell of it when it has ended, until another flow run begins.
    """
    global _run
    _run = _Run(run_id, _flow_run_id())


def is_named(flow_run_id: str) -> bool:
    """Whether a run of Prefect's has its record in `ops.sync_runs`, if it is of this process."""
    return _run is not None and _run.flow_run_id == flow_run_id


@contextmanager
def of_dataset(name: str) -> Iterator[None]:
    """Let the lines of a block say which dataset they are of."""
    token = _dataset.set(name)
    try:
        yield
    finally:
        _dataset.reset(token)


class JsonFormatter(BaseJsonFormatter):
    """A record as one JSON object on one line.

    Each has `timestamp` in UTC, `level`, `logger`, `message`, `run_id` of `ops.sync_runs`,
    `flow_run_id` of Prefect and `dataset`, null where there is none; what the record has besides
    follows.
    """

    def add_fields(
        self, log_data: LogData, record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put what every line has before what else the record has."""
        flow_run_id = _flow_run_id()
        run = _run if flow_run_id is None or (_run and _run.flow_run_id == flow_run_id) else None
        at = datetime.fromtimestamp(record.created, UTC)
        log_data.update(
            timestamp=at.isoformat(timespec="milliseconds"),
            level=record.levelname,
            logger=record.name,
            message=record.getMessage(),
            run_id=run.run_id if run else None,
            flow_run_id=run.flow_run_id if run else flow_run_id,
            dataset=_dataset.get(),
        )
        super().add_fields(log_data, record, message_dict)


def formatter() -> logging.Formatter:
    """How a command writes its lines."""
    return JsonFormatter() if log_format() == "json" else _PLAIN


def command_log(stream: TextIO | None = None) -> logging.Logger:
    """The log of a command, on standard output if no other stream is named."""
    logger = logging.getLogger("warehouse.run")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(formatter())
    logger.handlers = [handler]
    return logger


def set_up_command() -> None:
    """Let nothing that a command writes beside its log be other than JSON where that is asked."""
    if log_format() == "plain":
        return
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.captureWarnings(True)
    warnings_log = logging.getLogger("py.warnings")
    warnings_log.propagate = False
    warnings_log.handlers = [handler]


def _flow_run_id() -> str | None:
    """Prefect's id of the run of this context, without importing Prefect for it."""
    context = sys.modules.get("prefect.context")
    current = context.FlowRunContext.get() if context else None
    return str(current.flow_run.id) if current and current.flow_run else None
