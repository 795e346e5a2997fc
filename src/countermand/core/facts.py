"""Facts as sets: the names of sets, a block of them, and the sets that one device's rows say it is in.

A fact ("platform is iOS", "owner is in group finance") is a set of device ordinals. The fleet is cut into blocks of
65,536 ordinals, and within a block a set is one roaring bitmap of offsets. ``names`` is the only place that says
which sets a device belongs to, so the incremental path, the bulk path and ``doctor`` cannot disagree.
People have sets of their own in the same form (``person_names``), for what holds of a person and not of a device.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from countermand.core.blocks import BLOCK_SIZE as BLOCK_SIZE
from countermand.core.coverage import Look
from countermand.core.devices import Device
from countermand.core.instants import DAY, HOUR, Instant
from countermand.core.people import Person

#: How long hour sets are kept; a ``max_age`` up to this reads them, a longer one reads day sets.
HOURS_KEPT = 48 * HOUR

#: How the names of look sets begin; and of those, the day sets alone (a ``*`` stands for anything).
LOOKED, LOOKED_BY_DAY = "looked:", "looked:*:d"

#: How the names of sets begin that say who was denied when a stream was last brought up to date.
SIGNALLED = "signal:"

EVERY = "every"
OWNED = "owned"
RETIRED = "retired"
READS_MAIL = "reads_mail"
DENIABLE = "deniable"  # has a name under which a gate could recognise it
PROTECTED = "protected"
MAIL_REMOVED = "mail_removed"


def platform(value: str) -> str:
    return f"platform:{value}"


def ownership(value: str) -> str:
    return f"ownership:{value}"


def enrollment(value: str) -> str:
    return f"enrollment:{value}"


def country(value: str) -> str:
    return f"country:{value}"


def zone(name: str) -> str:
    """Devices whose owner lives in this IANA zone: dues in recipients' own time are foreseen by it."""
    return f"zone:{name}"


def group(name: str) -> str:
    return f"group:{name}"


def app(number: int) -> str:
    """Devices on which the app with the store's number is present."""
    return f"app:{number}"


def told(version: int, due: Instant) -> str:
    """Devices whose owner was told of a version with this due."""
    return f"told:{version}:{due}"


def exempt(lineage: str, until: Instant) -> str:
    return f"exempt:{lineage}:{until}"


def lapsed(version: int) -> str:
    return f"lapsed:{version}"


def ring(lineage: str, index: int) -> str:
    """Devices whose owner belongs to ring ``index`` (0 = first); the last ring is whoever is in no other."""
    return f"ring:{lineage}:{index}"


def verdict(lineage: str, status: str) -> str:
    """Devices by status as of the last walk; never read for decisions."""
    return f"verdict:{lineage}:{status}"


def looked(look: Look, observed_at: Instant) -> tuple[str, str]:
    """The day set and the hour set that the latest observation under ``look`` puts a device in."""
    prefix = looked_prefix(look)
    return f"{prefix}d{observed_at // DAY}", f"{prefix}h{observed_at // HOUR}"


def looked_prefix(look: Look) -> str:
    return f"{LOOKED}{look.source}:{look.grade.word}:{look.coverage}:"


def hour_is_over(name: str, now: Instant, healthy: Mapping[str, Instant]) -> bool:
    """True for an hour set that no directive can read any more; the sweep deletes those.

    Hours are counted back from the source's last contact in ``healthy``, as ages are: the sets of a dead source stay.
    """
    if not name.startswith(LOOKED):
        return False
    source, _, _, bucket = name.removeprefix(LOOKED).rsplit(":", 3)
    oldest = min(now, healthy.get(source, now)) - HOURS_KEPT
    return bucket[0] == "h" and (int(bucket[1:]) + 1) * HOUR <= oldest


@dataclass(frozen=True, slots=True)
class Block:
    """The sets of up to 65,536 devices (or people). Bitmaps hold offsets within the block and are never changed in place.

    A block of one device, built from that device's own rows, is judged by the same code as a block of the fleet.
    """

    number: int
    sets: Mapping[str, BitMap]
    _names: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def __getitem__(self, name: str) -> BitMap:
        """The set of this name; a set nobody is in is simply not stored."""
        return self.sets.get(name, _NOBODY)

    def union(self, names: Iterable[str]) -> BitMap:
        found = [self.sets[name] for name in names if name in self.sets]
        return BitMap.union(*found) if found else BitMap()

    def family(self, prefix: str) -> list[str]:
        """The names of the sets that begin with ``prefix``, which ends with a colon."""
        if not self._names:
            self._names.extend(sorted(self.sets))
        return self._names[bisect_left(self._names, prefix) : bisect_left(self._names, prefix[:-1] + _AFTER_COLON)]

    def instants(self, prefix: str) -> Iterator[tuple[Instant, BitMap]]:
        """(instant, set) of every set named ``<prefix><instant>``, earliest first."""
        found = [(int(name[len(prefix) :]), self.sets[name]) for name in self.family(prefix)]
        return iter(sorted(found, key=lambda pair: pair[0]))


