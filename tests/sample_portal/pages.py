"""What the sample portal is asked in these tests, and its answers as rows."""

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import requests

from ingestion.sample_portal import SamplePortal

CRASHES, PEOPLE, VEHICLES, DEATHS = "85ca-t3if", "u6pd-qa9d", "68nd-jvt3", "gzaz-isa6"
BEATS, WARDS, AREAS = "n9it-hstw", "p293-wvbd", "igwz-8jzy"
LAYERS = [BEATS, WARDS, AREAS, "thvf-6diy", "4i42-qv3h", "8pix-ypme", "kfyz-pdh6"]
SIZE, SEED = 2000, 7
Row = dict[str, str | None]


def get(portal: SamplePortal, path: str, **parameters: object) -> requests.Response:
    named = {f"${name}": str(value) for name, value in parameters.items()}
    return requests.get(f"{portal.url}{path}", params=named, timeout=20)


def page(portal: SamplePortal, dataset: str, **parameters: object) -> list[Row]:
    """A page in the CSV form; a null is None, and the empty text is not."""
    response = get(portal, f"/resource/{dataset}.csv", **parameters)
    assert response.status_code == 200, response.text
    return read_csv(response.text)


def read_csv(text: str) -> list[Row]:
    table = arrow_csv.read_csv(
        io.BytesIO(text.encode()),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(next(csv.reader([text.partition("\n")[0]])), pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    rows: list[Row] = table.to_pylist()
    return rows


def all_rows(portal: SamplePortal, dataset: str, size: int = 50_000) -> list[Row]:
    """Every row, by keyset paging."""
    rows: list[Row] = []
    where = "1 = 1"
    while True:
        got = page(
            portal,
            dataset,
            select=":*,*",
            where=where,
            order=":updated_at,:id",
            limit=size,
        )
        rows += got
        if len(got) < size:
            return rows
        at, id_ = got[-1][":updated_at"], got[-1][":id"]
        where = f"(:updated_at > '{at}' or (:updated_at = '{at}' and :id > '{id_}'))"


def json_page(portal: SamplePortal, dataset: str, **parameters: object) -> list[dict[str, Any]]:
    response = get(portal, f"/resource/{dataset}.json", **parameters)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


def count(portal: SamplePortal, dataset: str) -> int:
    return int(json_page(portal, dataset, select="count(*) as n")[0]["n"])
