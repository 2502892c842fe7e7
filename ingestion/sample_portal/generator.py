"""Crashes, people, vehicles, deaths and layers, made by DuckDB in whole tables.

The same seed and size give the same rows: chance is a hash of the seed, the row and its purpose.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from ingestion.sample_portal import tiling
from ingestion.sample_portal.tables import DatasetSpec, dataset_specs, read_sql, read_table

# The query of each dataset, in the order in which they are made.
QUERIES = {
    "85ca-t3if": "crashes",
    "u6pd-qa9d": "people",
    "68nd-jvt3": "vehicles",
    "gzaz-isa6": "fatalities",
    "thvf-6diy": "red_light_cameras",
    "4i42-qv3h": "speed_cameras",
    "p293-wvbd": "wards",
    "igwz-8jzy": "community_areas",
    "n9it-hstw": "police_beats",
    "8pix-ypme": "cta_stops",
    "kfyz-pdh6": "traffic_signals",
}
OF_CRASHES = ("85ca-t3if", "u6pd-qa9d", "68nd-jvt3")
FACTS = ("crash_facts", "unit_facts", "person_facts")


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """An SQL text."""
    return "'" + value.replace("'", "''") + "'"


class Generator:
    """Makes the portal's tables, and further crashes that fit them."""

    def __init__(self, session: duckdb.DuckDBPyConnection, crashes: int, seed: int) -> None:
        self._session = session
        self._crashes = crashes
        self._seed = seed
        self._units = 0
        self._people = 0
        self._made_first = (crashes, 0, 0)

    def make_all(self) -> None:
        """Make every dataset's table, named by its id."""
        self._prepare()
        self._make_facts(1, self._crashes)
        for dataset, query in QUERIES.items():
            rows = _rows_as_text(dataset_specs()[dataset], query)
            self._session.execute(f"create table {quoted(dataset)} as {rows}")
        self._made_first = (self._crashes, self._units, self._people)
        for facts in FACTS:
            self._session.execute(f"truncate {facts}")

    def make_more(self, crashes: int) -> dict[str, str]:
        """Make further crashes with their people and vehicles.

        Returns:
            By dataset the query that gives their rows; valid until the next call.
        """
        first = self._crashes + 1
        self._crashes += crashes
        self._make_facts(first, self._crashes)
        return {
            dataset: _rows_as_text(dataset_specs()[dataset], QUERIES[dataset])
            for dataset in OF_CRASHES
        }

    def forget_more(self) -> None:
        """Make the same further crashes again that were made first."""
        self._crashes, self._units, self._people = self._made_first

    def _prepare(self) -> None:
        run = self._session.execute
        run(read_sql("macros"))
        for macro in _category_macros():
            run(macro)
        run(f"create macro seed() as {self._seed}")
        run(f"create macro crashes_in_all() as {self._crashes}")
        street = "name varchar, runs varchar, number integer, traffic double"
        self._table("street_list", read_table("streets"), street)
        self._table("month_list", read_table("months"), "month date, crashes integer")
        self._make_places()
        run(read_sql("streets"))

    def _make_places(self) -> None:
        places = tiling.all_places()
        self._table(
            "places",
            [
                {
                    "layer": place.layer,
                    "place_no": place.number,
                    "piece": place.piece,
                    "square_feet": place.square_feet,
                    "border_feet": place.border_feet,
                    "the_geom": tiling.multipolygon(place.cells),
                }
                for place in places
            ],
            "layer varchar, place_no integer, piece integer, square_feet double, "
            "border_feet double, the_geom varchar",
        )
        self._table(
            "cells",
            [
                {"row_no": row, "column_no": column, "beat": place.number}
                for place in places
                if place.layer == "beat"
                for row, column in place.cells
            ],
            "row_no integer, column_no integer, beat integer",
        )

    def _table(self, name: str, rows: Sequence[Mapping[str, object]], columns: str) -> None:
        structure = dict(column.split() for column in columns.split(", "))
        self._session.execute(
            f"create table {name} as select unnest(from_json($1, $2), recursive := true)",
            [json.dumps(rows), json.dumps([structure])],
        )

    def _make_facts(self, first: int, last: int) -> None:
        run = self._session.execute
        run(f"create or replace macro first_crash() as {first}")
        run(f"create or replace macro last_crash() as {last}")
        run(f"create or replace macro units_before() as {self._units}")
        run(f"create or replace macro people_before() as {self._people}")
        for facts in FACTS:
            run(read_sql(facts))
        [(self._units, self._people)] = self._session.execute(
            "select (select max(unit_id) from unit_facts), "
            "coalesce((select max(person_no) from person_facts), people_before())"
        ).fetchall()


def _rows_as_text(spec: DatasetSpec, query: str) -> str:
    columns = ",\n".join(f"{quoted(c.field)}::varchar as {quoted(c.field)}" for c in spec.columns)
    return f"""
        with made as ({read_sql(query)}),
        published as (
            select
                *,
                hash(row_key, {literal(spec.id)}) as k,
                published_on(happened_on, row_key) as created_on,
                amended_on(happened_on, row_key) as updated_on,
            from made
        )
        select
            {columns},
            row_id(k) as ":id",
            stamp_of(created_on, {literal(spec.id)}) as ":created_at",
            stamp_of(updated_on, {literal(spec.id)}) as ":updated_at",
            replace(row_id(hash(k, updated_on)), 'row-', 'rv-') as ":version"
        from published
    """


def _category_macros() -> Iterable[str]:
    """A macro `pick_<category>(u)` each, that turns a chance from 0 to 1 into a value."""
    categories: dict[str, list[tuple[str, float]]] = {}
    for row in read_table("categories"):
        values = categories.setdefault(row["category"], [])
        values.append((row["value"], float(row["weight"])))
    for category, weighted in categories.items():
        total = sum(weight for _, weight in weighted)
        branches, reached = [], 0.0
        for value, weight in weighted[:-1]:
            reached += weight / total
            branches.append(f"when u < {reached:.9f} then {_value(value)}")
        last = _value(weighted[-1][0])
        yield f"create macro pick_{category}(u) as case {' '.join(branches)} else {last} end"


def _value(text: str) -> str:
    return literal(text) if text else "null"
