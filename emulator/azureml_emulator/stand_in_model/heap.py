"""Keeps freed memory in a process that works on arrays: each step of a training makes the same ones again.

glibc gives a large array back to the system as soon as it is freed, and the next one costs a page fault for each 4 KiB:
a third of the time of a training. It must not change what is computed. Source: mallopt(3).
"""

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
MOST = 1 << 30  # bytes at the end of the heap that are kept
AT_ONCE = 1 << 24  # bytes that the heap grows by
LARGE = 1 << 25  # bytes of an array that is still mapped by itself; no more is taken


def keep_freed() -> None:
    """From now on; where the C library is another one, nothing changes."""
    with suppress(OSError, AttributeError, TypeError):
        change = ctypes.CDLL(None).mallopt
        for what, value in ((M_MMAP_THRESHOLD, LARGE), (M_TRIM_THRESHOLD, MOST), (M_TOP_PAD, AT_ONCE)):
            change(what, value)
