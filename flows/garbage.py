"""How often Python looks for garbage: seldom, where what is imported or parsed stays anyway."""

import contextlib
import gc
from collections.abc import Iterator

# Objects that are new before the youngest are looked through, and how often the older ones are.
_SELDOM = (100_000, 50, 100)


def collect_seldom() -> None:
    """Look seldom from now on, for a process that ends with its work.

    Of the time that Prefect and dbt take to be imported it saves a fifth.
    """
    gc.set_threshold(*_SELDOM)


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """The same for a block.

    dbt's manifest is hundreds of thousands of objects that stay; to look through them again and
    again takes a tenth to a third of a build.
    """
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
