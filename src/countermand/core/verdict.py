"""The verdict: one directive on a block of devices. ``judge`` is the only place where a verdict is made.

For devices in scope: exempt if an exemption holds; else noncompliant (in grace before the due) if a prohibited app is
present; else compliant if evidence of at least the minimum grade, fresh enough and covering, exists; else unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Ownership, Platform
from countermand.core.directive import Force
from countermand.core.facts import Block
from countermand.core.instants import DAY, HOUR, Instant
from countermand.core.terms import Contacts, Lineage, Terms


class Status(StrEnum):
    NOT_APPLICABLE = "not_applicable"
    EXEMPT = "exempt"
    COMPLIANT = "compliant"
    UNKNOWN = "unknown"
    IN_GRACE = "in_grace"
    NONCOMPLIANT = "noncompliant"


class Reason(StrEnum):
    """Why, from a closed list; each belongs to one status."""

    OUT_OF_SCOPE = "out-of-scope"  # not_applicable
    RETIRED = "retired"
    EXEMPTION = "exemption"  # exempt
    SEEN_ABSENT = "seen-absent"  # compliant
    MAIL_REMOVED = "mail-removed"
    NEVER_REPORTED = "never-reported"  # unknown
    STALE = "stale"
    NOT_LOOKED = "not-looked"
    INVISIBLE = "invisible"
    PRESENT_IN_GRACE = "present-in-grace"  # in_grace
    PRESENT = "present"  # noncompliant


STATUS_OF: Mapping[Reason, Status] = {
    Reason.OUT_OF_SCOPE: Status.NOT_APPLICABLE,
    Reason.RETIRED: Status.NOT_APPLICABLE,
    Reason.EXEMPTION: Status.EXEMPT,
    Reason.SEEN_ABSENT: Status.COMPLIANT,
    Reason.MAIL_REMOVED: Status.COMPLIANT,
    Reason.NEVER_REPORTED: Status.UNKNOWN,
    Reason.STALE: Status.UNKNOWN,
    Reason.NOT_LOOKED: Status.UNKNOWN,
    Reason.INVISIBLE: Status.UNKNOWN,
    Reason.PRESENT_IN_GRACE: Status.IN_GRACE,
    Reason.PRESENT: Status.NONCOMPLIANT,
}

#: The strongest evidence of absence that can be had from a device, by how it is managed (peers' visibility tables).
VISIBILITY: Mapping[Enrollment, Grade] = {
    Enrollment.SUPERVISED: Grade.PREVENTED,
    Enrollment.DEVICE: Grade.INVENTORY,
    Enrollment.USER: Grade.ATTESTED,
    Enrollment.COPE: Grade.PREVENTED,
    Enrollment.EAS: Grade.ATTESTED,
    Enrollment.NONE: Grade.ATTESTED,
}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Disjoint sets by reason; together they are every device of the block."""

    by_reason: Mapping[Reason, BitMap]

    def __getitem__(self, status: Status) -> BitMap:
        return BitMap.union(BitMap(), *(found for reason, found in self.by_reason.items() if STATUS_OF[reason] is status))

    @property
    def flagged(self) -> BitMap:
        """In grace or noncompliant: what is stored as one set, because only the clock tells them apart."""
        return self[Status.IN_GRACE] | self[Status.NONCOMPLIANT]


def judge(block: Block, lineage: Lineage, contacts: Contacts, now: Instant) -> Verdicts:
    """The verdict of the lineage's current version on every device of the block, as of ``now``."""
    terms = lineage.current
    scope = in_scope(block, terms)
    exempt = scope & exempt_at(block, lineage.id, now)
    open_ = scope - exempt
    removed = open_ & block[facts.MAIL_REMOVED] if terms.by_removing_mail else BitMap()
    flagged = (open_ - removed) & present(block, terms)
    overdue = flagged & past_due(block, lineage, now)
    unseen = open_ - removed - flagged
    looks = _looks(block)
    absent = unseen & _looked(block, terms, _by_kind(_fresh(looks, contacts, terms, now)))
    found = {
        Reason.OUT_OF_SCOPE: block[facts.EVERY] - scope - block[facts.RETIRED],
        Reason.RETIRED: block[facts.RETIRED] - scope,
        Reason.EXEMPTION: exempt,
        Reason.MAIL_REMOVED: removed,
        Reason.PRESENT: overdue,
        Reason.PRESENT_IN_GRACE: flagged - overdue,
        Reason.SEEN_ABSENT: absent,
    }
    return Verdicts(found | _why_unknown(block, terms, looks, unseen - absent))


def in_scope(block: Block, terms: Terms) -> BitMap:
    """Devices that the version speaks to, by its own text, whatever the force."""
    reached = spoken_to(block, terms)
    return reached & block[facts.READS_MAIL] if terms.directive.applies_to.reads_mail else reached


def spoken_to(block: Block, terms: Terms) -> BitMap:
    """The same without asking whether mail is read: whoever asks a gate for mail evidently reads it, so ``reads_mail``
    shapes previews and audiences and never what a gate denies."""
    reached = block[facts.EVERY] - block[facts.RETIRED]
    reached &= block.union(facts.platform(p) for p in terms.directive.applies_to.platforms)
    reached &= block.union(facts.ownership(o) for o in terms.ownerships(Force.MANDATORY, Force.RECOMMENDATION))
    return reached & people_in_scope(block, terms)


