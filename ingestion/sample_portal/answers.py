"""The rows of a query in the portal's forms: CSV, JSON, GeoJSON."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion.sample_portal import refusals
from ingestion.sample_portal.generator import literal, quoted
from ingestion.sample_portal.soql import Output, Query

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json;charset=utf-8",
    "geojson": "application/vnd.geo+json;charset=utf-8",
}
GEOMETRIES = ("point", "multipolygon")
TYPES = {"TIMESTAMP": "calendar_date", "BOOLEAN": "checkbox", "VARCHAR": "text"}


@dataclass(frozen=True)
class Answer:
    """A whole body, how many rows are in it, and its columns with their types."""

    body: bytes
    rows: int
    columns: dict[str, str]


def answer(session: duckdb.DuckDBPyConnection, query: Query, form: str) -> Answer:
    """Run a query and write its rows as `form`.

    Raises:
        RefusalError: DuckDB finds that the query's parts do not fit together.
    """
    try:
        types = _types(session, query)
        texts = {output.name: _as_text(output, types[output.name]) for output in query.outputs}
        columns = {name: TYPES.get(type_, type_) for name, type_ in types.items()}
        if form == "csv":
            return _csv(session, query.sql, texts, columns)
        rows = _rows(session, query.sql, texts, columns, as_features=form == "geojson")
    except (duckdb.BinderException, duckdb.ConversionException, duckdb.ParserException) as error:
        raise refusals.type_mismatch(str(error).splitlines()[0]) from error
    if form == "json":
        body = "[" + "\n,".join(rows) + "]\n"
    else:
        body = '{"type":"FeatureCollection","features":[' + ",\n".join(rows) + "]}\n"
    return Answer(body.encode(), len(rows), columns)


def _types(session: duckdb.DuckDBPyConnection, query: Query) -> dict[str, str]:
    """The columns' types on the portal; of expressions, DuckDB's own."""
    made: dict[str, str] = {}
    if any(output.type is None for output in query.outputs):
        described = session.execute(f"describe {query.sql}").fetchall()
        made = {str(name): str(type_) for name, type_, *_ in described}
    types = {}
    for output in query.outputs:
        type_ = output.type or made[output.name]
        types[output.name] = type_ if output.type or type_ in TYPES else "number"
    return types


def _as_text(output: Output, type_: str) -> str:
    name = quoted(output.name)
    if output.is_of_system and type_ in ("fixed_timestamp", "TIMESTAMP"):
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    if output.is_plain:
        return name
    if type_ == "TIMESTAMP":
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%g')"
    if type_ == "number":
        # a whole number has no point, as on the portal
        return f"regexp_replace({name}::varchar, '\\.0$', '')"
    return f"{name}::varchar"


def _csv(
    session: duckdb.DuckDBPyConnection, sql: str, texts: dict[str, str], columns: dict[str, str]
) -> Answer:
    selected = ", ".join(f"{text} as {quoted(name)}" for name, text in texts.items())
    with tempfile.TemporaryDirectory(prefix="sample-portal-") as folder:
        path = Path(folder, "page.csv")
        [(rows,)] = session.execute(
            f"copy (select {selected} from ({sql})) to {literal(str(path))} "
            "(format csv, header false, force_quote *)"
        ).fetchall()
        header = ",".join(quoted(name) for name in texts) + "\n"
        return Answer(header.encode() + path.read_bytes(), rows, columns)


def _rows(
    session: duckdb.DuckDBPyConnection,
    sql: str,
    texts: dict[str, str],
    columns: dict[str, str],
    *,
    as_features: bool,
) -> list[str]:
    geometry = next((name for name in texts if columns[name] in GEOMETRIES), None)
    members = []
    for name, text in texts.items():
        if as_features and name == geometry:
            continue
        value = _json_value(text, columns[name])
        key = literal(_json_key(name))
        if as_features:
            members.append(f"{key} || coalesce({value}, 'null')")
        else:
            members.append(f"{key} || {value}")
    object_ = f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'" if members else "'{}'"
    if as_features:
        shape = _json_geometry(texts[geometry]) if geometry else "null"
        object_ = (
            f'\'{{"type":"Feature","geometry":\' || coalesce({shape}, \'null\') '
            f"|| ',\"properties\":' || {object_} || '}}'"
        )
    return [row for (row,) in session.execute(f"select {object_} from ({sql})").fetchall()]


def _json_key(name: str) -> str:
    return '"' + name.replace('"', '\\"') + '":'


def _json_value(text: str, type_: str) -> str:
    if type_ in GEOMETRIES:
        return _json_geometry(text)
    if type_ == "checkbox":
        return text
    return f"to_json({text})::varchar"


def _json_geometry(wkt: str) -> str:
    numbers = f"regexp_replace({wkt}, '(-?[0-9.]+) (-?[0-9.]+)', '[\\1,\\2]', 'g')"
    shape = f"replace(replace(replace({numbers}, '(', '['), ')', ']'), ', ', ',')"
    return (
        f"case when {wkt} like 'POINT%' "
        f'then \'{{"type":"Point","coordinates":\' || {shape}[8:-2] || \'}}\' '
        f'else \'{{"type":"MultiPolygon","coordinates":\' || {shape}[14:] || \'}}\' end'
    )
