"""The portal's tables in one DuckDB: a table a dataset, its columns as text, its system fields."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from ingestion.sample_portal import refusals
from ingestion.sample_portal.generator import Generator, quoted
from ingestion.sample_portal.tables import Column, DatasetSpec


class Store:
    """The datasets as they now are.

    `writing` is to be held by whatever changes rows or columns, and `next_stamp` to be asked for
    before a dataset's table changes.
    """

    def __init__(
        self,
        session: duckdb.DuckDBPyConnection,
        specs: Mapping[str, DatasetSpec],
        attribution: str,
        generator: Generator | None = None,
    ) -> None:
        self._session = session
        self._specs = dict(specs)
        self.attribution = attribution
        self.generator = generator
        self.removed: set[str] = set()
        self.writing = threading.RLock()
        self.rows_made = 0
        self._changed_at = {
            dataset: session.execute(
                f'select max(":updated_at") from {quoted(dataset)}'
            ).fetchall()[0][0]
            or datetime(2020, 1, 1)
            for dataset in specs
        }
        self._first_specs = dict(self._specs)
        self._first_changed_at = dict(self._changed_at)
        self._kept: set[str] = set()

    def session(self) -> duckdb.DuckDBPyConnection:
        """A session of its own for one request."""
        return self._session.cursor()

    @property
    def datasets(self) -> list[str]:
        """The ids of the datasets that are served."""
        return [dataset for dataset in self._specs if dataset not in self.removed]

    def spec(self, dataset: str) -> DatasetSpec:
        """What a dataset is.

        Raises:
            RefusalError: there is none of this id.
        """
        if dataset not in self._specs or dataset in self.removed:
            raise refusals.no_such_dataset(dataset)
        return self._specs[dataset]

    def replace_spec(self, spec: DatasetSpec) -> None:
        """Note that a dataset's columns are others."""
        self._specs[spec.id] = spec

    def changed_at(self, dataset: str) -> datetime:
        """When the dataset last changed, in UTC; a delete changes it too."""
        return self._changed_at[dataset]

    def next_stamp(self, dataset: str) -> datetime:
        """A stamp later than all that there are; the dataset counts as changed then.

        The portal's clock stands between two changes, so that the same calls give the same data.
        """
        self._keep(dataset)
        stamp = max(self._changed_at.values()) + timedelta(minutes=1)
        self._changed_at[dataset] = stamp
        return stamp

    def reset(self) -> None:
        """Make all as it was at the start, by the tables that were kept when they first changed."""
        for dataset, changed_at in self._first_changed_at.items():
            if self._changed_at[dataset] != changed_at:
                with self.session() as session:
                    session.execute(
                        f"create or replace table {quoted(dataset)} as from {_kept(dataset)}"
                    )
        self._specs = dict(self._first_specs)
        self._changed_at = dict(self._first_changed_at)
        self.removed.clear()
        self.rows_made = 0
        if self.generator:
            self.generator.forget_more()

    def _keep(self, dataset: str) -> None:
        """Keep a table as it is before its first change."""
        if dataset not in self._kept:
            with self.session() as session:
                session.execute(f"create table {_kept(dataset)} as from {quoted(dataset)}")
            self._kept.add(dataset)

    def metadata(self, dataset: str) -> dict[str, Any]:
        """The answer to `/api/views/{id}.json`."""
        spec = self.spec(dataset)
        changed = int(self.changed_at(dataset).replace(tzinfo=UTC).timestamp())
        return {
            "id": spec.id,
            "name": spec.name,
            "attribution": self.attribution,
            "assetType": "dataset",
            "rowsUpdatedAt": changed,
            "viewLastModified": changed,
            "columns": [
                _column_metadata(column, position)
                for position, column in enumerate(spec.columns, start=1)
            ],
        }


def _kept(dataset: str) -> str:
    return quoted(f"{dataset} at first")


def _column_metadata(column: Column, position: int) -> dict[str, Any]:
    return {
        "id": 1000 + position,
        "name": column.field.upper(),
        "dataTypeName": column.type,
        "description": column.description,
        "fieldName": column.field,
        "position": position,
        "renderTypeName": column.type,
    }
