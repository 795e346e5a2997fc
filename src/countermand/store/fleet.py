"""Devices as rows: their names, owners, and the sources they are enrolled with. Ordinals are given once and never again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from countermand.core.apps import App
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib.parts import cut
from countermand.store import bindings, bulk, evidence, owners
from countermand.store.straight import Question


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as stored; ``owner`` is a person's ordinal, None = nobody's."""

    owner: int | None
    platform: Platform
    model: str
    ownership: Ownership
    enrollment: Enrollment
    reads_mail: bool
    mail_removed: bool = False
    retired: bool = False
    last_seen: Instant | None = None


#: What a row holds of a device, in the order in which ``device`` takes it.
COLUMNS = ("owner_id", "platform", "model", "ownership", "enrollment", "reads_mail", "mail_removed", "retired", "last_seen")
_COLUMNS = ", ".join(COLUMNS)
NAMES = "SELECT device_id, kind, value FROM store_identity WHERE device_id IN ({}) ORDER BY id"


def find(identities: Collection[Identity]) -> dict[Identity, int]:
    """Identity → device ordinal, of the names that are some device's."""
    found: dict[Identity, int] = {}
    for question in naming(identities):
        found |= {Identity(IdentityKind(kind), value): ordinal for kind, value, ordinal in bulk.all_rows(*question)}
    return found


