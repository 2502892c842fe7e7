"""Which rows a control call is about."""

from typing import Any

from ingestion.sample_portal import refusals
from ingestion.sample_portal.generator import quoted
from ingestion.sample_portal.soql import LARGEST_LIMIT, translate
from ingestion.sample_portal.store import Store
from ingestion.sample_portal.tables import DatasetSpec


def chosen_ids(store: Store, spec: DatasetSpec, call: dict[str, Any]) -> list[str]:
    """The `:id`s of the rows with the given `keys`, of those in `where`, or of some `rows`.

    Raises:
        RefusalError: a key is not there, or the call does not say which rows.
    """
    table = quoted(spec.id)
    with store.session() as session:
        if "keys" in call:
            key = quoted(spec.key or ":id")
            found = session.execute(
                f'select ":id", {key} from {table} where {key} in (select unnest($1::varchar[])) '
                'order by ":id"',
                [[str(wanted) for wanted in call["keys"]]],
            ).fetchall()
            if lacking := {str(wanted) for wanted in call["keys"]} - {row[1] for row in found}:
                raise refusals.wrong_control(f"{spec.id} has no row with {sorted(lacking)}")
            return [row[0] for row in found]
        if "where" in call:
            limit = str(call.get("rows", LARGEST_LIMIT))
            asked = {"$select": ":id", "$where": call["where"], "$order": ":id", "$limit": limit}
            query = translate(spec, asked, spec.id)
            return [row[0] for row in session.execute(query.sql).fetchall()]
        if "rows" in call:
            # another choice with each call, and the same choices in each run
            chosen = session.execute(
                f'select ":id" from {table} order by hash(":id", $1), ":id" limit $2',
                [str(store.changed_at(spec.id)), int(call["rows"])],
            ).fetchall()
            return [row[0] for row in chosen]
    raise refusals.wrong_control("say which rows: rows, keys or where")
