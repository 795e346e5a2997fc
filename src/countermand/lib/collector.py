"""Python's search for cycles, made rare while millions of rows pass through."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = 500_000


@contextmanager
def rarely() -> Iterator[None]:
    """Inside, cycles are looked for every few hundred thousand new objects, and what exists already is left alone. Rows hold
    none: to look through them again and again is a sixth of what a load in bulk costs."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