def people_in_scope(block: Block, terms: Terms) -> BitMap:
    """Devices (or people, in a block of people) whose owner the version speaks to."""
    people = terms.directive.applies_to.people
    spoken_to = block[facts.EVERY]
    if people.groups:
        spoken_to = spoken_to & block.union(facts.group(name) for name in people.groups)
    if people.countries:
        spoken_to = spoken_to & block.union(facts.country(code) for code in people.countries)
    return spoken_to - block.union(facts.group(name) for name in people.except_groups)


def present(block: Block, terms: Terms) -> BitMap:
    """Devices on which an app of the version is present."""
    return block.union(facts.app(number) for number in terms.named)


def exempt_at(block: Block, lineage: str, now: Instant) -> BitMap:
    """Devices exempt from the lineage at ``now``: an exemption holds up to, not including, its end."""
    return BitMap.union(BitMap(), *(found for until, found in block.instants(f"exempt:{lineage}:") if now < until))


def past_due(block: Block, lineage: Lineage, now: Instant) -> BitMap:
    """Devices whose due of the current version has come: the one their owner was told; else the document's last one."""
    terms = lineage.current
    if now < lineage.not_before:
        return BitMap()
    dues = list(block.instants(f"told:{terms.row}:"))
    told = BitMap.union(BitMap(), *(found for _, found in dues))
    come = BitMap.union(BitMap(), *(found for due, found in dues if due <= now))
    if terms.last_due is None or terms.last_due <= now:
        come |= block[facts.EVERY] - told
    return come


# -- evidence of absence --


@dataclass(frozen=True, slots=True)
class _LookName:
    """What the name of a stored ``looked`` set says."""

    source: str
    grade: Grade
    coverage: int
    unit: str  # d or h
    bucket: int


@lru_cache(maxsize=65_536)
def _look_name(name: str) -> _LookName:
    head, coverage, bucket = name.rsplit(":", 2)
    _, source_grade = head.split(":", 1)
    source, grade = source_grade.rsplit(":", 1)
    return _LookName(source, Grade[grade.upper()], int(coverage), bucket[0], int(bucket[1:]))


_Looks = list[tuple[_LookName, BitMap]]


def _looks(block: Block) -> _Looks:
    return [(_look_name(name), block.sets[name]) for name in block.family(facts.LOOKED)]


def _fresh(looks: _Looks, contacts: Contacts, terms: Terms, now: Instant) -> _Looks:
    """Those no older than the version allows. Rounded in the device's favour: a bucket is fresh while any instant of it is."""
    max_age = terms.directive.evidence.max_age
    unit, width = ("h", HOUR) if max_age <= facts.HOURS_KEPT else ("d", DAY)
    cutoff = {source: contacts.cutoff(source, max_age, now) for source in {look.source for look, _ in looks}}
    return [(look, found) for look, found in looks if look.unit == unit and (look.bucket + 1) * width > cutoff[look.source]]


#: (grade, coverage) → devices that some source looked at so.
_Seen = Mapping[tuple[Grade, int], BitMap]


def _by_kind(looks: _Looks) -> _Seen:
    alike: dict[tuple[Grade, int], list[BitMap]] = {}
    for look, devices in looks:
        alike.setdefault((look.grade, look.coverage), []).append(devices)
    return {kind: BitMap.union(*sets) for kind, sets in alike.items()}


def _looked(block: Block, terms: Terms, seen: _Seen) -> BitMap:
    """Devices with covering evidence of at least the grade asked of them, among what was seen."""
    found = BitMap()
    for ownership in Ownership:
        for platform in (p for p in Platform if terms.apps.get(p)):  # where nothing can be named, nothing was looked for
            least, covering = terms.minimum_grade(ownership), terms.covering.get(platform, ())
            enough = [devices for (grade, coverage), devices in seen.items() if grade >= least and coverage in covering]
            where = block[facts.ownership(ownership)] & block[facts.platform(platform)]
            found |= where & BitMap.union(BitMap(), *enough)
    return found


def covered_by(block: Block, terms: Terms, sources: frozenset[str]) -> BitMap:
    """Devices that one of these sources ever looked at well enough, however long ago."""
    return _looked(block, terms, _by_kind([(look, devices) for look, devices in _looks(block) if look.source in sources]))


def _why_unknown(block: Block, terms: Terms, looks: _Looks, unknown: BitMap) -> dict[Reason, BitMap]:
    """The most telling reason for each: it was looked for once; it never can be; others were looked for; never heard of."""
    if not unknown:
        return {why: BitMap() for why in (Reason.STALE, Reason.INVISIBLE, Reason.NOT_LOOKED, Reason.NEVER_REPORTED)}
    seen = _by_kind(looks)
    stale = unknown & _looked(block, terms, seen)
    rest = unknown - stale
    invisible = rest & _invisible(block, terms)
    rest -= invisible
    not_looked = rest & BitMap.union(BitMap(), *seen.values())
    return {
        Reason.STALE: stale,
        Reason.INVISIBLE: invisible,
        Reason.NOT_LOOKED: not_looked,
        Reason.NEVER_REPORTED: rest - not_looked,
    }


def _invisible(block: Block, terms: Terms) -> BitMap:
    """Devices on which the grade asked for cannot be had, or on whose platform no named app can be seen."""
    found = block.union(facts.platform(p) for p in Platform if not terms.apps.get(p))
    for ownership in Ownership:
        weak = [e for e, grade in VISIBILITY.items() if grade < terms.minimum_grade(ownership)]
        found |= block[facts.ownership(ownership)] & block.union(facts.enrollment(e) for e in weak)
    return found
