"""What a portal can do instead of giving what was asked for."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from warehouse.errors import WarehouseError

_PASSING_STATUS = frozenset({202, 408, 429, 500, 502, 503, 504})
_LONGEST_MESSAGE = 200


class PortalError(WarehouseError):
    """The portal did not give what was asked for.

    Attributes:
        is_passing: asking again later may succeed.
        retry_after_s: how long the portal asked to wait, in seconds.
    """

    def __init__(
        self, message: str, *, is_passing: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.is_passing = is_passing
        self.retry_after_s = retry_after_s


class DatasetMissing(PortalError):  # noqa: N818 - a state of the portal, not a fault
    """The portal has no dataset of this id."""


def refusal(
    address: str, path: str, response: requests.Response, hide: Callable[[str], str]
) -> PortalError:
    """The error of a status that is not 200.

    Args:
        address: the portal's.
        path: what was asked for.
        response: the refusal.
        hide: takes what is secret out of the portal's own words.
    """
    status = response.status_code
    if response.is_redirect:
        # Not followed: the token would go along, and the request would be two.
        return PortalError(
            f"the portal {address} sends {path} on to {hide(response.headers['Location'])}:"
            " set SOURCES__SODA__BASE_URL to where it is now"
        )
    said = hide(_portal_message(response))[:_LONGEST_MESSAGE]  # half a secret is one, too
    message = f"the portal {address} refused {path} with {status}: {said}"
    if status == 404:
        return DatasetMissing(message)
    if status in (401, 403):
        message += "; check SOURCES__SODA__APP_TOKEN and whether the dataset is public"
    wait_s = _retry_after_s(response)
    if wait_s:
        message += f"; it asks for {wait_s:,.0f} s of patience"
    return PortalError(message, is_passing=status in _PASSING_STATUS, retry_after_s=wait_s)


def _portal_message(response: requests.Response) -> str:
    """The message of either error body that portals send, else the body's beginning."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip() or response.reason or "no message"


def _retry_after_s(response: requests.Response) -> float | None:
    """`Retry-After`, which comes as seconds or as a date."""
    stated = response.headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdecimal():
        return float(stated)
    try:
        return max(0.0, (parsedate_to_datetime(stated) - answered_at(response)).total_seconds())
    except (ValueError, TypeError):  # neither form, or a date without a zone
        return None


def answered_at(response: requests.Response) -> datetime:
    """The portal's own clock, against which its stamps can be held."""
    stated = response.headers.get("Date")
    return parsedate_to_datetime(stated) if stated else datetime.now(UTC)
