"""New devices in bulk as rows: everything that a device arrives with, in statements of thousands."""

from dataclasses import dataclass, field

from django.db import IntegrityError

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.store import bulk, owners


@dataclass(slots=True)
class Arrivals:
    """Rows by table. ``devices`` holds the columns from ordinal to owner_since; ``names`` (kind, value, ordinal); ``lists``
    (ordinal, packed presence); ``looks`` (ordinal, source, grade, coverage, time)."""

    devices: list[tuple[int, int | None, str, str, str, str, bool, bool, bool, Instant | None, Instant | None]] = field(
        default_factory=list
    )
    names: list[tuple[str, str, int]] = field(default_factory=list)
    enrolled: list[tuple[int, str, Instant]] = field(default_factory=list)
    lists: list[tuple[int, bytes]] = field(default_factory=list)
    looks: list[tuple[int, str, int, int, Instant]] = field(default_factory=list)


_DEVICE = (
    "ordinal", "owner_id", "platform", "model", "ownership", "enrollment", "reads_mail", "mail_removed", "retired", "last_seen",
    "owner_since",
)  # fmt: skip


def add(arrivals: Arrivals) -> None:
    """Store them. Refused ``load-overtaken`` if one of the names is another device's by now."""
    try:
        _add(arrivals)
    except IntegrityError as wrong:
        raise Refused("load-overtaken", what="a name of a device") from wrong


def _add(arrivals: Arrivals) -> None:
    bulk.insert("store_device", _DEVICE, arrivals.devices)
    owners.pack({ordinal: owner for ordinal, owner, *_ in arrivals.devices if owner is not None})
    bulk.insert("store_identity", ("kind", "value", "device_id"), sorted(arrivals.names))
    bulk.insert("store_enrolled", ("device_id", "source", "since", "said"), ((*row, "") for row in arrivals.enrolled))
    bulk.insert("store_applist", ("device_id", "shown"), arrivals.lists)
    bulk.insert(
        "store_looked",
        ("device_id", "source", "grade", "coverage_id", "observed_at"),
        arrivals.looks,
    )
