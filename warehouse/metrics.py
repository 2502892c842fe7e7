"""The warehouse's own figures for Prometheus.

A scrape costs one small query on PostGIS and a look at the file's time on DuckDB: rows are counted
anew only when a run has ended since. DuckDB lets nobody in while a sync writes; the figures of
before are then told on, and `warehouse_up` is 0.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from warehouse.audit import Run, last_runs
from warehouse.connection import Connection, connect, has_table
from warehouse.errors import WarehouseError
from warehouse.records import DatasetStatus, status
from warehouse.request_ledger import requests_in_last_hour
from warehouse.settings import DBT_PROJECT, Target, duckdb_path

# Among so many runs the last of each kind is found: of weekly ones, beside one every six hours.
_RUNS = 500
_DELETED = """
    select dataset, count(*) as n from ops.record_deletions
    where restored_at is null group by dataset
"""
_DIFFERENCES = """
    select
        checks.dataset,
        cast(sum(checks.missing) as bigint) as missing,
        cast(sum(checks.vanished) as bigint) as vanished
    from ops.reconciliation_checks as checks
    inner join (
        select dataset, max(checked_at) as checked_at
        from ops.reconciliation_checks group by dataset
    ) as last on checks.dataset = last.dataset and checks.checked_at = last.checked_at
    group by checks.dataset
"""
_KEPT = """
    select table_name from information_schema.tables
    where table_schema = 'quality' and table_type = 'BASE TABLE'
