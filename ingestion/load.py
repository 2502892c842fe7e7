"""Runs the dlt pipeline into the warehouse, step by step, and says what it did."""

import getpass
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dlt
from dlt.common.exceptions import DltException

from ingestion.catalog import Dataset
from ingestion.drift import Drift
from ingestion.intake import Intake
from ingestion.memory import hand_back
from ingestion.portal import open_portal
from ingestion.raw import RawTable
from ingestion.soda import DatasetMissing, Mark, Metadata
from ingestion.source import PortalReading, Progress, Reading, soda
from warehouse.connection import connect, dlt_destination, has_table, warehouse_name
from warehouse.errors import WarehouseError
from warehouse.records import DatasetLoad
from warehouse.settings import Target

_PIPELINE = "chicago_crashes"


def load_dataset(
    dataset: Dataset,
    target: Target,
    *,
    since: date | None = None,
    until: date | None = None,
    where: str | None = None,
    from_start: bool = False,
    full_refresh: bool = False,
    known: Metadata | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> DatasetLoad:
    """Bring raw up to date with the portal, for one dataset.

    Args:
        dataset: the entry of the catalog.
        target: the warehouse.
        since: only rows whose date column is on this day or later.
        until: only rows whose date column is before this day.
        where: only rows that this SoQL condition selects, in place of a period.
        from_start: read from the first row, whatever was read before.
        full_refresh: the same, of whichever types its columns are now;
            equal rows add nothing all the same.
        known: what the portal said of the dataset, if it was asked just now.
        on_progress: called after each page.

    Raises:
        PortalError: the portal failed; what was read up to the last whole step is kept, and the
            next load carries on from there.
        WarehouseError: the warehouse failed, or the portal's columns do not fit the catalog or
            are of other types than they were.
    """
    started = time.monotonic()
    with open_portal(target) as portal:
        try:
            metadata = known or portal.metadata(dataset.id)
        except DatasetMissing as error:
            if dataset.required:
                raise
            return DatasetLoad(
                dataset.name, requests=portal.requests, status="missing", error=str(error)
            )
        _check_columns(dataset, metadata)
        columns = [column.name for column in metadata.columns]
        raw = RawTable(dataset, target, portal, columns)
        intake = Intake(dataset, columns, raw)
        reading = PortalReading(
            dataset,
            portal,
            metadata,
            intake,
            on_progress,
            part=where or period_condition(dataset, since, until),
        )
        with pipeline_into_raw(dataset, target) as pipeline:
            reading.known_types = kept_state(pipeline, dataset).get("columns") or {}
            drift = Drift.between(reading.known_types, metadata.types)
            # A part reads too little to make up for another type of all that is there.
            if not full_refresh or reading.part is not None:
                drift.refuse_retyped(dataset)
            is_unchanged = not (from_start or full_refresh) and _resume(reading, pipeline)
            if not is_unchanged:
                take_steps(reading, pipeline, target)
    raw.settle(has_new_rows=intake.inserted + intake.updated > 0, has_sightings=intake.sighted > 0)
    return DatasetLoad(
        dataset=dataset.name,
        rows_fetched=intake.fetched,
        rows_inserted=intake.inserted,
        rows_updated=intake.updated,
        rows_unchanged=intake.unchanged,
        requests=portal.requests + (known is not None),
        seconds=time.monotonic() - started,
        schema_changes=drift.description,
        unchanged_since=metadata.rows_updated_at if is_unchanged else None,
    )


def was_read_whole(dataset: Dataset, target: Target) -> bool:
    """Whether the dataset was ever read without a condition, so that all of it should be in raw."""
    with pipeline_into_raw(dataset, target) as pipeline:
        return "mark" in kept_state(pipeline, dataset)


@contextmanager
def pipeline_into_raw(dataset: Dataset, target: Target) -> Iterator[dlt.Pipeline]:
    """The pipeline into raw, with the state that the warehouse holds.

    The state lives in the warehouse; the folder holds one step's files and goes with the run.

    Raises:
        WarehouseError: what dlt met within the block, in one line.
    """
    _configure_dlt()
    hand_back()
    with _scratch_folder(target) as folder:
        try:
            pipeline = dlt.pipeline(
                _PIPELINE,
                destination=dlt_destination(target),
                dataset_name="raw",
                pipelines_dir=folder,
            )
            pipeline.sync_destination()
            yield pipeline
        except DltException as error:
            raise _plain(dataset, error) from error


def _resume(reading: PortalReading, pipeline: dlt.Pipeline) -> bool:
    """Set the reading's mark; true if nothing changed at the portal since the last one."""
    if reading.part is not None:
        return False
    kept = kept_state(pipeline, reading.dataset)
    mark = kept.get("mark")
    reading.mark = Mark(*mark) if mark else None
    settled = reading.metadata.rows_updated_at
    has_same_columns = kept.get("columns") == reading.metadata.types
    return settled is not None and kept.get("rows_updated_at") == settled and has_same_columns


def take_steps(reading: Reading, pipeline: dlt.Pipeline, target: Target) -> None:
    """Take the reading's steps, each of them a dlt load that commits its rows and its state."""
    _check_clock(target)
    while not reading.is_complete:
        pipeline.run(soda([reading]), loader_file_format="parquet")


@contextmanager
def _scratch_folder(target: Target) -> Iterator[str]:
    """A folder for the files of a step, of one name a warehouse: a killed load's goes as well."""
    name = f"{warehouse_name(target)} {getpass.getuser()}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"warehouse-{digest}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder)


