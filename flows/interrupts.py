"""Ctrl-C before there is a command to call off: one line, as of a command, and no traceback.

`flows.cli` imports it first, as the rest takes a moment.
"""

import sys
from types import TracebackType


def _say(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("warehouse: interrupted\n")
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _say
