"""Keep freed memory in the process: the pages of one step's arrays serve the next step's.

By default the C library hands arrays of more than 32 MB back to the system at once and asks for
fresh pages at the next allocation; zeroing these can cost more than the arithmetic on them. A
training that allocates the same arrays over and over is better off keeping them.
"""

import ctypes
import sys

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # glibc's names for the two settings, malloc.h
_LARGEST = 1 << 30


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed arrays of up to 1 GiB; whether it agreed.

    Only glibc knows how; elsewhere nothing happens. It concerns the whole process, so programs
    call it, the library does not.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, 2**31 - 1))