def _configure_dlt() -> None:
    # `raw` keeps the City's names; dlt's own rule would rename `st_length_`.
    dlt.config["schema.naming"] = "direct"
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True


def kept_state(pipeline: dlt.Pipeline, dataset: Dataset) -> dict[str, Any]:
    """What dlt keeps of the dataset: its mark, its columns, when its rows had last changed."""
    sources: dict[str, Any] = dict(pipeline.state.get("sources") or {})
    resources = sources.get("soda", {}).get("resources", {})
    return dict(resources.get(dataset.name, {}))


def _check_columns(dataset: Dataset, metadata: Metadata) -> None:
    names = {column.name for column in metadata.columns}
    needed = [dataset.key, *dataset.made_from, dataset.date_column]
    for name in needed:
        if name and name not in names:
            raise WarehouseError(
                f"{dataset.label}: the portal has no column '{name}', which the catalog names;"
                f" its columns are {', '.join(sorted(names))}"
            )


def period_condition(dataset: Dataset, since: date | None, until: date | None) -> str | None:
    """The condition of the days asked for; a dataset without dates is always read whole."""
    column = dataset.date_column
    if not column:
        return None
    conditions = []
    if since:
        conditions.append(f"{column} >= '{since.isoformat()}T00:00:00'")
    if until:
        conditions.append(f"{column} < '{until.isoformat()}T00:00:00'")
    return " and ".join(conditions) or None


def _check_clock(target: Target) -> None:
    """Loads are numbered by the clock, and dbt takes those that are later than what it knows.

    Raises:
        WarehouseError: this machine's clock is behind the warehouse's last load.
    """
    with connect(target) as connection:
        if not has_table(connection, "raw", "_dlt_loads"):
            return
        last = connection.fetch("select max(load_id) as load_id from raw._dlt_loads")
    load_id = last["load_id"][0].as_py()
    if load_id and float(load_id) >= time.time():
        raise WarehouseError(
            f"this machine's clock is behind the warehouse's last load ({load_id} s since 1970):"
            " set the clock and sync again"
        )


def _plain(dataset: Dataset, error: DltException) -> BaseException:
    """The error beneath dlt's wrapping: our own or an interrupt, else the engine's in one line."""
    cause: BaseException = error
    while True:
        # An interrupt, of whichever kind, is none of the errors: DuckDB makes one of it.
        if isinstance(cause, WarehouseError) or not isinstance(cause, Exception):
            return cause
        inner = getattr(cause, "exception", None) or cause.__cause__ or cause.__context__
        if not isinstance(inner, BaseException):
            return WarehouseError(f"{dataset.label}: the load into raw failed: {cause}")
        cause = inner
