"""What tests of the load share: to load a dataset, and to hold raw against the portal."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.csv
import requests

from ingestion.catalog import load_catalog
from ingestion.load import load_dataset
from ingestion.sample_portal import SamplePortal
from warehouse.connection import connect, has_table
from warehouse.lock import sync_lock
from warehouse.records import DatasetLoad
from warehouse.settings import Target

CATALOG = load_catalog().datasets
IDS = {name: dataset.id for name, dataset in CATALOG.items()}

Row = dict[str, str | None]


def load(name: str, target: Target = "duckdb", **options: Any) -> DatasetLoad:
    """Load a dataset as a run does, which holds the warehouse meanwhile."""
    with sync_lock(target):
        return load_dataset(CATALOG[name], target, **options)


def in_raw(name: str, target: Target = "duckdb") -> list[Row]:
    """Each version that raw holds, in an order that is the same on both engines."""
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "raw", name):
            return []
        versions = connection.fetch(f'select * from raw."{name}"').drop_columns(["_dlt_load_id"])
    return sorted(versions.to_pylist(), key=lambda row: (row["_row_id"], row["_row_updated_at"]))


def at_the_portal(portal: SamplePortal, name: str) -> list[Row]:
    """Each row that the portal has, straight from its CSV, with raw's names."""
    query = {"$select": ":*,*", "$order": ":id", "$limit": "50000"}
    answer = requests.get(f"{portal.url}/resource/{IDS[name]}.csv", params=query, timeout=60)
    names = answer.text.partition("\n")[0].replace('"', "").split(",")
    table = pyarrow.csv.read_csv(
        io.BytesIO(answer.content),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ).drop_columns([":version"])
    renamed = [f"_row_{name[1:]}" if name[0] == ":" else name for name in table.column_names]
    rows: list[Row] = table.rename_columns(renamed).to_pylist()
    return rows


def of_the_portal(versions: list[Row]) -> list[Row]:
    """Versions with the columns alone that the portal has."""
    made = ("_version_hash", "_record_key")
    return [{name: row[name] for name in row if name not in made} for row in versions]


def assert_complete(portal: SamplePortal, name: str, target: Target = "duckdb") -> None:
    """Every row of the portal is in raw as it is, and no version twice."""
    versions = of_the_portal(in_raw(name, target))
    newest = {row["_row_id"]: row for row in versions}
    assert list(newest.values()) == at_the_portal(portal, name)
    assert len({(row["_row_id"], row["_row_updated_at"]) for row in versions}) == len(versions)
