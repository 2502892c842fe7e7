"""Faults that the portal is told to have, and the log of the requests that it served."""

import threading
from collections import deque
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from ingestion.sample_portal import refusals

What = Literal["page", "aggregate", "metadata"]
Kind = Literal[
    "status",  # answers with `status`, its body as `body` says, `message`, `retry_after` if given
    "delay",  # answers, but `seconds` later
    "drop",  # closes the connection without a word
    "cut",  # breaks the connection in the middle of the body
    "short",  # ends the body half-way, in good order but short of its Content-Length
    "truncated",  # leaves out the last half of the rows, with a Content-Length that fits
    "torn",  # ends the body in the middle of a row, with a Content-Length that fits
    "html",  # status 200 and an HTML page
    "empty",  # no rows, in a good body
    "stale",  # the header that says that a stale replica answered
    "change",  # first obeys `call`, a control call, then answers: rows change while paging
]
KEPT_REQUESTS = 10_000


@dataclass
class Fault:
    """A fault of the answers from the `nth` matching request on, `times` times."""

    kind: Kind
    dataset: str | None = None
    what: What | Literal["any"] = "page"
    nth: int = 1
    times: int = 1
    status: int = 503
    retry_after: int | str | None = None
    body: Literal["code", "errorCode"] = "code"
    message: str = "the portal was told to misbehave"
    gzip: bool = False  # of a body that is cut or short
    seconds: float = 1.0
    call: dict[str, Any] | None = None
    seen: int = 0

    def matches(self, dataset: str, what: What) -> bool:
        """Whether the fault is for such a request."""
        return self.dataset in (None, dataset) and self.what in ("any", what)


@dataclass(frozen=True)
class Served:
    """A request that was answered, and with what."""

    number: int
    path: str
    query: str
    dataset: str
    what: str
    status: int
    rows: int
    fault: str | None
    has_token: bool


class Faults:
    """The faults that wait for their requests."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()
        self.token: str | None = None

    def add(self, call: dict[str, Any]) -> None:
        """Queue a fault.

        Raises:
            RefusalError: the call names a field or a kind that there is not.
        """
        known = {field.name for field in fields(Fault)} - {"seen"}
        if unknown := set(call) - known:
            raise refusals.wrong_control(f"unknown {sorted(unknown)}; known: {sorted(known)}")
        if call.get("kind") not in get_args(Kind):
            raise refusals.wrong_control(f"kind must be one of {', '.join(get_args(Kind))}")
        with self._lock:
            self._waiting.append(Fault(**call))

    def clear(self) -> None:
        """Behave well again."""
        with self._lock:
            self._waiting.clear()
            self.token = None

    def take(self, dataset: str, what: What) -> Fault | None:
        """Count a request, and give the fault that is due with it."""
        with self._lock:
            due = None
            for fault in self._waiting:
                if fault.matches(dataset, what):
                    fault.seen += 1
                    if due is None and fault.nth <= fault.seen < fault.nth + fault.times:
                        due = fault
            self._waiting = [f for f in self._waiting if f.seen < f.nth + f.times - 1]
            return due


class RequestLog:
    """The last requests, for tests that count what was asked."""

    def __init__(self) -> None:
        self._served: deque[Served] = deque(maxlen=KEPT_REQUESTS)
        self._count = 0
        self._lock = threading.Lock()

    def note(self, **request: Any) -> None:
        """Note one request."""
        with self._lock:
            self._count += 1
            self._served.append(Served(number=self._count, **request))

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._served.clear()

    def as_rows(self) -> list[dict[str, Any]]:
        """The requests in the order in which they were answered."""
        with self._lock:
            return [asdict(served) for served in self._served]
