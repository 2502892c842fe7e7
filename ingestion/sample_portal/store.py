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

    `writing` is to be held by whatever changes rows or columns.
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
        self.is_changed = False
        self._changed_at = {
            dataset: session.execute(
                f'select max(":updated_at") from {quoted(dataset)}'
            ).fetchall()[0][0]
            or datetime(2020, 1, 1)
            for dataset in specs
        }

    def session(self) -> duckdb.DuckDBPyConnection:
        """A session of its own for one request."""
        return self._session.cursor()

    def close(self) -> None:
        """Close the database."""
        self._session.close()

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
        self.is_changed = True

    def changed_at(self, dataset: str) -> datetime:
        """When the dataset last changed, in UTC; a delete changes it too."""
        return self._changed_at[dataset]

    def next_stamp(self, dataset: str) -> datetime:
        """A stamp later than all that there are; the dataset counts as changed then.

        The portal's clock stands between two changes, so that the same calls give the same data.
        """
        stamp = max(self._changed_at.values()) + timedelta(minutes=1)
        self._changed_at[dataset] = stamp
        self.is_changed = True
        return stamp

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
