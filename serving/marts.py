"""Which marts there are, and what their columns are, as the warehouse itself describes them."""

from dataclasses import dataclass
from typing import Literal

from warehouse.connection import Connection
from warehouse.errors import WrongCall

Kind = Literal["text", "integer", "number", "boolean", "date", "timestamp", "geometry"]

SCHEMAS = ("marts", "quality")
# What a column of this name is in; the engines' own types do not always say it.
SPATIAL_REFERENCES = {"geom": "EPSG:3435", "geom_4326": "EPSG:4326"}

# The engines' names for what both have; whatever else there is, is read as text.
_KINDS: dict[str, Kind] = {
    "varchar": "text",
    "text": "text",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "real": "number",
    "float": "number",
    "double": "number",
    "double precision": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "geometry": "geometry",
}

# Of tables and views alike; dbt persists the descriptions as comments.
_DESCRIBED = {
    "duckdb": """
        with relations as (
            select schema_name, table_name as name, comment from duckdb_tables()
            union all
            select schema_name, view_name, comment from duckdb_views()
        )
        select
            relations.name,
            relations.comment as description,
            columns.column_name,
            -- 'GEOMETRY(''EPSG:3435'')' is of the type geometry
            lower(split_part(columns.data_type, '(', 1)) as type,
            columns.comment as column_description
        from relations
        inner join duckdb_columns() as columns
            on relations.schema_name = columns.schema_name
            and relations.name = columns.table_name
        where relations.schema_name = '{schema}'
        order by relations.name, columns.column_index
    """,
    "postgis": """
        select
            relations.relname as name,
            obj_description(relations.oid, 'pg_class') as description,
            columns.attname as column_name,
            format_type(columns.atttypid, null) as type,
            col_description(relations.oid, columns.attnum) as column_description
        from pg_class as relations
        inner join pg_attribute as columns on relations.oid = columns.attrelid
        where relations.relnamespace = (select oid from pg_namespace where nspname = '{schema}')
            and relations.relkind in ('r', 'v', 'm', 'p')
            and columns.attnum > 0 and not columns.attisdropped
        order by relations.relname, columns.attnum
    """,
}


@dataclass(frozen=True)
class Column:
    """A column of a mart: what is in it, and its description, which may be empty."""

    name: str
    kind: Kind
    description: str

    @property
    def quoted(self) -> str:
        """Its name in SQL."""
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def is_geometry(self) -> bool:
        """Whether it holds points or polygons."""
        return self.kind == "geometry"


@dataclass(frozen=True)
class Mart:
    """A table or view that analysts read."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def full_name(self) -> str:
        """Schema and name, as one writes them."""
        return f"{self.schema}.{self.name}"

    @property
    def query(self) -> str:
        """All of its rows, in types that both engines have: geometry as WKB."""
        columns = ", ".join(
            f"st_asbinary({column.quoted}) as {column.quoted}"
            if column.is_geometry
            else f"cast({column.quoted} as varchar) as {column.quoted}"
            if column.kind == "text"
            else column.quoted
            for column in self.columns
        )
        return f'select {columns} from {self.schema}."{self.name}"'


def find_marts(connection: Connection, names: list[str]) -> list[Mart]:
    """The marts of these names, each once: of `marts`, else of `quality`, or with the schema.

    Raises:
        WrongCall: there is none of a name; it lists those that there are.
    """
    listed = [mart for schema in SCHEMAS for mart in _marts_of(connection, schema)]
    known = {mart.name: mart for mart in reversed(listed)}
    known |= {mart.full_name: mart for mart in listed}
    unknown = [name for name in names if name not in known]
    if unknown:
        there_are = ", ".join(
            mart.name if mart.schema == "marts" else mart.full_name for mart in listed
        )
        raise WrongCall(
            f"no mart '{unknown[0]}' in this warehouse: "
            + (f"there are {there_are}" if listed else "run 'warehouse build' first")
        )
    return list(dict.fromkeys(known[name] for name in names))


def _marts_of(connection: Connection, schema: str) -> list[Mart]:
    rows = connection.fetch(_DESCRIBED[connection.target].format(schema=schema)).to_pylist()
    columns: dict[tuple[str, str], list[Column]] = {}
    for row in rows:
        column = Column(
            str(row["column_name"]),
            _KINDS.get(str(row["type"]), "text"),
            str(row["column_description"] or "").strip(),
        )
        columns.setdefault((str(row["name"]), str(row["description"] or "")), []).append(column)
    return [
        Mart(schema, name, description.strip(), tuple(of_mart))
        for (name, description), of_mart in columns.items()
    ]