"""


@dataclass(frozen=True)
class Figures:
    """What is counted when a run has ended.

    Attributes:
        datasets: how each stands.
        deleted: its records that are marked as deleted, by dataset.
        missing: rows of the portal's that its last comparison found missing here, by dataset.
        vanished: records that it found gone at the portal.
        failing_tests: dbt's tests of the data of which `quality` keeps rows.
        runs: the last run of each kind that has ended.
        last_successes: the last of each kind that succeeded.
    """

    datasets: list[DatasetStatus] = field(default_factory=list)
    deleted: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    vanished: Mapping[str, int] = field(default_factory=dict)
    failing_tests: int = 0
    runs: Mapping[str, Run] = field(default_factory=dict)
    last_successes: Mapping[str, Run] = field(default_factory=dict)


class WarehouseCollector(Collector):
    """Collects the figures of a warehouse when Prometheus asks.

    Args:
        target: the warehouse.
        record_keys: the SQL of what names a row's record in raw, by dataset.
        say: told why the warehouse cannot be read, once for each reason.
        waits: count in the scrape that finds a run ended; else beside it, for the next ones.
    """

    def __init__(
        self,
        target: Target,
        record_keys: Mapping[str, str],
        say: Callable[[str], None],
        *,
        waits: bool,
    ) -> None:
        self._target, self._record_keys, self._say = target, record_keys, say
        # DuckDB counts in a moment, and to keep the file open any longer might keep a sync out.
        self._waits = waits or target == "duckdb"
        self._turn = Lock()
        self._thread = ThreadPoolExecutor(1, "metrics")
        self._reading: tuple[object, Future[Figures]] | None = None
        self._seen: object = None
        self._figures = Figures()
        self._requests = 0
        self._said = ""
        self.is_up = False

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics; never raises for what the warehouse does."""
        with self._turn:
            try:
                self._refresh()
            except Exception as error:
                # Whatever it is: that the warehouse cannot be read is what the metric is for.
                self.is_up = False
                self._say_once(" ".join(str(error).split()))
            else:
                self.is_up = True
                self._said = ""
            yield from _families(self._figures, self._requests, is_up=self.is_up)

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: to be registered must not read the warehouse."""
        return []

    def _refresh(self) -> None:
        self._requests = requests_in_last_hour(self._target)
        state = _state(self._target)
        if self._reading is None and state != self._seen:
            self._reading = state, self._thread.submit(_read, self._target, self._record_keys)
        if self._reading and (self._waits or self._reading[1].done()):
            (seen, reading), self._reading = self._reading, None
            self._figures = reading.result()
            self._seen = seen

    def _say_once(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._say(reason)


def _state(target: Target) -> object:
    """Something that is another when a run has ended."""
    if target == "duckdb":
        path = duckdb_path()
        if not path.exists():
            raise WarehouseError(f"no warehouse at {path}: run 'warehouse sync' first")
        files = (path, Path(f"{path}.wal"))
        return [(file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists()]
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "sync_runs"):
            raise WarehouseError(f"nothing was ever loaded into {target}: run 'warehouse sync'")
        return connection.fetch(
            "select count(*) as ended, max(finished_at) as last from ops.sync_runs"
            " where status <> 'running'"
        ).to_pylist()


def _read(target: Target, record_keys: Mapping[str, str]) -> Figures:
    datasets = status(target, record_keys)
    ended = [run for run in reversed(last_runs(target, _RUNS)) if run.status != "running"]
    with connect(target, read_only=True) as connection:
        deleted = _by_dataset(connection, "record_deletions", _DELETED)
        differences = _by_dataset(connection, "reconciliation_checks", _DIFFERENCES)
        kept = set(connection.fetch(_KEPT)["table_name"].to_pylist())
    return Figures(
        datasets,
        deleted={
            one.last_load.dataset: deleted.get(one.last_load.dataset, {}).get("n", 0)
            for one in datasets
        },
        missing={name: row["missing"] for name, row in differences.items()},
        vanished={name: row["vanished"] for name, row in differences.items()},
        failing_tests=len(kept - _relations_of_quality()),
        runs={run.kind: run for run in ended},
        last_successes={run.kind: run for run in ended if run.status == "succeeded"},
    )


def _by_dataset(connection: Connection, table: str, query: str) -> dict[str, dict[str, int]]:
    if not has_table(connection, "ops", table):
        return {}
    return {row["dataset"]: row for row in connection.fetch(query).to_pylist()}


def _relations_of_quality() -> set[str]:
    """The models and seeds of the schema; any other table of it has the rows of a test."""
    models = DBT_PROJECT.glob("models/quality/*.sql")
    seeds = DBT_PROJECT.glob("seeds/*.csv")
    return {path.stem for path in (*models, *seeds)}


def _families(figures: Figures, requests: int, *, is_up: bool) -> Iterator[GaugeMetricFamily]:
    """The metrics, each with its meaning; those of no dataset or run have no sample yet."""
    yield GaugeMetricFamily("warehouse_up", "Whether the warehouse can be read now.", int(is_up))
    yield GaugeMetricFamily(
        "warehouse_portal_requests_last_hour", "Requests to the portal in the last hour.", requests
    )
    yield GaugeMetricFamily(
        "warehouse_failing_tests",
        "Tests of the data that failed or warned in the last build, with rows in quality.",
        figures.failing_tests,
    )
    records, newest, loaded = {}, {}, {}
    for one in figures.datasets:
        name = one.last_load.dataset
        records[name] = float(one.records)
        if one.newest_row_at:
            written = datetime.fromisoformat(one.newest_row_at)
            newest[name] = time.time() - written.astimezone(UTC).timestamp()
        if one.last_success_at:
            loaded[name] = _seconds(one.last_success_at)
    for metric, text, by_dataset in (
        ("records", "Records in raw, deleted ones too.", records),
        ("deleted_records", "Records that the portal has no more.", figures.deleted),
        ("newest_row_age_seconds", "Time since the portal wrote its newest row here.", newest),
        ("last_success_timestamp_seconds", "When a load last succeeded.", loaded),
        ("missing_rows", "Rows of the portal's missing at the last comparison.", figures.missing),
        ("vanished_rows", "Records found gone at the last comparison.", figures.vanished),
    ):
        yield _family(f"warehouse_dataset_{metric}", text, "dataset", by_dataset)
    runs, successes = figures.runs, figures.last_successes
    for metric, text, by_kind in (
        (
            "last_succeeded",
            "Whether the last run that ended did so well.",
            {kind: int(run.status == "succeeded") for kind, run in runs.items()},
        ),
        (
            "last_duration_seconds",
            "How long the last run that ended took.",
            {kind: run.seconds or 0.0 for kind, run in runs.items()},
        ),
        (
            "last_success_timestamp_seconds",
            "When a run last succeeded.",
            {kind: _seconds(run.finished_at) for kind, run in successes.items()},
        ),
    ):
        yield _family(f"warehouse_run_{metric}", text, "kind", by_kind)


def _family(
    name: str, text: str, label: str, values: Mapping[str, float] | Mapping[str, int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value_of, value in sorted(values.items()):
        family.add_metric([value_of], value)
    return family


def _seconds(instant: datetime | None) -> float:
    """An instant of `ops`, which is in UTC, since 1970."""
    return instant.replace(tzinfo=UTC).timestamp() if instant else 0.0
