"""The two protocols of the portal: the same query as a request of SODA 2.1 or of SODA 3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from warehouse.settings import SodaApi


@dataclass(frozen=True)
class Query:
    """A query in the parts of SoQL, all of them in its own words."""

    select: Sequence[str]
    where: str | None = None
    group: str | None = None
    order: str | None = None
    limit: int | None = None
    offset: int | None = None

    @property
    def names(self) -> list[str]:
        """The columns of the answer."""
        return [expression.rpartition(" as ")[2] for expression in self.select]

    @property
    def clauses(self) -> dict[str, str]:
        """The text of each clause that it has."""
        parts = {
            "select": ",".join(self.select),
            "where": self.where,
            "group": self.group,
            "order": self.order,
            "limit": self.limit,
            "offset": self.offset,
        }
        return {clause: str(text) for clause, text in parts.items() if text is not None}


@dataclass(frozen=True)
class Request:
    """A request of HTTP, without the address of the portal."""

    path: str
    method: Literal["GET", "POST"] = "GET"
    parameters: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None


class Transport(Protocol):
    """How a query is put to the portal."""

    def rows(self, dataset_id: str, query: Query) -> Request:
        """Ask for rows as CSV, which costs half of JSON and tells null from the empty text."""

    def aggregate(self, dataset_id: str, query: Query) -> Request:
        """Ask for the rows of an aggregate as JSON."""


def metadata_request(dataset_id: str) -> Request:
    """Ask for what the portal says of a dataset; the same in both protocols."""
    return Request(f"api/views/{dataset_id}.json")


class Soda2:
    """SODA 2.1: a clause a parameter."""

    def rows(self, dataset_id: str, query: Query) -> Request:
        """Ask for rows as CSV."""
        return self._request(f"{dataset_id}.csv", query)

    def aggregate(self, dataset_id: str, query: Query) -> Request:
        """Ask for the rows of an aggregate as JSON."""
        return self._request(f"{dataset_id}.json", query)

    def _request(self, name: str, query: Query) -> Request:
        parameters = {f"${clause}": text for clause, text in query.clauses.items()}
        return Request(f"resource/{name}", parameters=parameters)


class Soda3:
    """SODA 3: one statement in the body of a POST; it refuses whoever has no token."""

    _KEYWORDS: Mapping[str, str] = {"group": "GROUP BY", "order": "ORDER BY"}

    def rows(self, dataset_id: str, query: Query) -> Request:
        """Ask for rows as CSV: an export, which has no limit but the statement's own."""
        return self._request(f"{dataset_id}/export.csv", query)

    def aggregate(self, dataset_id: str, query: Query) -> Request:
        """Ask for the rows of an aggregate as JSON."""
        return self._request(f"{dataset_id}/query.json", query)

    def _request(self, name: str, query: Query) -> Request:
        statement = " ".join(
            f"{self._KEYWORDS.get(clause, clause.upper())} {text}"
            for clause, text in query.clauses.items()
        )
        # The system fields are selected by name where they are wanted.
        body = {"query": statement, "includeSystem": False}
        return Request(f"api/v3/views/{name}", method="POST", body=body)


TRANSPORTS: Mapping[SodaApi, Transport] = {"v2": Soda2(), "v3": Soda3()}
