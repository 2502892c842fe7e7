"""How often Python looks for garbage: seldom, where what is imported or parsed stays anyway."""

import atexit
import contextlib
import gc
from collections.abc import Iterator

# Objects that are new before the youngest are looked through, and how often the older ones are.
_SELDOM = (100_000, 50, 100)


def collect_seldom() -> None:
    """Look seldom from now on and not at the end, for a process that ends with its work.

    Python would look through all that is left before it ends, which with Prefect and dbt takes
    three quarters of a second, to free what the system frees anyway.
    """
    gc.set_threshold(*_SELDOM)
    atexit.register(gc.freeze)


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """The same for a block.

    dbt's manifest is hundreds of thousands of objects that stay; to look through them again and
    again takes a tenth to a third of a build.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
