"""Pairs of a login and a device that the login's own person disowned: "this is not my phone".

A gate knows devices by ordinals and denies by lineages. All names of a disowned pair lead to one ordinal that no device has,
and a lineage that no directive can be called denies just that one: gates need to learn nothing new, and no order is in it.
"""

from pyroaring import BitMap

from countermand.core.blocks import BLOCK_SIZE
from countermand.core.decision import Entries, Standing
from countermand.core.doubt import OnUnknown
from countermand.core.instants import DAY
from countermand.core.languages import SOURCE

#: No slug begins so.
LINEAGE = "@not-mine"
ORDINAL = (1 << 32) - 1
BLOCK = ORDINAL // BLOCK_SIZE


def standing(text: str = "", texts: tuple[tuple[str, str], ...] = (), language: str = SOURCE) -> Standing:
    """In force whatever becomes of directives. A gate that is cut off goes on with it: it was the person's wish, not an order."""
    return Standing(LINEAGE, True, False, 0, None, DAY, OnUnknown.DENY, text, texts, language)


def entries(block: int) -> Entries:
    """Whom it denies in a block of ordinals."""
    return [(0, BitMap([ORDINAL % BLOCK_SIZE]))] if block == BLOCK else []
