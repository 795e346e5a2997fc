"""What a subscriber is told: one sealed entry of the ledger, by its leaf.

An entry names people and devices by salted commitments only, so an event does not name them either; whoever holds a salt can
recognise them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from countermand.core.instants import Instant, to_datetime
from countermand.ledger.entry import Batch, Entry, encode

#: Stands for the operator's name where a subscriber is not to know it.
HIDDEN = "operator"


@dataclass(frozen=True, slots=True)
class Event:
    """``id`` is the same whenever and however often it is sent; ``origin`` names the installation, as in its checkpoints."""

    id: str
    origin: str
    leaf: int
    kind: str
    at: Instant
    actor: str
    about: Mapping[str, Any]
    subjects: tuple[str, ...]
    batch: Batch | None = None


def event(origin: str, leaf: int, entry: Entry, *, hide_actor: bool = False) -> Event:
    """The event of an entry. Its id is of the entry's own bytes too: a restored ledger has other entries under the same leaves.
    It has no dot in it: Standard Webhooks signs ``id.timestamp.body``."""
    of = hashlib.sha256(f"{origin}\n".encode() + encode(entry)).hexdigest()[:16]
    actor = HIDDEN if hide_actor and entry.actor != "system" else entry.actor
    return Event(f"evt_{leaf}_{of}", origin, leaf, entry.kind, entry.at, actor, entry.about, entry.subjects, entry.batch)


def body(one: Event) -> bytes:
    """The event as JSON: ``type``, ``timestamp`` and ``data``, as Standard Webhooks recommends."""
    data: dict[str, Any] = {
        "origin": one.origin,
        "leaf": one.leaf,
        "actor": one.actor,
        "about": dict(one.about),
        "subjects": list(one.subjects),
    }
    if one.batch is not None:
        data["batch"] = {"count": one.batch.count, "root": one.batch.root}
    plain = {"type": f"countermand.{one.kind}", "timestamp": moment(one.at), "data": data}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def moment(at: Instant) -> str:
    """An instant to the millisecond, as RFC 3339 and RFC 5424 write it."""
    return to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
