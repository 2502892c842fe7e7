"""What a run leaves in Prefect for whoever looks there: its progress, and tables of what it did.

Each is an artifact of the run, listed under its key: `progress`, `datasets`, `reconciliation`,
`dbt-build`, `maintenance`, `daily-report` and `watch`. That one cannot be left is said and fails
no run: the same is in `ops` and `quality`, or in the log.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.progress import measured_by, watcher
from ingestion.reconcile import Reconciliation
from ingestion.source import Progress
from serving.report import Report
from serving.watch import Finding
from warehouse.backups import Backup
from warehouse.records import DatasetLoad
from warehouse.settings import Target

# Each is a request to Prefect's server.
_SECONDS_BETWEEN_UPDATES = 2.0
# The share of a run that loads, where it builds as well.
_LOADING = 0.6
_WHOLE = 100.0
_LONGEST_MESSAGE = 200


def show_loads(loads: Iterable[DatasetLoad]) -> None:
    """Leave a table of what the run did to each dataset."""
    table = [
        {
            "dataset": load.dataset,
            "status": load.status,
            "fetched": load.rows_fetched,
            "inserted": load.rows_inserted,
            "updated": load.rows_updated,
            "unchanged": load.rows_unchanged,
            "deleted": load.rows_deleted,
            "requests": load.requests,
            "seconds": round(load.seconds, 1),
            "rows/s": round(load.rows_fetched / load.seconds) if load.seconds else 0,
            "error": load.error or "",
        }
        for load in loads
    ]
    _leave(
        lambda: create_table_artifact(
            table, key="datasets", description="What the run did to each dataset, in rows."
        )
    )


def show_reconciliations(found: Iterable[Reconciliation]) -> None:
    """Leave a table of how each dataset compares with the portal."""
    table = [
        {
            "dataset": one.dataset,
            "status": one.status,
            "rows at the portal": one.portal_rows,
            "rows here": one.warehouse_rows,
            "months compared by key": f"{one.compared_months} of {one.months}",
            "fetched again": one.refetched,
            "marked as deleted": one.marked,
            "returned": one.returned,
            "requests": one.requests,
            "error": one.error or "",
        }
        for one in found
    ]
    _leave(
        lambda: create_table_artifact(
            table,
            key="reconciliation",
            description="The warehouse against the portal; by month in quality.reconciliation.",
        )
    )


def show_build(target: Target, results: Iterable[Any]) -> None:
    """Leave what dbt did, with each node that failed or warned and how to see its rows.

    Args:
        target: the warehouse.
        results: of dbt's nodes.
    """
    nodes = [one for one in results if one.node.resource_type not in ("operation", "exposure")]
    counts: dict[str, int] = {}
    for one in nodes:
        counts[str(one.status)] = counts.get(str(one.status), 0) + 1
    said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    seconds = sum(one.execution_time for one in nodes)
    lines = [f"**{len(nodes)} nodes on {target}: {said}**, {seconds:.1f} s of work.", ""]
    rows = [_line(target, one) for one in nodes if str(one.status) not in ("success", "pass")]
    if rows:
        lines += ["| node | status | rows | what it says | see them |", "|---|---|---|---|---|"]
        lines += rows
    _leave(
        lambda: create_markdown_artifact(
            "\n".join(lines), key="dbt-build", description="dbt's models and tests."
        )
    )


def show_backup(done: Backup) -> None:
    """Leave a table of what was backed up and what was restored from it."""
    table = [
        {
            "table": one.name,
            "rows": one.rows,
            "restored rows": one.restored_rows,
            "bytes": "" if one.bytes is None else one.bytes,
        }
        for one in done.tables
    ]
    _leave(
        lambda: create_table_artifact(
            table,
            key="maintenance",
            description=(
                f"{done.file}: {done.bytes:,} bytes in {done.seconds:.1f} s; restored and compared"
                f" in {done.test_seconds:.1f} s; {len(done.removed)} older backups deleted."
            ),
        )
    )


def show_report(report: Report) -> None:
    """Leave the daily report."""
    _leave(
        lambda: create_markdown_artifact(
            report.markdown, key="daily-report", description=report.subject
        )
    )


def show_findings(findings: Iterable[Finding]) -> None:
    """Leave what the watch found amiss."""
    said = [one.markdown for one in findings]
    _leave(
        lambda: create_markdown_artifact(
            "\n".join(said) or "Nothing is amiss.",
            key="watch",
            description=f"{len(said)} things are amiss." if said else "Nothing is amiss.",
        )
    )


def _line(target: Target, result: Any) -> str:
    """A node that did not simply succeed; `quality` keeps the rows of a test that found some."""
    node = result.node
    is_kept = node.resource_type == "test" and result.failures
    option = "" if target == "duckdb" else f" --target {target}"
    rows = f"`warehouse query{option} 'select * from quality.{node.alias}'`" if is_kept else ""
    message = " ".join(str(result.message or "").split())[:_LONGEST_MESSAGE].replace("|", "\\|")
    return (
        f"| {node.resource_type} {node.name} | {result.status} | {result.failures or ''}"
        f" | {message} | {rows} |"
    )


@contextmanager
def progress(datasets: int, *, is_built: bool = True) -> Iterator[None]:
    """Show in Prefect how far the run of this block is, in percent.

    Args:
        datasets: how many are loaded.
        is_built: whether a build follows, or is all that there is.
    """
    shown = _ShownProgress(datasets, is_built)
    with measured_by(shown):
        yield
    shown.end()


class _ShownProgress:
    """Adds up how far a run is; told by any thread."""

    def __init__(self, datasets: int, is_built: bool) -> None:
        self._datasets = datasets
        self._loading = (_LOADING if is_built else 1.0) if datasets else 0.0
        self._loaded: set[str] = set()
        self._turn = threading.Lock()
        self._next_at = 0.0
        self._artifact: UUID | None = _leave(
            lambda: create_progress_artifact(0.0, key="progress", description="The run begins.")
        )

    def page(self, page: Progress) -> None:
        part = min(page.rows / page.expected_rows, 1.0) if page.expected_rows else 0.0
        if page.dataset in self._loaded:
            part = 0.0  # fetched again, after the comparison with the portal
        self._show(
            self._loading * (len(self._loaded) + part) / max(self._datasets, 1),
            f"{page.dataset}: {page.rows:,} of {page.expected_rows:,} rows",
        )

    def loaded(self, load: DatasetLoad) -> None:
        self._loaded.add(load.dataset)
        self._show(
            self._loading * len(self._loaded) / max(self._datasets, 1), f"{load.dataset}: loaded"
        )

    def node(self, name: str, done: int, total: int) -> None:
        share = self._loading + (1.0 - self._loading) * done / total
        self._show(share, f"dbt: {done} of {total} nodes")

    def end(self) -> None:
        self._next_at = 0.0
        self._show(1.0, "The run succeeded.")

    def _show(self, share: float, description: str) -> None:
        if self._artifact is None or not self._turn.acquire(blocking=False):
            return
        try:
            if time.monotonic() < self._next_at:
                return
            artifact = self._artifact
            if _leave(lambda: update_progress_artifact(artifact, _WHOLE * share, description)):
                self._next_at = time.monotonic() + _SECONDS_BETWEEN_UPDATES
            else:
                self._artifact = None  # once said, once tried
        finally:
            self._turn.release()


def _leave(create: Callable[[], Any]) -> UUID | None:
    """Leave an artifact; its id, or nothing where Prefect's server did not take it."""
    try:
        artifact: UUID = create()
    except Exception as error:
        cause = " ".join(str(error).split())
        watcher().warn(f"Prefect did not take an artifact of this run: {cause}")
        return None
    return artifact
