"""Reads `catalog.yml`, in which each dataset is declared once, and refuses a wrong one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from warehouse.errors import WarehouseError, WrongCall

CATALOG = Path(__file__).with_name("catalog.yml")

ColumnName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Header = Annotated[str, Field(min_length=1)]
# The column of raw that names the record of a row to which the City gives no key.
MADE_KEY = "_record_key"

DatasetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,50}$")]


class Dataset(BaseModel):
    """A dataset of the portal: what it is, and how its records are told apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: DatasetName
    id: Annotated[str, Field(pattern=r"^[a-z0-9]{4}-[a-z0-9]{4}$")]
    title: Annotated[str, Field(min_length=1)]
    kind: Literal["table", "points", "polygons"]
    key: ColumnName | None = None
    made_from: tuple[ColumnName, ...] = ()
    date_column: ColumnName | None = None
    required: StrictBool = False
    loaded_within_hours: Annotated[int, Field(gt=0)] | None = None
    published_within_hours: Annotated[int, Field(gt=0)] | None = None
    download_names: dict[Header, ColumnName | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_one_kind_of_key(self) -> Self:
        if bool(self.key) == bool(self.made_from):
            raise ValueError("expected either 'key' or 'made_from'")
        return self

    @property
    def record_key(self) -> str:
        """The SQL of what names a row's record in raw: the City's key, or a made one without it."""
        return f'coalesce({MADE_KEY}, "{self.key}")' if self.key else MADE_KEY

    @property
    def label(self) -> str:
        """How errors name it: `people (u6pd-qa9d)`."""
        return f"{self.name} ({self.id})"


@dataclass(frozen=True)
class Catalog:
    """All datasets, by name, in the order in which they are loaded."""

    datasets: dict[str, Dataset]

    @property
    def required(self) -> list[Dataset]:
        """The datasets that the portal must have and that the marts are made of."""
        return [dataset for dataset in self.datasets.values() if dataset.required]

    def select(self, names: Iterable[str] = ()) -> list[Dataset]:
        """The named datasets in the catalog's order, or all of them when none is named.

        Raises:
            WrongCall: a name is not in the catalog.
        """
        wanted = set(names) or set(self.datasets)
        if unknown := sorted(wanted - set(self.datasets)):
            raise WrongCall(
                f"unknown dataset '{unknown[0]}': choose from {', '.join(self.datasets)}"
            )
        return [dataset for name, dataset in self.datasets.items() if name in wanted]


def load_catalog(path: Path = CATALOG) -> Catalog:
    """Read the catalog.

    Raises:
        WarehouseError: it cannot be read, or an entry is wrong: names the entry, the field
            and what was expected.
    """
    try:
        entries = YAML(typ="safe").load(path)  # refuses an entry that stands twice
    except OSError as error:
        raise WarehouseError(f"cannot read the catalog {path}: {error.strerror}") from error
    except YAMLError as error:
        raise WarehouseError(
            f"{path.name} is not valid YAML, or has an entry twice: {error}"
        ) from error
    if not isinstance(entries, dict) or not entries:
        raise WarehouseError(f"{path.name}: expected entries like 'crashes: {{id: 85ca-t3if, …}}'")
    datasets = {str(name): _dataset(path, name, entry) for name, entry in entries.items()}
    by_id: dict[str, str] = {}
    for dataset in datasets.values():
        if (first := by_id.setdefault(dataset.id, dataset.name)) != dataset.name:
            raise WarehouseError(
                f"{path.name}: entry '{dataset.name}', field 'id': {dataset.id} is already"
                f" the id of '{first}'; expected each dataset once"
            )
    if not any(dataset.required for dataset in datasets.values()):
        raise WarehouseError(
            f"{path.name}: no entry has 'required: true'; expected it of the datasets that the"
            " marts are made of"
        )
    return Catalog(datasets)


def _dataset(path: Path, name: object, entry: object) -> Dataset:
    if not isinstance(entry, dict):
        raise WarehouseError(
            f"{path.name}: entry '{name}': expected fields (id, title, kind, key), got {entry!r}"
        )
    if "name" in entry:
        raise WarehouseError(
            f"{path.name}: entry '{name}', field 'name': no such field; expected the name as the"
            " entry's key"
        )
    try:
        return Dataset.model_validate({**entry, "name": name})
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"]) or "key"
        given = f", got {fault['input']!r}" if fault["loc"] and fault["type"] != "missing" else ""
        raise WarehouseError(
            f"{path.name}: entry '{name}', field '{field}': {_expected(field, fault)}{given}"
        ) from error


def _expected(field: str, fault: object) -> str:
    """What pydantic found, in the words of the catalog."""
    details = fault if isinstance(fault, dict) else {}
    if details.get("type") == "extra_forbidden":
        known = ", ".join(name for name in Dataset.model_fields if name != "name")
        return f"no such field; expected one of {known}"
    if details.get("type") == "missing":
        return "missing; expected it in every entry"
    if details.get("type") == "value_error":
        return str(details["ctx"]["error"])
    if field == "id":
        return "expected the portal's id, like 85ca-t3if"
    return f"expected: {details.get('msg')}"
