"""How old what the warehouse has of a dataset is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from warehouse.connection import Connection, connect, has_table
from warehouse.settings import Target


@dataclass(frozen=True)
class Freshness:
    """How old a dataset is.

    Attributes:
        dataset: its name.
        last_success_at: when a load of it last succeeded; none if none ever did.
        newest_row_at: the portal's newest `:updated_at` among its rows; none if there is no row,
            or none whose stamp is a time.
    """

    dataset: str
    last_success_at: datetime | None
    newest_row_at: datetime | None


def freshness(target: Target, datasets: Iterable[str]) -> list[Freshness]:
    """How old each dataset is; of a warehouse that nothing was ever loaded into, nothing.

    Raises:
        WarehouseError: there is no warehouse.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "dataset_loads"):
            return []
        return [_freshness(connection, name) for name in datasets]


def _freshness(connection: Connection, dataset: str) -> Freshness:
    [loaded] = connection.fetch(
        "select max(finished_at) as at from ops.dataset_loads"
        " where dataset = $1 and status = 'loaded'",
        (dataset,),
    ).to_pylist()
    newest = None
    if has_table(connection, "raw", dataset):
        [newest] = connection.fetch(f'select max(_row_updated_at) as newest from raw."{dataset}"')[
            "newest"
        ].to_pylist()
    return Freshness(
        dataset, loaded["at"].replace(tzinfo=UTC) if loaded["at"] else None, _instant(newest)
    )


def _instant(stamp: str | None) -> datetime | None:
    """An instant as the portal writes it, such as `2026-08-04T03:12:11.123Z`."""
    try:
        instant = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def is_sample(target: Target) -> bool:
    """Whether the warehouse was filled with generated data, without a change to it.

    Raises:
        WarehouseError: there is no warehouse.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "sync_runs"):
            return False
        found = connection.fetch("select 1 from ops.sync_runs where is_sample limit 1")
    return bool(found.num_rows)
