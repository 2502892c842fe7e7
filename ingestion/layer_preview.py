"""Says what the fields of a user's file are like, and which would do as key and as label."""

import re
from typing import NamedTuple

from ingestion.layer_contents import LayerContents

_KEY_LIKE = re.compile(r"(^|[^a-z])(id|key|code|no|nr|num\w*|nbr)([^a-z]|$)|id$", re.IGNORECASE)
# Numbers that software gives out anew each time that it saves the file.
_RENUMBERED = re.compile(r"(objectid|oid|gid|fid|ogc_fid)(_\d+)?", re.IGNORECASE)
_NAME_LIKE = re.compile(r"name|label|title|desc", re.IGNORECASE)
_TYPES = {
    "VARCHAR": "text",
    "INTEGER": "whole number",
    "SMALLINT": "whole number",
    "BIGINT": "whole number",
    "FLOAT": "number",
    "DOUBLE": "number",
    "BOOLEAN": "yes or no",
    "DATE": "date",
    "TIMESTAMP": "time",
    "TIMESTAMP_MS": "time",
    "TIMESTAMP WITH TIME ZONE": "time",
}
# What may tell features apart: no date does, nor whether something holds.
_KEY_TYPES = ("text", "whole number", "number")


class FieldPreview(NamedTuple):
    """What the values of a field are like.

    Attributes:
        name: of the field.
        type: of its values, in plain words.
        filled: how many features have a value that is not blank.
        distinct: how many different ones there are.
        fractions: how many have a decimal point.
        worded: how many have a letter.
        example: the first of them, null if all are blank.
    """

    name: str
    type: str
    filled: int
    distinct: int
    fractions: int
    worded: int
    example: str | None


class Preview(NamedTuple):
    """The fields of a file, of how many features, and what is suggested as key and label."""

    features: int
    fields: list[FieldPreview]
    key: str | None
    label: str | None


def preview(contents: LayerContents) -> Preview:
    """Look at the values of each field.

    A key must be filled and distinct in all features, and no measure or date. A label is a text
    with words in it that is distinct in most of them. Of several, the one with a usual name is
    suggested, else the first.
    """
    fields = []
    for field in contents.fields:
        values = contents.session.sql(f"select place, {field.text} as value from loaded")
        [row] = (
            values.filter("trim(value) <> ''")
            .aggregate(
                "count(*), count(distinct value), count(*) filter (contains(value, '.')),"
                " count(*) filter (regexp_matches(value, '\\pL')), arg_min(value, place)"
            )
            .fetchall()
        )
        fields.append(FieldPreview(field.name, _TYPES.get(field.type, field.type.lower()), *row))
    key = _best_key(contents.features, fields)
    return Preview(contents.features, fields, key, _best_label(contents.features, fields, key))


def _best_key(features: int, fields: list[FieldPreview]) -> str | None:
    fit = [
        field.name
        for field in fields
        if field.distinct == field.filled == features
        and field.type in _KEY_TYPES
        # A measure, such as an area, be it written as text.
        and (field.worded or not field.fractions)
    ]
    return min(fit, key=_rank_as_key, default=None)


def _rank_as_key(name: str) -> int:
    if _RENUMBERED.fullmatch(name):
        return 2
    return 0 if _KEY_LIKE.search(name) else 1


def _best_label(features: int, fields: list[FieldPreview], key: str | None) -> str | None:
    fit = [
        field.name
        for field in fields
        if field.type == "text"
        and field.name != key
        and 2 * field.distinct > features
        and 2 * field.worded > field.filled
    ]
    return min(fit, key=lambda name: not _NAME_LIKE.search(name), default=None)
