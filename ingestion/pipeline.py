"""The dlt pipeline into raw: its steps, and the state that it keeps in the warehouse."""

import getpass
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
from dlt.common.exceptions import DltException
from dlt.common.versioned_state import decompress_state

from ingestion.catalog import Dataset
from ingestion.memory import hand_back
from ingestion.source import Reading, soda
from warehouse.connection import connect, dlt_destination, has_table, warehouse_name
from warehouse.errors import WarehouseError
from warehouse.settings import Target

_PIPELINE = "chicago_crashes"
# As dlt finds it: of the last load that was committed.
_STATE = """
    select state.state
    from raw._dlt_pipeline_state as state
    inner join raw._dlt_loads as loads on state._dlt_load_id = loads.load_id
    where state.pipeline_name = $1 and loads.status = 0
    order by loads.load_id desc
    limit 1
"""


def kept_state(dataset: Dataset, target: Target) -> dict[str, Any]:
    """What dlt keeps of the dataset: its mark, its columns, when its rows had last changed.

    It is read by one query: to start a pipeline for it would take longer than all else that a
    sync does of a dataset that has not changed.
    """
    with connect(target) as connection:
        if not has_table(connection, "raw", "_dlt_pipeline_state"):
            return {}
        found = connection.fetch(_STATE, (_PIPELINE,))
    if not found.num_rows:
        return {}
    state: dict[str, Any] = decompress_state(found["state"][0].as_py())
    resources = state.get("sources", {}).get("soda", {}).get("resources", {})
    return dict(resources.get(dataset.name, {}))


def take_steps(reading: Reading, target: Target) -> None:
    """Take the reading's steps, each of them a dlt load that commits its rows and its state.

    Raises:
        WarehouseError: this machine's clock is behind the warehouse's last load, or what dlt met,
            in one line.
    """
    with _pipeline(reading.intake.dataset, target) as pipeline:
        _check_clock(target)
        while not reading.is_complete:
            # dlt hands Parquet to Arrow's driver, whose copy into PostgreSQL is binary, and lets
            # DuckDB read it by itself.
            pipeline.run(soda([reading]), loader_file_format="parquet")


@contextmanager
def _pipeline(dataset: Dataset, target: Target) -> Iterator[dlt.Pipeline]:
    """The pipeline with the state that the warehouse holds.

    The state lives in the warehouse; the folder holds one step's files and goes with the run.
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
    # A step's file is read once, and then gone.
    dlt.config["data_writer.compression"] = "none"


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
