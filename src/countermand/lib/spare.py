"""Memory that nobody uses, given back: Arrow and the C library keep what was freed, in case it is wanted again soon.

A load goes through one kind of work after the other, each with the largest arrays that this process ever sees.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa


@contextmanager
def sparing() -> Iterator[None]:
    """Inside, Arrow takes its memory from the C library, which gives more of it back; all of it at the end."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)
        give_back()


def give_back() -> None:
    """Let go of what is free. Where the C library knows no way, it stays."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