def naming(identities: Collection[Identity]) -> Iterator[Question]:
    """What ``find`` asks."""
    for part in cut(sorted(identities), bulk.PARAMETERS // 2):
        asked, values = [], list[str]()
        for kind, some in groupby(part, key=lambda identity: identity.kind):
            named = [identity.value for identity in some]
            asked.append(f"SELECT kind, value, device_id FROM store_identity WHERE kind = %s AND value IN ({bulk.marks(named)})")
            values += [kind.value, *named]
        yield " UNION ALL ".join(asked), values


def identities(ordinals: Collection[int]) -> dict[int, list[Identity]]:
    """Each device's names."""
    found: dict[int, list[Identity]] = {}
    for ordinal, kind, value in bulk.by_numbers(NAMES, ordinals):
        found.setdefault(ordinal, []).append(Identity(IdentityKind(kind), value))
    return found


def load(ordinals: Collection[int]) -> dict[int, DeviceRow]:
    """The devices as stored."""
    query = f"SELECT ordinal, {_COLUMNS} FROM store_device WHERE ordinal IN ({{}})"
    return {row[0]: device(*row[1:]) for row in bulk.by_numbers(query, ordinals)}


def device(
    owner: int | None, platform: str, model: str, ownership: str, enrollment: str, reads_mail: int, removed: int, retired: int,
    last_seen: Instant | None,
) -> DeviceRow:  # fmt: skip
    """A row's columns as a value."""
    words = (Platform(platform), model, Ownership(ownership), Enrollment(enrollment))
    return DeviceRow(owner, *words, bool(reads_mail), bool(removed), bool(retired), last_seen)


def save(devices: Mapping[int, DeviceRow], at: Instant) -> None:
    """Store devices whole, new ones under the ordinals given to them. Whoever's they are now is so since ``at``."""
    before = owners.of(devices)
    updates = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
    marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
    bulk.write(
        f"INSERT INTO store_device (ordinal, {_COLUMNS}) VALUES ({marks}) ON CONFLICT (ordinal) DO UPDATE SET {updates}",
        [(ordinal, *_row(device)) for ordinal, device in devices.items()],
    )
    passed_on = {ordinal: device.owner for ordinal, device in devices.items() if device.owner != before.get(ordinal)}
    bindings.change(before, passed_on, at)
    owners.pack(passed_on)


def _row(one: DeviceRow) -> Sequence[object]:
    words = (one.platform.value, one.model, one.ownership.value, one.enrollment.value)
    return (one.owner, *words, one.reads_mail, one.mail_removed, one.retired, one.last_seen)


def touch(seen: Mapping[int, Instant]) -> None:
    """A source heard of these devices at these times; never moves a time back."""
    query = "UPDATE store_device SET last_seen = %s WHERE ordinal = %s AND (last_seen IS NULL OR last_seen < %s)"
    bulk.write(query, [(at, ordinal, at) for ordinal, at in seen.items()])


def name(names: Collection[tuple[int, Identity]]) -> None:
    """Give devices new names; a name that is another device's is an IntegrityError, so look first."""
    rows = [(identity.kind.value, identity.value, ordinal) for ordinal, identity in names]
    bulk.write("INSERT INTO store_identity (kind, value, device_id) VALUES (%s, %s, %s)", rows)


def unname(ordinals: Collection[int]) -> None:
    """Take all names from these devices, so that a new device may bear them."""
    bulk.write("DELETE FROM store_identity WHERE device_id = %s", [(ordinal,) for ordinal in ordinals])


def unname_one(names: Collection[Identity]) -> None:
    """These names are nobody's any more."""
    bulk.write("DELETE FROM store_identity WHERE kind = %s AND value = %s", [(one.kind.value, one.value) for one in names])


def values_of(kind: IdentityKind) -> list[str]:
    """Every name of this kind that a device bears, in order."""
    return [value for (value,) in bulk.all_rows("SELECT value FROM store_identity WHERE kind = %s ORDER BY value", [kind.value])]


def enrolled(ordinals: Collection[int], source: str) -> frozenset[int]:
    """Those of these devices that are enrolled with the source."""
    query = "SELECT device_id, source FROM store_enrolled WHERE until IS NULL AND device_id IN ({})"
    return frozenset(ordinal for ordinal, name in bulk.by_numbers(query, ordinals) if name == source)


def enrolled_after(source: str, after: int, limit: int) -> list[int]:
    """Devices that are enrolled with the source and not retired, from ordinal ``after`` + 1 on, ascending."""
    rows = bulk.all_rows(
        "SELECT e.device_id FROM store_enrolled e JOIN store_device d ON d.ordinal = e.device_id"
        " WHERE e.source = %s AND e.until IS NULL AND NOT d.retired AND e.device_id > %s ORDER BY e.device_id LIMIT %s",
        [source, after, limit],
    )
    return [row[0] for row in rows]


def kinds_enrolled(source: str) -> dict[tuple[Enrollment, Ownership], int]:
    """(enrolment, ownership) → how many devices that are enrolled with the source."""
    rows = bulk.all_rows(
        "SELECT d.enrollment, d.ownership, COUNT(*) FROM store_enrolled e JOIN store_device d ON d.ordinal = e.device_id"
        " WHERE e.source = %s AND e.until IS NULL AND NOT d.retired GROUP BY d.enrollment, d.ownership",
        [source],
    )
    return {(Enrollment(enrollment), Ownership(ownership)): count for enrollment, ownership, count in rows}


def app_names(numbers: Collection[int]) -> dict[int, App]:
    """The apps with these numbers."""
    return evidence.apps(numbers)


def give_ordinals(count: int) -> range:
    """``count`` fresh device ordinals, in sequence; called inside the unit that uses them."""
    return bulk.fresh("store_device", "next_device", count)


def named(text: str) -> int:
    """The device of this name: ``kind:value``, or a serial alone. Refused ``not-found``."""
    kind, colon, value = text.partition(":")
    known_kind = bool(colon) and kind in set(IdentityKind)
    identity = Identity(IdentityKind(kind), value) if known_kind else Identity(IdentityKind.SERIAL, text)
    found = find([identity])
    if identity not in found:
        query = "SELECT value FROM store_identity WHERE kind = %s AND value >= %s ORDER BY value LIMIT 1"
        near = bulk.all_rows(query, [identity.kind.value, identity.value])
        raise Refused("not-found", what="device", name=text, nearest=near[0][0] if near else "no device has such a name")
    return found[identity]


def any_device() -> bool:
    """Whether there is any device at all."""
    return bool(bulk.all_rows("SELECT 1 FROM store_device LIMIT 1"))


def next_ordinal() -> int:
    """The ordinal that the next new device would get."""
    counted = bulk.all_rows("SELECT next_device FROM store_installation WHERE id = 1")
    highest = bulk.all_rows("SELECT MAX(ordinal) FROM store_device")[0][0]
    return max(counted[0][0] if counted else 0, 0 if highest is None else highest + 1)


def blocks() -> list[int]:
    """The blocks in which there is a device, ascending."""
    return bulk.blocks("store_device")


def in_block(block: int) -> list[int]:
    """Every device that there ever was in a block, ascending."""
    return bulk.in_block("store_device", block)


def private_with_evidence(after: int, limit: int) -> list[int]:
    """Devices that are not the company's and of which something is kept, from ordinal ``after`` + 1 on, ascending."""
    rows = bulk.all_rows(
        "SELECT ordinal FROM store_device WHERE ordinal > %s AND ownership <> 'corporate' AND (ordinal IN"
        " (SELECT device_id FROM store_applist) OR ordinal IN (SELECT device_id FROM store_looked))"
        " ORDER BY ordinal LIMIT %s",
        [after, limit],
    )
    return [row[0] for row in rows]


def private_among(ordinals: Collection[int]) -> list[int]:
    """Those of these devices that are not the company's, ascending."""
    query = "SELECT ordinal FROM store_device WHERE ordinal IN ({}) AND ownership <> 'corporate'"
    return sorted(row[0] for row in bulk.by_numbers(query, ordinals))


def retire(ordinal: int) -> None:
    bulk.write("UPDATE store_device SET retired = %s WHERE ordinal = %s", [(True, ordinal)])


def reads_mail(ordinal: int) -> None:
    bulk.write("UPDATE store_device SET reads_mail = %s WHERE ordinal = %s", [(True, ordinal)])


def set_mail_removed(ordinal: int, removed: bool) -> None:
    bulk.write("UPDATE store_device SET mail_removed = %s WHERE ordinal = %s", [(removed, ordinal)])
