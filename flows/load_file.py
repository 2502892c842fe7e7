"""The run from a CSV file to the marts, for people without access to the portal."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

import ingestion.load_file
from flows import artifacts
from flows.build import build_marts
from flows.checks import checked_file
from flows.logs import of_dataset
from flows.progress import watcher
from flows.runs import held, one_line, record_refusal, recorded
from ingestion.catalog import Dataset
from ingestion.file_survey import Survey, survey
from warehouse.connection import ensure_ready
from warehouse.errors import WarehouseError
from warehouse.records import DatasetLoad, holds_sample_data, record_load
from warehouse.settings import Target


@task(task_run_name="load {dataset.name} from a file", cache_policy=NO_CACHE)
def load(dataset: Dataset, surveyed: Survey, target: Target) -> DatasetLoad:
    """Bring the versions of a file that raw has not into raw."""
    return ingestion.load_file.load_file(dataset, surveyed, target, on_progress=watcher().page)


@flow(name="load-file")
def load_file(
    dataset: Annotated[str, Field(description="The dataset whose rows the file has.")],
    file: Annotated[Path, Field(description="A CSV file, as the portal or SODA gives it.")],
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        Field(description="When the portal gave the file (UTC); else as the file's dates say."),
    ] = None,
    build: Annotated[bool, Field(description="Build the marts after the load.")] = True,
) -> DatasetLoad:
    """Load a CSV file of a dataset, build the marts from it, and record both in `ops`.

    Raises:
        WrongCall: the dataset, the file, the target or the instant is none that there is.
        WarehouseError: the file does not fit, or the warehouse or a model failed.
    """
    entry, found, where, instant = checked_file(dataset, file, target, as_of)
    parameters: dict[str, object] = {
        "datasets": [entry.name],
        "target": where,
        "file": str(file),
        "as_of": instant,
        "build": build,
    }
    try:
        surveyed = survey(found, instant)
    except WarehouseError as error:
        record_refusal(where, parameters, str(error))
        raise
    as_it_was = f" as of {surveyed.as_of}" if surveyed.as_of else ""
    watcher().say(f"file: {file}, {surveyed.rows:,} rows{as_it_was}")
    with held(where):
        ensure_ready(where)
        with recorded(where, parameters) as run_id, artifacts.progress(1, is_built=build):
            if holds_sample_data(where):
                watcher().warn(
                    f"this warehouse holds generated data of a sample portal, with which the rows"
                    f" of {file.name} now mix"
                )
            with of_dataset(entry.name):
                done = _load_recorded(entry, surveyed, where, run_id)
            if build:
                build_marts(where)
    return done


def _load_recorded(dataset: Dataset, surveyed: Survey, target: Target, run_id: str) -> DatasetLoad:
    try:
        done = load(dataset, surveyed, target)
    except Exception as error:
        failed = DatasetLoad(dataset.name, status="failed", error=one_line(error))
        record_load(target, run_id, failed)
        raise
    record_load(target, run_id, done)
    artifacts.show_loads([done])
    watcher().loaded(done)
    if done.schema_changes:
        watcher().warn(f"{dataset.label}: the file's columns are others: {done.schema_changes}")
    return done
