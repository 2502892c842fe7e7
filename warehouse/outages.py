"""What a database server gets over by itself, and how a run waits for it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_exponential_jitter,
)

from warehouse.errors import WarehouseError

# What PostgreSQL says (errors of the classes 08, 40 and 57P) of what may pass: it stops, starts,
# lost a session, or had to choose between two transactions.
_PASSES = re.compile(
    "server closed the connection|connection (already|is) closed|terminating connection"
    "|could not connect|connection refused|connection to server .* failed"
    "|database system is (starting up|shutting down|in recovery|not yet accepting)"
    "|too many clients|deadlock detected|could not serialize access|SSL SYSCALL error"
    "|no connection to the server|could not receive data from server|connection not open",
    re.IGNORECASE,
)
# A server that restarts after a crash first reads what it had written last.
_LONGEST_RESTART_S = 90
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5

_Session = TypeVar("_Session")


class _Patience:
    """How many runs of this process hold a warehouse: they wait for its server, others do not."""

    runs = 0


def may_pass(said: object) -> bool:
    """Whether an error of PostgreSQL's, or its text, is of a kind that may pass."""
    return bool(_PASSES.search(str(said)))


@contextmanager
def patience() -> Iterator[None]:
    """A block in which a server that does not answer is waited for, as it did before."""
    _Patience.runs += 1
    try:
        yield
    finally:
        _Patience.runs -= 1


def connected(connect: Callable[[], _Session]) -> _Session:
    """A new session; one that is refused is tried again for a while where a run needs it.

    Args:
        connect: opens it.

    Raises:
        WarehouseError: the server refuses, or has not come back.
    """
    if not _Patience.runs:
        return connect()
    attempts = Retrying(
        retry=retry_if_exception(
            lambda error: isinstance(error, WarehouseError) and may_pass(error)
        ),
        stop=stop_after_delay(_LONGEST_RESTART_S),
        wait=wait_exponential_jitter(max=_LONGEST_WAIT_S, multiplier=_FIRST_WAIT_S),
        reraise=True,
    )
    return attempts(connect)
