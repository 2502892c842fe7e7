"""The files of a folder as datasets: `{id}.csv` with `{id}.types.json`, or `{id}.geojson`."""

import json
import re
from pathlib import Path

import duckdb

from ingestion.sample_portal.generator import literal, quoted
from ingestion.sample_portal.tables import Column, DatasetSpec, dataset_specs

# Property types of the layers, which their files do not state, are those of the City's portal.
SYSTEM = """
    row_id(hash(row_key, {dataset})) as ":id",
    stamp_of(published, {dataset}) as ":created_at",
    stamp_of(published, {dataset}) as ":updated_at",
    replace(row_id(hash(row_key, {dataset}, 'version')), 'row-', 'rv-') as ":version"
"""
# A few stamps for all the rows of a file: the order of pages must not rest on them.
PUBLISHED = "date '2026-08-01' + (row_key % 3)::integer as published"


class UnreadableFolderError(Exception):
    """The folder holds no dataset, or one that cannot be read."""


def load_folder(session: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, DatasetSpec]:
    """Make a table of each file.

    Raises:
        UnreadableFolderError: it says which file is wrong, and why.
    """
    specs = {}
    for path in sorted(folder.glob("*.csv")) + sorted(folder.glob("*.geojson")):
        try:
            spec = _load_csv(session, path) if path.suffix == ".csv" else _load_json(session, path)
        except (duckdb.Error, OSError, ValueError) as error:
            cause = str(error).splitlines()[0]
            raise UnreadableFolderError(f"{path}: {cause}; expected SODA's own form") from error
        specs[spec.id] = spec
    if not specs:
        raise UnreadableFolderError(
            f"{folder}: no .csv or .geojson file in it; give another folder"
        )
    return specs


def _load_csv(session: duckdb.DuckDBPyConnection, path: Path) -> DatasetSpec:
    types = json.loads(path.with_suffix(".types.json").read_text(encoding="utf-8"))
    names = json.dumps(dict.fromkeys(types, "varchar")).replace('"', "'")
    # without quotes it is null, with them it is the empty text
    source = (
        f"read_csv({literal(str(path))}, columns = {names}, header = true, quote = '\"', "
        "escape = '\"', delim = ',', nullstr = '', allow_quoted_nulls = false, parallel = false)"
    )
    _make(session, path.stem, list(types), f"select * from {source}")
    columns = tuple(Column(name, type_) for name, type_ in types.items())
    return _spec(path.stem, columns)


def _load_json(session: duckdb.DuckDBPyConnection, path: Path) -> DatasetSpec:
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    known = dataset_specs().get(path.stem)
    types = {column.field: column.type for column in known.columns} if known else {}
    fields = list(dict.fromkeys(name for f in features for name in f["properties"]))
    columns = [Column("the_geom", "multipolygon")]
    columns += [Column(name, types.get(name, "text")) for name in fields]
    rows = [[_wkt(f["geometry"]), *(f["properties"].get(n) for n in fields)] for f in features]
    names = [column.field for column in columns]
    selected = ", ".join(f"row_[{i}] as {quoted(name)}" for i, name in enumerate(names, start=1))
    session.execute(
        "create or replace temp table file_rows as "
        "select unnest(from_json($1, '[[\"varchar\"]]')) as row_",
        [json.dumps(rows)],
    )
    _make(session, path.stem, names, f"select {selected} from file_rows")
    return _spec(path.stem, tuple(columns))


def _make(session: duckdb.DuckDBPyConnection, dataset: str, names: list[str], rows: str) -> None:
    columns = ", ".join(quoted(name) for name in names)
    session.execute(f"""
        create table {quoted(dataset)} as
        with row_of_file as (
            select *, hash(hash(row_number() over (), {literal(dataset)})) as row_key from ({rows})
        ),
        published as (select *, {PUBLISHED} from row_of_file)
        select {columns}, {SYSTEM.format(dataset=literal(dataset))} from published
    """)


def _spec(dataset: str, columns: tuple[Column, ...]) -> DatasetSpec:
    known = dataset_specs().get(dataset)
    if known is None:
        return DatasetSpec(dataset, dataset, columns)
    descriptions = {column.field: column.description for column in known.columns}
    described = tuple(Column(c.field, c.type, descriptions.get(c.field, "")) for c in columns)
    return DatasetSpec(dataset, known.name, described, known.key, known.amended)


def _wkt(geometry: dict[str, object] | None) -> str | None:
    if geometry is None:
        return None
    nested = json.dumps(geometry["coordinates"], separators=(",", ":"))
    points = nested.replace("],[", "], [").replace("[", "(").replace("]", ")")
    return f"{str(geometry['type']).upper()} {_without_inner_brackets(points)}"


def _without_inner_brackets(points: str) -> str:
    """`(((( -87,41), (-86,41))))` to `(((-87 41, -86 41)))`."""
    return re.sub(r"\((-?[0-9.eE+-]+),(-?[0-9.eE+-]+)\)", r"\1 \2", points)
