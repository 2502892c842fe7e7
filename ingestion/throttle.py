"""Keeps to the requests that are allowed in an hour, over all processes on one warehouse."""

import logging
import threading
from datetime import datetime, timedelta
from typing import Self

from warehouse.request_ledger import RequestLedger, request_ledger
from warehouse.settings import SodaSettings, Target

logger = logging.getLogger(__name__)

# A second more than an hour, because a request arrives a moment after it was booked.
_PERIOD_S = 3_601.0
# Shorter waits are no news: at the limit each request waits for its turn.
_WORTH_SAYING_S = 5.0


class Throttle:
    """Holds back a request until there is room for it.

    Args:
        ledger: where the warehouse's processes book their requests.
        requests_per_hour: how many there may be.
        period_s: the hour.
    """

    def __init__(self, ledger: RequestLedger, requests_per_hour: int, period_s: float) -> None:
        self._ledger = ledger
        self._largest = requests_per_hour
        self._period_s = period_s
        self._turn = threading.Lock()
        self._said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._ledger.close()

    def wait(self, is_ending: threading.Event) -> None:
        """Return when a request may be made, which is then counted, or when the event is set.

        Raises:
            WarehouseError: the ledger cannot be written to.
        """
        with self._turn:
            while not is_ending.is_set():
                wait_s = self._ledger.book(self._largest, self._period_s)
                if not wait_s:
                    return
                self._say(wait_s)
                is_ending.wait(wait_s)

    def _say(self, wait_s: float) -> None:
        until = f"{datetime.now() + timedelta(seconds=wait_s):%H:%M}"
        if wait_s >= _WORTH_SAYING_S and until != self._said:
            self._said = until
            logger.warning(
                "%s requests in the last hour: waiting until %s for the next",
                f"{self._largest:,}".replace(",", " "),
                until,
            )


def throttle(target: Target, settings: SodaSettings) -> Throttle:
    """The throttle of a warehouse.

    Raises:
        WarehouseError: what it keeps with the warehouse cannot be opened.
    """
    return Throttle(request_ledger(target), settings.requests_per_hour, _PERIOD_S)
