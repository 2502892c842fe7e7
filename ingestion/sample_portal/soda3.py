"""What a SODA 3 request asks for: `POST /api/v3/views/{id}/query.json` and `/export.csv`."""

from typing import Any

from ingestion.sample_portal import refusals
from ingestion.sample_portal.soql import DEFAULT_LIMIT, LARGEST_LIMIT, Paging


def asked(body: dict[str, Any], *, is_export: bool) -> tuple[dict[str, str], Paging]:
    """The query and its page.

    An export has no limit but its query's own. Given a page, the order is total.

    Raises:
        RefusalError: the page is none, or too large.
    """
    query = {"$query": str(body.get("query", "select *"))}
    adds_system_fields = bool(body.get("includeSystem", True))
    page = body.get("page")
    if page is None:
        limit = None if is_export else DEFAULT_LIMIT
        return query, Paging(limit, largest_limit=None, adds_system_fields=adds_system_fields)
    number, size = page.get("pageNumber", 1), page.get("pageSize", DEFAULT_LIMIT)
    if not isinstance(number, int) or not isinstance(size, int) or number < 1 or size < 1:
        raise refusals.malformed(f"no such page: {page}")
    if size > LARGEST_LIMIT:
        raise refusals.malformed(f"pageSize {size} is more than {LARGEST_LIMIT} rows")
    paging = Paging(
        limit=size,
        offset=(number - 1) * size,
        largest_limit=None,
        has_total_order=True,
        adds_system_fields=adds_system_fields,
    )
    return query, paging