_NOBODY = BitMap()
_AFTER_COLON = chr(ord(":") + 1)


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that the rows say about one device. ``groups`` includes groups reached through nesting.

    ``present`` holds the store's numbers of apps; ``told`` (version, due); ``exempt`` (lineage, until); ``rings``
    (lineage, index), of the owner where they are a person's.
    """

    device: Device
    person: Person | None = None
    groups: frozenset[str] = frozenset()
    present: frozenset[int] = frozenset()
    looked: Mapping[Look, Instant] = field(default_factory=dict)
    told: frozenset[tuple[int, Instant]] = frozenset()
    exempt: frozenset[tuple[str, Instant]] = frozenset()
    rings: frozenset[tuple[str, int]] = frozenset()
    protected: bool = False
    mail_removed: bool = False


def names(known: Known) -> frozenset[str]:
    """The sets that a device is in, as far as they follow from rows (``lapsed`` and ``verdict`` sets are written)."""
    device, person = known.device, known.person
    found = {EVERY, platform(device.platform), ownership(device.ownership), enrollment(device.enrollment)}
    flags = {
        RETIRED: device.retired,
        READS_MAIL: device.reads_mail,
        DENIABLE: bool(device.mail_identities) and person is not None,
        PROTECTED: known.protected,
        MAIL_REMOVED: known.mail_removed,
    }
    found.update(name for name, holds in flags.items() if holds)
    found.update(_of_evidence(known.present, known.looked))
    found.update(exempt(lineage, until) for lineage, until in known.exempt)
    if person is not None:
        found.add(OWNED)
        found.update(_of_person(person, known.groups, known.told, known.rings))
    return frozenset(found)


def names_since(before: frozenset[str], was: Known, now: Known) -> frozenset[str]:
    """``names(now)``, where ``before`` is ``names(was)`` and nothing but the evidence differs: which apps are present and who
    looked when."""
    gone = _of_evidence(was.present - now.present, was.looked)
    return before.difference(gone).union(_of_evidence(now.present - was.present, now.looked))


def _of_evidence(present: frozenset[int], looks: Mapping[Look, Instant]) -> Iterator[str]:
    yield from map(app, present)
    for look, observed_at in looks.items():
        yield from looked(look, observed_at)


def person_names(
    person: Person,
    groups: frozenset[str],
    told_of: frozenset[tuple[int, Instant]],
    rings: frozenset[tuple[str, int]],
    exempt_until: frozenset[tuple[str, Instant]],
    protected: bool,
) -> frozenset[str]:
    """The sets that a person is in: what decides about that person's unregistered devices."""
    found = {EVERY, OWNED, *_of_person(person, groups, told_of, rings)}
    found.update(exempt(lineage, until) for lineage, until in exempt_until)
    if protected:
        found.add(PROTECTED)
    return frozenset(found)


def _of_person(
    person: Person, groups: frozenset[str], told_of: frozenset[tuple[int, Instant]], rings: frozenset[tuple[str, int]]
) -> Iterator[str]:
    if person.country:
        yield country(person.country)
    if person.zone:
        yield zone(person.zone)
    yield from (group(name) for name in groups)
    yield from (told(version, due) for version, due in told_of)
    yield from (ring(lineage, index) for lineage, index in rings)


def block_of(number: int, members: Mapping[int, Iterable[str]]) -> Block:
    """A block from (offset → names of sets); the inverse of reading a block device by device."""
    sets: dict[str, BitMap] = {}
    for offset, found in members.items():
        for name in found:
            sets.setdefault(name, BitMap()).add(offset)
    return Block(number, sets)


def begins(name: str, prefix: str) -> bool:
    """Whether a name begins so; a ``*`` in the prefix stands for anything."""
    head, star, middle = prefix.partition("*")
    return name.startswith(head) and (not star or middle in name[len(head) :])


def derived(name: str) -> bool:
    """True for sets that follow from rows and can be rebuilt from them; False for those that are themselves the record."""
    return not name.startswith(("lapsed:", "verdict:", SIGNALLED))
