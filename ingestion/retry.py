"""Asks again what may succeed the next time: how often, and after how long."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import tenacity

from ingestion.portal_errors import PortalError

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

ATTEMPTS = 6
# Seconds: 0.5, 1, 2, 4, 8 with jitter, so a portal that restarts is met again within a minute.
BACKOFF: Callable[[tenacity.RetryCallState], float] = tenacity.wait_exponential_jitter(
    multiplier=0.5, max=30, jitter=0.5
)
# A portal that asks for more patience than this gets it from the next run, not from this one.
_LONGEST_WAIT_S = 300


def asked_again(ask: Callable[[], Answer], attempts: int, is_ending: threading.Event) -> Answer:
    """The answer, asked for again while the fault is one that may pass.

    Args:
        ask: one attempt.
        attempts: how many there are at most.
        is_ending: ends the waiting between two attempts.

    Raises:
        PortalError: of the last attempt.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_pass),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_when_event_set(is_ending),
        wait=_wait,
        sleep=tenacity.sleep_using_event(is_ending),
        before_sleep=_say_so,
        reraise=True,
    )
    answer: Answer = retrying(ask)
    return answer


def _may_pass(error: BaseException) -> bool:
    return (
        isinstance(error, PortalError)
        and error.is_passing
        and (error.retry_after_s or 0) <= _LONGEST_WAIT_S
    )


def _wait(state: tenacity.RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    asked = fault.retry_after_s if isinstance(fault, PortalError) else None
    return max(asked or 0.0, BACKOFF(state))


def _say_so(state: tenacity.RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome else None
    logger.warning("%s; asking again in %.1f s", fault, state.upcoming_sleep)
