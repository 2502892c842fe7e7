"""What a load frees goes back to the system, so that its memory does not grow with its length."""

import ctypes
import platform

import pyarrow as pa

# Of `mallopt` in glibc's malloc.h: from how many bytes on a block is mapped, and unmapped when it
# is freed. Left alone the threshold rises to the size of the pages' bodies, which then share heaps
# with what lives longer.
_M_MMAP_THRESHOLD = -3
_LARGE = 1 << 20


def hand_back() -> None:
    """Have large blocks mapped one by one, those of Arrow's tables as well.

    Arrow's own allocator keeps what a thread freed for that thread, several times of what is used
    at once where pages come from one thread and go by another.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
