"""A load of one dataset: from where it goes on to what it did."""

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from ingestion.catalog import Dataset
from ingestion.drift import Drift
from ingestion.intake import Intake
from ingestion.pipeline import kept_state, take_steps
from ingestion.portal import open_portal
from ingestion.raw import RawTable
from ingestion.soda import DatasetMissing, Mark, Metadata
from ingestion.source import PortalReading, Progress
from warehouse.errors import WarehouseError
from warehouse.records import DatasetLoad
from warehouse.settings import Target


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
        kept = kept_state(dataset, target)
        reading.known_types = kept.get("columns") or {}
        drift = Drift.between(reading.known_types, metadata.types)
        # A part reads too little to make up for another type of all that is there.
        if not full_refresh or reading.part is not None:
            drift.refuse_retyped(dataset)
        is_unchanged = not (from_start or full_refresh) and _resume(reading, kept)
        if not is_unchanged:
            take_steps(reading, target)
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
    return "mark" in kept_state(dataset, target)


def _resume(reading: PortalReading, kept: Mapping[str, Any]) -> bool:
    """Set the reading's mark; true if nothing changed at the portal since the last one."""
    if reading.part is not None:
        return False
    mark = kept.get("mark")
    reading.mark = Mark(*mark) if mark else None
    settled = reading.metadata.rows_updated_at
    has_same_columns = kept.get("columns") == reading.metadata.types
    return settled is not None and kept.get("rows_updated_at") == settled and has_same_columns


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
