"""What each Python that a test starts does first: as `flows.garbage` has it for our commands."""

import atexit
import gc

gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)
