"""What a user's file of points or polygons has in it, once it was read into a DuckDB session."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import WrongCall

WGS84 = "EPSG:4326"

_FRACTIONS = ("DOUBLE", "FLOAT")


@dataclass(frozen=True)
class Field:
    """A field of a file.

    Attributes:
        name: as the file has it.
        column: what the session's table calls it.
        type: DuckDB's.
    """

    name: str
    column: str
    type: str

    @property
    def text(self) -> str:
        """The SQL of its value as text: whole numbers without a point, dates in ISO's form."""
        if self.type in _FRACTIONS:
            # Up to there a double has every whole number.
            whole = f"{self.column} = trunc({self.column}) and abs({self.column}) < 1e15"
            return (
                f"case when {whole} then cast(cast({self.column} as bigint) as varchar)"
                f" else cast({self.column} as varchar) end"
            )
        if self.type.startswith("TIMESTAMP"):
            zone = "Z" if self.type.endswith("ZONE") else ""
            written = f"strftime({self.column}, '%Y-%m-%dT%H:%M:%S.%g')"
            return f"regexp_replace({written}, '\\.000$', '') || '{zone}'"
        return f"cast({self.column} as varchar)"

    @property
    def value(self) -> str:
        """The SQL of its value as JSON has it, which knows no dates and no infinity."""
        if self.type in _FRACTIONS:
            return f"case when isfinite({self.column}) then {self.column} end"
        if self.type.startswith(("DATE", "TIME", "BLOB")):
            return self.text
        return self.column


@dataclass(frozen=True)
class LayerContents:
    """A file whose one layer was read into a session.

    Attributes:
        path: where it is.
        session: has the table `loaded`: `place`, the number of the feature in the file, the
            fields' columns, and `geometry`, in the file's spatial reference.
        fields: the file's, in its order.
        spatial_reference: its name, such as `EPSG:26971`.
        definition: what `ST_Transform` is to take for it.
        features: how many there are, at least one.
    """

    path: Path
    session: duckdb.DuckDBPyConnection
    fields: tuple[Field, ...]
    spatial_reference: str
    definition: str
    features: int

    def field(self, option: str, name: str) -> Field:
        """The field of this name.

        Raises:
            WrongCall: there is none; names the option and the fields that there are.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise WrongCall(
            f"{option} '{name}' is no field of {self.path}: its fields are"
            f" {', '.join(field.name for field in self.fields) or 'none'}"
        )
