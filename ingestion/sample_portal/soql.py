"""SoQL becomes DuckDB's SQL: sqlglot reads it, the tree is rewritten, DuckDB runs it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ingestion.sample_portal import refusals
from ingestion.sample_portal.soql_functions import translated_function
from ingestion.sample_portal.tables import DatasetSpec

DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 50_000
SYSTEM_FIELDS = {
    ":id": "text",
    ":created_at": "fixed_timestamp",
    ":updated_at": "fixed_timestamp",
    ":version": "text",
}
CLAUSES = {
    "$select": "select",
    "$where": "where",
    "$group": "group by",
    "$having": "having",
    "$order": "order by",
    "$limit": "limit",
    "$offset": "offset",
}
# What a query may hold beside these is no column: the portal's own parameters.
IGNORED = {"$$app_token", "$$query_timeout_seconds"}
SQL_TYPES = {"number": "double", "calendar_date": "timestamp", "checkbox": "boolean"}
# Texts stay as they are; names in backticks and system fields become quoted names.
_NAMES = re.compile(r"('(?:[^']|'')*')|`([^`]*)`|(?<![:\w]):(\*|@?[a-z_]\w*)", re.IGNORECASE)


@dataclass(frozen=True)
class Output:
    """A column of the answer; `is_plain` where it is a column of the dataset as it stands."""

    name: str
    type: str | None
    is_plain: bool
    is_of_system: bool


@dataclass(frozen=True)
class Query:
    """The SQL of an answer; its columns without a known type are what DuckDB makes of them."""

    sql: str
    outputs: tuple[Output, ...]
    is_aggregate: bool


@dataclass(frozen=True)
class Paging:
    """What an interface adds to a query: SODA 2.1 a limit where there is none, SODA 3 its pages."""

    limit: int | None = DEFAULT_LIMIT
    offset: int = 0
    largest_limit: int | None = LARGEST_LIMIT
    has_total_order: bool = False
    adds_system_fields: bool = False


def translate(
    spec: DatasetSpec, parameters: Mapping[str, str], table: str, paging: Paging | None = None
) -> Query:
    """Turn the parameters of a request into one DuckDB query.

    Raises:
        RefusalError: the query cannot be parsed, names an unknown column or function, or asks
            for more than the largest page.
    """
    tree = _parse(_text_of(spec, parameters))
    return _Translation(spec, tree, paging or Paging()).query(table)


def _text_of(spec: DatasetSpec, parameters: Mapping[str, str]) -> str:
    conditions = []
    clauses: dict[str, str] = {}
    for name, value in parameters.items():
        if name in CLAUSES:
            clauses[name] = value
        elif name == "$q":
            words = f"%{_escaped(value)}%"
            texts = [f"\"{c.field}\" ilike '{words}'" for c in spec.columns if c.type == "text"]
            conditions.append("(" + " or ".join(texts) + ")")
        elif not name.startswith("$"):
            conditions.append(f"\"{name}\" = '{_escaped(value)}'")
        elif name not in IGNORED | {"$query"}:
            raise refusals.malformed(f"unrecognized parameter {name}")
    if "$query" in parameters:
        if clauses or conditions:
            raise refusals.malformed("$query cannot be combined with other parameters")
        return parameters["$query"]
    if "$where" in clauses:
        conditions.append(f"({clauses['$where']})")
    clauses["$select"] = clauses.get("$select", "*")
    if conditions:
        clauses["$where"] = " and ".join(conditions)
    return " ".join(f"{word} {clauses[name]}" for name, word in CLAUSES.items() if name in clauses)


def _escaped(value: str) -> str:
    return value.replace("'", "''")


def _parse(text: str) -> exp.Select:
    def renamed(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        return f'"{match[2]}"' if match[2] else f'":{match[3].lower()}"'

    try:
        trees = sqlglot.parse(_NAMES.sub(renamed, text), read="duckdb")
    except SqlglotError as error:
        message = str(error).splitlines()[0]
        raise refusals.malformed(f"{message}, in {text!r}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise refusals.malformed(f"expected one select, in {text!r}")
    if unexpected := trees[0].find(exp.From, exp.Join, exp.Subquery, exp.With, exp.Window):
        raise refusals.malformed(f"unexpected {unexpected.sql()!r}, in {text!r}")
    return trees[0]


class _Translation:
    def __init__(self, spec: DatasetSpec, tree: exp.Select, paging: Paging) -> None:
        self._paging = paging
        self._types = {c.field: c.type for c in spec.columns} | SYSTEM_FIELDS
        self._fields = [c.field for c in spec.columns]
        self._tree = tree
        self._is_aggregate = bool(
            tree.args.get("group") or any(e.find(exp.AggFunc) for e in tree.expressions)
        )
        self._aliases = {e.alias.lower() for e in tree.expressions if isinstance(e, exp.Alias)}

    def query(self, table: str) -> Query:
        tree = self._tree
        is_distinct = bool(tree.args.get("distinct"))
        columns: list[exp.Expr] = []
        outputs: list[Output] = []
        for expression in tree.expressions:
            for column, output in self._selected(expression):
                columns.append(column)
                outputs.append(output)
        inner = exp.select(*columns).from_(exp.to_table(table, quoted=True))
        if where := tree.args.get("where"):
            inner = inner.where(self._typed(where.this))
        if group := tree.args.get("group"):
            inner = inner.group_by(*(self._as_it_stands(e) for e in group.expressions))
        if having := tree.args.get("having"):
            inner = inner.having(self._typed(having.this))
        if is_distinct:
            inner = exp.select("*").from_(inner.distinct().subquery("q"))
        order = self._order(tree.args.get("order"))
        inner = inner.order_by(*order)
        limit = self._count("limit", self._paging.limit, self._paging.largest_limit)
        if limit is not None:
            inner = inner.limit(limit)
        if offset := self._count("offset", self._paging.offset, None):
            inner = inner.offset(offset)
        is_plain = all(o.is_plain and o.name in self._types for o in outputs)
        if is_plain and limit is not None and not (is_distinct or self._is_aggregate):
            # DuckDB sorts whole rows; sorting their numbers and fetching the page is far quicker
            numbers = inner.select("rowid", append=False)
            page = exp.column("rowid").isin(query=numbers)
            inner = exp.select(*columns).from_(exp.to_table(table, quoted=True))
            inner = inner.where(page).order_by(*(term.copy() for term in order))
        return Query(inner.sql(dialect="duckdb"), tuple(outputs), self._is_aggregate)

    def _selected(self, selected: exp.Expr) -> list[tuple[exp.Expr, Output]]:
        if isinstance(selected, exp.Star):
            system = SYSTEM_FIELDS if self._paging.adds_system_fields else ()
            return [self._plain(field, field) for field in (*system, *self._fields)]
        expression = selected.unalias()
        if isinstance(expression, exp.Column):
            if expression.name == ":*":
                return [self._plain(field, field) for field in SYSTEM_FIELDS]
            name = self._known(expression.name)
            return [self._plain(name, selected.alias or name)]
        alias = selected.alias or _made_name(expression)
        is_of_system = any(c.name.startswith(":") for c in expression.find_all(exp.Column))
        column = exp.alias_(self._typed(expression), alias, quoted=True)
        return [(column, Output(alias, None, is_plain=False, is_of_system=is_of_system))]

    def _plain(self, field: str, alias: str) -> tuple[exp.Expr, Output]:
        is_of_system = field in SYSTEM_FIELDS
        output = Output(alias, self._types[field], is_plain=True, is_of_system=is_of_system)
        return exp.alias_(exp.column(field, quoted=True), alias, quoted=True), output

    def _known(self, name: str) -> str:
        """Names are the same in any case; an alias of the query goes before nothing."""
        if name.lower() not in self._types:
            raise refusals.no_such_column(name)
        return name.lower()

    def _as_it_stands(self, expression: exp.Expr) -> exp.Expr:
        if isinstance(expression, exp.Column) and expression.name.lower() in self._types:
            return exp.column(self._known(expression.name), quoted=True)
        return self._typed(expression)

    def _typed(self, expression: exp.Expr) -> exp.Expr:
        """The expression over typed values: what is stored is text."""

        def typed(node: exp.Expr) -> exp.Expr:
            return self._typed_column(node) if isinstance(node, exp.Column) else node

        self._check_row_ids(expression)
        # within a root of its own the outermost call can be replaced like any other
        root = exp.Paren(this=expression.copy().transform(typed))
        for call in reversed(list(root.find_all(exp.Func, bfs=True))):
            call.replace(translated_function(call))
        rewritten: exp.Expr = root.this
        return rewritten

    def _check_row_ids(self, expression: exp.Expr) -> None:
        """Refuse a text as an `:id` that none can be, as Socrata's published checker does."""
        for comparison in expression.find_all(exp.Predicate):
            sides = [
                comparison.this,
                comparison.expression,
                *comparison.args.get("expressions", []),
            ]
            if not any(isinstance(s, exp.Column) and s.name.lower() == ":id" for s in sides):
                continue
            for side in sides:
                if isinstance(side, exp.Literal) and not side.name.startswith("row-"):
                    raise refusals.type_mismatch(f"{side.sql()} is no row identifier")

    def _typed_column(self, node: exp.Column) -> exp.Expr:
        if node.name.lower() in self._aliases and node.name.lower() not in self._types:
            return exp.column(node.name, quoted=True)
        name = self._known(node.name)
        column = exp.column(name, quoted=True)
        if sql_type := SQL_TYPES.get(self._types[name]):
            return exp.TryCast(this=column, to=exp.DataType.build(sql_type, dialect="duckdb"))
        return column

    def _order(self, order: exp.Order | None) -> list[exp.Expr]:
        """The order asked for; what it leaves open is different with each request, as there."""
        terms: list[exp.Expr] = []
        for term in order.expressions if order else []:
            typed = self._typed(term)
            typed.set("nulls_first", False)
            terms.append(typed)
        is_total = any(c.name == ":id" for term in terms for c in term.find_all(exp.Column))
        if is_total:
            return terms
        if self._paging.has_total_order and not self._is_aggregate:
            return [*terms, exp.column(":id", quoted=True)]
        return [*terms, exp.Rand()]

    def _count(self, clause: str, default: int | None, largest: int | None) -> int | None:
        found = self._tree.args.get(clause)
        if not found:
            return default
        text = found.expression.sql()
        if not text.isdecimal():
            raise refusals.malformed(f"${clause} must be a whole number, not {text}")
        if largest is not None and int(text) > largest:
            raise refusals.malformed(f"${clause} {text} is more than {largest} rows")
        return int(text)


def _made_name(expression: exp.Expr) -> str:
    """Count(*) is `count`, max(crash_date) is `max_crash_date`."""
    words = re.findall(r"[a-z_0-9]+", expression.sql(dialect="duckdb").lower().replace(":", ""))
    return "_".join(words)
