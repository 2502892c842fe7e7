"""sqlfluff as a command, told to work out only once how deep each part of a file lies.

Its rules of layout do so for each file and rule, and some for each line: more than a third of the
time. Nothing is fixed here, so the parts of a file stay as they are. And it looks for garbage less
often, because a file's parts are many and all of them stay.
"""

import gc
import sys
from typing import Any

from sqlfluff.cli.commands import cli
from sqlfluff.utils.reflow.depthmap import DepthMap


class _OneFile:
    """What was worked out of the newest file."""

    def __init__(self) -> None:
        self._root: Any = None
        self._depths: DepthMap | None = None

    def depths(self, root: Any) -> DepthMap:
        if root is not self._root or self._depths is None:
            self._root = root
            self._depths = DepthMap(raws_with_stack=root.raw_segments_with_ancestors)
        return self._depths


if __name__ == "__main__":
    gc.set_threshold(100_000, 50, 100)
    DepthMap.from_parent = _OneFile().depths  # type: ignore[method-assign, assignment]
    sys.exit(cli())
