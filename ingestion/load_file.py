"""Brings the rows of a CSV file into raw, as versions like those that come from the portal."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from ingestion.catalog import Dataset
from ingestion.drift import Drift, Types
from ingestion.file_survey import Survey, in_iso
from ingestion.intake import Intake
from ingestion.pipeline import kept_state, take_steps
from ingestion.raw import RawTable
from ingestion.source import PAGES_A_STEP, Progress
from ingestion.versions import with_version_hash
from warehouse.errors import WarehouseError
from warehouse.records import DatasetLoad
from warehouse.settings import Target


@dataclass
class FileReading:
    """A reading of a file that was surveyed.

    A row without an `:id` is named by the file's content and its place in it, so that the same
    file again brings nothing.
    """

    survey: Survey
    date_columns: list[str]
    intake: Intake
    on_progress: Callable[[Progress], None]
    is_complete: bool = False
    pages: int = field(default=0, init=False)

    def step(self) -> Iterator[pa.Table]:
        """The new versions in the next pages.

        Raises:
            WarehouseError: the file is no longer the one that was surveyed.
        """
        self.intake.begin_step()
        for _ in range(PAGES_A_STEP):
            page = next(self._rows, None)
            if page is None:
                raise WarehouseError(
                    f"{self.survey.file.path} was changed while it was read: load it again"
                )
            new = self.intake.take(with_version_hash(page, self.intake.columns))
            if new.num_rows:
                yield new
            self.pages += 1
            self.is_complete = self.intake.fetched >= self.survey.rows
            self.on_progress(
                Progress(
                    self.intake.dataset.name, self.pages, self.intake.fetched, self.survey.rows
                )
            )
            if self.is_complete:
                return

    def keep(self, state: dict[str, Any]) -> None:
        """Keep nothing: the portal is read from its own mark, whatever came from files."""

    @cached_property
    def _rows(self) -> Iterator[pa.Table]:
        return self._read()

    def _read(self) -> Iterator[pa.Table]:
        file, row = self.survey.file, 1
        for page in file.pages():
            rows = in_iso(file, page, self.date_columns)
            if not file.has_system_fields:
                names = [f"file:{self.survey.digest}:{n}" for n in range(row, row + rows.num_rows)]
                stamps = pa.repeat(self.survey.as_of, rows.num_rows)
                rows = rows.append_column("_row_id", pa.array(names))
                for column in ("_row_created_at", "_row_updated_at"):
                    rows = rows.append_column(column, stamps)
            row += rows.num_rows
            yield rows


def load_file(
    dataset: Dataset,
    survey: Survey,
    target: Target,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> DatasetLoad:
    """Bring the versions of a file that raw has not into raw.

    Args:
        dataset: the entry of the catalog.
        survey: the file, read to its end.
        target: the warehouse.
        on_progress: called after each page.

    Raises:
        WarehouseError: the warehouse failed, or the file has other columns than the dataset, or
            is of no sure time and might lie over newer rows; in the latter cases nothing was
            written.
    """
    started = time.monotonic()
    columns = survey.file.source_columns
    raw = RawTable(dataset, target, None, columns)
    intake = Intake(dataset, columns, raw)
    types: Types = kept_state(dataset, target).get("columns") or {}
    dates = survey.dates(dataset, types)
    drift = _drift(dataset, survey, raw.source_columns(), types)
    if survey.is_of_file_time and raw.has_rows_of_portal():
        raise WarehouseError(
            f"{dataset.label}: {survey.file.path} has no dates that tell when the portal gave"
            " it, and copying moves the file's time, so its rows could hide newer ones: give"
            " the time of the download (UTC) with --as-of"
        )
    take_steps(FileReading(survey, dates, intake, on_progress), target)
    raw.settle(has_new_rows=intake.inserted + intake.updated > 0, has_sightings=intake.sighted > 0)
    return DatasetLoad(
        dataset=dataset.name,
        rows_fetched=intake.fetched,
        rows_inserted=intake.inserted,
        rows_updated=intake.updated,
        rows_unchanged=intake.unchanged,
        seconds=time.monotonic() - started,
        schema_changes=drift.description,
    )


def _drift(dataset: Dataset, survey: Survey, in_raw: list[str], types: Types) -> Drift:
    """The columns that raw has not yet; only files may bring such, before the portal was read.

    Raises:
        WarehouseError: a column is missing, or is neither the portal's nor in raw, which would
            make a new version of every row.
    """
    columns = survey.file.source_columns
    missing = [name for name in types or in_raw if name not in columns]
    if missing:
        raise WarehouseError(
            f"{dataset.label}: {survey.file.path} lacks the columns {', '.join(missing)}:"
            " download the dataset with all of its columns"
        )
    unknown = [name for name in columns if types and name not in types and name not in in_raw]
    if unknown:
        raise WarehouseError(
            f"{dataset.label}: {survey.file.path} has columns that the dataset has not:"
            f" {', '.join(unknown)}; if the portal has them by now, run 'warehouse sync"
            f" {dataset.name}' first, else leave them out of the file"
        )
    kinds = {name: "calendar_date" if name in survey.date_columns else "text" for name in columns}
    before = {name: kinds[name] for name in columns if name in types or name in in_raw}
    return Drift.between(before, kinds)
