"""One request to the portal and its answer: throttled, repeated where that helps, checked."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from ingestion.answers import UNREADABLE, refuse_stale
from ingestion.portal_errors import PortalError, refusal
from ingestion.retry import asked_again
from ingestion.sessions import Sessions
from ingestion.throttle import Throttle
from ingestion.transport import Request
from warehouse.settings import SodaSettings

Answer = TypeVar("Answer")

# Connecting is quick or not at all.
_CONNECT_TIMEOUT_S = 10


class Exchange:
    """What goes over the wire to one portal; to be used from any thread.

    Attributes:
        requests: how many were made so far, repeated ones included.
    """

    def __init__(self, settings: SodaSettings, throttle: Throttle, attempts: int) -> None:
        self.requests = 0
        self._address = settings.base_url
        self._token = settings.app_token
        self._timeout = (_CONNECT_TIMEOUT_S, settings.timeout_s)
        self._throttle = throttle
        self._attempts = attempts
        self._counting = threading.Lock()
        headers = {"Accept-Encoding": "gzip"}
        if settings.app_token:
            headers["X-App-Token"] = settings.app_token
        self._sessions = Sessions(headers)

    def end(self) -> None:
        """Close the connections; what still waits for an answer fails."""
        self._sessions.end()

    def ask(self, request: Request, read: Callable[[requests.Response], Answer]) -> Answer:
        """The answer as `read` has it.

        Raises:
            DatasetMissing: the portal has no such dataset.
            PortalError: it did not answer, refused, or answered with something else.
        """
        return asked_again(
            lambda: self._ask_once(request, read), self._attempts, self._sessions.is_ending
        )

    def _ask_once(self, request: Request, read: Callable[[requests.Response], Answer]) -> Answer:
        path = request.path
        response = self._answer(request)
        if response.status_code != 200:
            raise refusal(self._address, path, response, self._without_token)
        try:
            refuse_stale(response)
            return read(response)
        except UNREADABLE as error:
            found = self._without_token(str(error))
            raise PortalError(
                f"the portal {self._address} answered {path} with something else than asked for:"
                f" {found}; run it again later",
                is_passing=True,
            ) from (error if found == str(error) else None)

    def _answer(self, request: Request) -> requests.Response:
        self._throttle.wait(self._sessions.is_ending)
        if self._sessions.is_ending.is_set():
            raise PortalError(f"the portal {self._address} is not asked any more: the run ends")
        with self._counting:
            self.requests += 1
        try:
            return self._sessions.session().request(
                request.method,
                f"{self._address}/{request.path}",
                params=request.parameters,
                json=request.body,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            raise PortalError(
                f"the portal {self._address} cannot be reached: {_cause(error)};"
                " check the network and SOURCES__SODA__BASE_URL",
                is_passing=True,
            ) from error
        except requests.RequestException as error:
            raise PortalError(
                f"the portal {self._address} broke off {request.path}: {_cause(error)}",
                is_passing=True,
            ) from error

    def _without_token(self, text: str) -> str:
        """A text of the portal's, which may quote what it was sent."""
        return text.replace(self._token, "***") if self._token else text


def _cause(error: Exception) -> str:
    """The innermost reason: requests and urllib3 wrap it several times over."""
    reason: Any = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (part for part in getattr(reason, "args", ()) if isinstance(part, Exception)), None
        )
        if not isinstance(inner, Exception):
            return str(reason).rpartition(": ")[2] if "Errno" in str(reason) else str(reason)
        reason = inner
