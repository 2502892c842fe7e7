"""Who ran what: the runs of `ops.sync_runs`, newest first, with what they changed."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse.connection import connect, has_table
from warehouse.errors import WarehouseError
from warehouse.settings import Target

_RUNS = """
    select
        runs.run_id,
        runs.trigger,
        runs.started_by,
        runs.parameters,
        runs.started_at,
        runs.finished_at,
        runs.status,
        runs.error,
        cast(coalesce(changes.rows_changed, 0) as bigint) as rows_changed
    from (
        select * from ops.sync_runs order by started_at desc, run_id desc limit {limit}
    ) as runs
    left join (
        select run_id, sum(rows_inserted + rows_updated + rows_deleted) as rows_changed
        from ops.dataset_loads
        group by run_id
    ) as changes on runs.run_id = changes.run_id
    order by runs.started_at desc, runs.run_id desc
"""
# What a run says of itself where its parameters alone would not.
_KINDS = ("reconcile", "maintenance", "report")


@dataclass(frozen=True)
class Run:
    """A run, as its record tells of it.

    Attributes:
        kind: sync, load-file, reconcile, build, maintenance, …
        trigger: the deployment, by its schedule or by hand, or the command line.
        started_by: the user and the machine that it ran as and on.
        parameters: what it was asked to do.
        started_at: in UTC, as is the next.
        finished_at: none while it runs, or if it was killed.
        status: running, succeeded or failed.
        rows_changed: rows that were inserted, updated or marked as deleted.
    """

    run_id: str
    kind: str
    trigger: str
    started_by: str
    parameters: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None
    status: str
    error: str | None
    rows_changed: int

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None


def last_runs(target: Target, limit: int) -> list[Run]:
    """The last runs of a warehouse, newest first.

    Args:
        target: the warehouse.
        limit: how many at most.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "sync_runs"):
            raise WarehouseError(f"nothing was ever loaded into {target}: run 'warehouse sync'")
        rows = connection.fetch(_RUNS.format(limit=int(limit))).to_pylist()
    return [_run(row) for row in rows]


def kind_of(parameters: dict[str, Any]) -> str:
    """What a run was, by the parameters that `ops.sync_runs` has of it."""
    for kind in _KINDS:
        if parameters.get(kind):
            return kind
    if "file" in parameters:
        return "load-file"
    if "datasets" in parameters:
        return "sync"
    return next((name for name, value in parameters.items() if value is True), "run")


def _run(row: dict[str, Any]) -> Run:
    parameters = json.loads(row.pop("parameters"))
    return Run(**row, kind=kind_of(parameters), parameters=parameters)
