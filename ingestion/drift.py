"""How the columns of a dataset have changed since they were last seen.

dlt's state of the dataset keeps them under `columns`, each name with the portal's type, and
commits them with the step that ends a reading: a change is told once, by the load that saw it
through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ingestion.catalog import Dataset
from warehouse.errors import WarehouseError

Types = Mapping[str, str]


@dataclass(frozen=True)
class Drift:
    """What has changed.

    Attributes:
        new: columns that were not there, with their types.
        vanished: columns that are there no more, with the types that they had.
        retyped: columns of another type, with the type that they had and the one they have.
    """

    new: Types
    vanished: Types
    retyped: Mapping[str, tuple[str, str]]

    @classmethod
    def between(cls, before: Types, now: Types) -> Self:
        """What has changed; nothing, where no columns are known from before."""
        return cls(
            new={name: kind for name, kind in now.items() if before and name not in before},
            vanished={name: kind for name, kind in before.items() if name not in now},
            retyped={
                name: (kind, now[name])
                for name, kind in before.items()
                if now.get(name, kind) != kind
            },
        )

    @property
    def description(self) -> str | None:
        """Like `new: fatigue_i (text); vanished: lane_cnt (number)`; none if nothing changed."""
        retyped = {name: f"{was}, now {now}" for name, (was, now) in self.retyped.items()}
        parts = {"new": self.new, "vanished": self.vanished, "retyped": retyped}
        return (
            "; ".join(
                f"{change}: {_listed(columns)}" for change, columns in parts.items() if columns
            )
            or None
        )

    def refuse_retyped(self, dataset: Dataset) -> None:
        """Let no values of another type among those that raw has, unless a person says so.

        Raises:
            WarehouseError: a column has another type; names both.
        """
        if self.retyped:
            changes = ", ".join(
                f"'{name}' was {was} and is {now}" for name, (was, now) in self.retyped.items()
            )
            raise WarehouseError(
                f"{dataset.label}: the portal has changed the type of a column: {changes};"
                f" 'warehouse sync {dataset.name} --full-refresh' accepts it and reads every row"
                " again"
            )


def _listed(columns: Types) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in columns.items())
