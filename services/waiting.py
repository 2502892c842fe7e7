"""To wait for what comes by itself, and not without end."""

from collections.abc import Callable

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from warehouse.errors import WarehouseError

_SECONDS_BETWEEN_LOOKS = 0.2


def wait_until(is_so: Callable[[], bool], seconds: float, complaint: str) -> None:
    """Look again and again until something is so.

    Args:
        is_so: looks; what it raises ends the waiting.
        seconds: how long at most.
        complaint: what is said when that time is over.

    Raises:
        WarehouseError: the complaint.
    """
    looks = Retrying(
        retry=retry_if_result(lambda found: not found),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(_SECONDS_BETWEEN_LOOKS),
    )
    try:
        looks(is_so)
    except RetryError as error:
        raise WarehouseError(complaint) from error
