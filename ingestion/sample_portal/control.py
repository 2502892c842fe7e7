"""What the portal can be told to do with its data: amend, add, delete, republish, reshape."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ingestion.sample_portal import refusals
from ingestion.sample_portal.additions import add
from ingestion.sample_portal.generator import literal, quoted
from ingestion.sample_portal.selection import chosen_ids
from ingestion.sample_portal.store import Store
from ingestion.sample_portal.tables import Column, DatasetSpec

Call = dict[str, Any]


def amend(store: Store, call: Call) -> dict[str, Any]:
    """Change rows: `:id` stays, `:updated_at` moves.

    `dataset`; `rows` (how many), `keys` or `where` say which; `changes` (column to value) or a
    made change of one column; `late`: stamped just below the newest row.
    """
    spec = store.spec(call["dataset"])
    ids = chosen_ids(store, spec, call)
    stamp = stamp_for(store, spec, late=bool(call.get("late")))
    changes = call.get("changes")
    if changes is None:
        setting = _made_change(store, spec)
    else:
        setting = {_known(spec, name): _sql(value) for name, value in changes.items()}
    assignments = ", ".join(f"{quoted(name)} = {value}" for name, value in setting.items())
    with store.session() as session:
        session.execute(
            f"""
            update {quoted(spec.id)} set
                {assignments},
                ":updated_at" = $1,
                ":version" = 'rv-' || row_id(hash(":id", $1))[5:]
            where ":id" in (select unnest($2::varchar[]))
            """,
            [stamp, ids],
        )
    return {"rows": len(ids), "ids": ids, "updated_at": f"{stamp.isoformat('T', 'milliseconds')}Z"}


def delete(store: Store, call: Call) -> dict[str, Any]:
    """Take rows away, without a trace: `dataset`; `rows`, `keys` or `where` say which."""
    spec = store.spec(call["dataset"])
    ids = chosen_ids(store, spec, call)
    store.next_stamp(spec.id)
    with store.session() as session:
        table = quoted(spec.id)
        deleted = session.execute(
            f'delete from {table} where ":id" in (select unnest($1::varchar[])) returning *', [ids]
        )
        names = [column[0] for column in deleted.description or []]
        records = [dict(zip(names, row, strict=True)) for row in deleted.fetchall()]
    keys = [record[spec.key] for record in records] if spec.key else []
    return {"rows": len(records), "ids": ids, "keys": keys}


def republish(store: Store, call: Call) -> dict[str, Any]:
    """Replace the whole dataset: every row has a new `:id`, `:created_at` and `:updated_at`.

    `dataset`; `changed`: how many rows are not equal to what they were, default none.
    """
    spec = store.spec(call["dataset"])
    changed = int(call.get("changed", 0))
    amended = amend(store, {"dataset": spec.id, "rows": changed}) if changed else {"rows": 0}
    stamp = store.next_stamp(spec.id)
    with store.session() as session:
        [(rows,)] = session.execute(
            f"""
            update {quoted(spec.id)} set
                ":id" = row_id(hash(":id", $1)),
                ":created_at" = $1,
                ":updated_at" = $1,
                ":version" = 'rv-' || row_id(hash(":id", $1, 'version'))[5:]
            """,
            [stamp],
        ).fetchall()
    return {"rows": rows, "changed": amended["rows"]}


def add_rows(store: Store, call: Call) -> dict[str, Any]:
    """Publish new rows.

    `dataset`; `rows` (how many are made) or `records` (given, each column to value); `whole`: a
    new crash brings its people and vehicles; `late`: stamped just below the newest row.
    """
    spec = store.spec(call["dataset"])
    stamp = stamp_for(store, spec, late=bool(call.get("late")))
    return add(store, spec, call, stamp)


def column(store: Store, call: Call) -> dict[str, Any]:
    """Reshape a dataset: `dataset`, `action` (add, drop, retype), `column`, `type`, `value`."""
    spec = store.spec(call["dataset"])
    name, action = call["column"], call["action"]
    table = quoted(spec.id)
    columns = list(spec.columns)
    statement = None
    if action == "add":
        columns.append(Column(name, call.get("type", "text")))
        value = _sql(call.get("value"))
        statement = f"alter table {table} add column {quoted(name)} varchar default {value}"
    elif action == "drop":
        columns = [c for c in columns if c.field != _known(spec, name)]
        statement = f"alter table {table} drop column {quoted(name)}"
    elif action == "retype":
        known = _known(spec, name)
        columns = [replace(c, type=call["type"]) if c.field == known else c for c in columns]
    else:
        raise refusals.wrong_control(f"action must be add, drop or retype, not {action}")
    store.next_stamp(spec.id)
    if statement:
        with store.session() as session:
            session.execute(statement)
    store.replace_spec(replace(spec, columns=tuple(columns)))
    return {"columns": [c.field for c in columns]}


def remove(store: Store, call: Call) -> dict[str, Any]:
    """Serve a dataset no more: it answers 404 until `restore`."""
    store.removed.add(store.spec(call["dataset"]).id)
    return {"datasets": store.datasets}


def restore(store: Store, call: Call) -> dict[str, Any]:
    """Serve a removed dataset again."""
    store.removed.discard(call["dataset"])
    return {"datasets": store.datasets}


def stamp_for(store: Store, spec: DatasetSpec, *, late: bool) -> datetime:
    """The stamp of a change; that of a late one is below the newest, and no row has it."""
    stamp = store.next_stamp(spec.id)
    if not late:
        return stamp
    with store.session() as session:
        [(newest,)] = session.execute(
            f'select max(":updated_at") from {quoted(spec.id)}'
        ).fetchall()
    return datetime.fromisoformat(str(newest)) - timedelta(milliseconds=1)


def _made_change(store: Store, spec: DatasetSpec) -> dict[str, str]:
    """The column that is amended gets the next of the values that it has, so surely another."""
    name = spec.amended if spec.amended in {c.field for c in spec.columns} else None
    name = quoted(name or next(c.field for c in spec.columns if c.field != spec.key))
    with store.session() as session:
        values = [
            value
            for (value,) in session.execute(
                f"select distinct {name} from {quoted(spec.id)} where {name} is not null order by 1"
            ).fetchall()
        ]
    if len(values) < 2:
        return {name[1:-1]: f"coalesce({name} || ' *', 'AMENDED')"}
    next_of = ", ".join(
        f"{literal(value)}: {literal(after)}"
        for value, after in zip(values, [*values[1:], values[0]], strict=True)
    )
    return {name[1:-1]: f"coalesce(map {{{next_of}}}[{name}], {literal(values[0])})"}


def _known(spec: DatasetSpec, name: str) -> str:
    if name not in {c.field for c in spec.columns}:
        raise refusals.no_such_column(name)
    return name


def _sql(value: object) -> str:
    return "null" if value is None else literal(str(value))


VERBS: dict[str, Callable[[Store, Call], dict[str, Any]]] = {
    "amend": amend,
    "add": add_rows,
    "delete": delete,
    "republish": republish,
    "column": column,
    "remove": remove,
    "restore": restore,
}
