"""The record of what happened, written in the transaction of the change it records.

Rows wait without a leaf until the sealer (flows.seal) gives them their place in the tree; nothing changes or deletes one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.db import connection

from countermand.ledger.entry import encode, make
from countermand.store import bulk, salts


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Acting(Protocol):
    """The part of ``access.Act`` that the ledger records (access stands above the store, so its shape is said here)."""

    @property
    def actor(self) -> Named: ...
    @property
    def now(self) -> int: ...


def append(kind: str, act: Acting, about: Mapping[str, Any], subjects: Sequence[str] = ()) -> None:
    """Record one state change in the caller's unit; RuntimeError outside of one.

    ``about``: plain JSON, short, and never a name of a person or device: those are ``subjects``, "person:<login>" or
    "device:<ordinal>", which stand in the entry as salted commitments. Long texts belong in it as digests.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a ledger entry belongs to the transaction of its change; append it inside unit()")
    entry = encode(make(kind, act.now, act.actor.name, about, salts.commit(subjects)))
    bulk.write("INSERT INTO store_ledgerrow (entry, at) VALUES (%s, %s)", [(entry, act.now)])
