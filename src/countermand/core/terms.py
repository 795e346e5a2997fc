"""Terms: a version and its lineage as judging reads them: set names and instants, nothing to look up.

``store.terms`` builds them from rows. Everything is resolved beforehand (apps to numbers, coverages to the numbers of
those that include every named app), so that judging is set algebra and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from countermand.core import facts
from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Ownership, Platform
from countermand.core.directive import ComplyBy, Directive, Force, Rollout
from countermand.core.instants import Instant


@dataclass(frozen=True, slots=True)
class Terms:
    """One issued (or proposed) version.

    ``row``: the store's number for it, by which the sets of those who are told of it are named. ``version``: its number within
    its directive, by which people know it; 0 if it is written down nowhere.
    ``apps``: per platform in scope, the store's numbers of the frozen ids (empty: nothing reportable there).
    ``covering``: per platform, the numbers of the coverages that include all of them.
    ``last_due``: the document's due in the last zone on earth, in force for whoever has no due of this version yet; None if
    the document has none.
    """

    row: int
    version: int
    directive: Directive
    apps: Mapping[Platform, frozenset[int]]
    covering: Mapping[Platform, frozenset[int]]
    last_due: Instant | None = None

    def ownerships(self, *forces: Force) -> frozenset[Ownership]:
        """The ownerships under one of these forces."""
        return frozenset(o for o, force in self.directive.applies_to.force.items() if force in forces)

    def minimum_grade(self, ownership: Ownership) -> Grade:
        return self.directive.evidence.minimum_grade[ownership]

    def takes_word(self, ownership: Ownership, platform: Platform) -> bool:
        """Whether the owner's own statement counts as evidence for such a device."""
        return self.minimum_grade(ownership) <= Grade.ATTESTED and bool(self.apps.get(platform))

    @property
    def named(self) -> frozenset[int]:
        """The named apps of all platforms. Numbers belong to one platform, so platforms need no care."""
        return frozenset[int]().union(*self.apps.values())

    @property
    def by_removing_mail(self) -> bool:
        return ComplyBy.REMOVE_MAIL in self.directive.comply_by


@dataclass(frozen=True, slots=True)
class Lineage:
    """A lineage with the versions that were issued, oldest first; the last one is what is asked now.

    ``rings_opened``: when ring k opened; later rings are still closed. ``live``: issued and unhalted.
    """

    id: str
    versions: tuple[Terms, ...]
    not_before: Instant = 0
    rings_opened: tuple[Instant, ...] = (0,)
    live: bool = True

    @property
    def current(self) -> Terms:
        return self.versions[-1]

    @property
    def rings(self) -> int:
        return len(self.current.directive.rollout.rings)


def without_rings(lineage: Lineage, now: Instant) -> Lineage:
    """The lineage as if it had one ring, opened at ``now``, and were not halted. Rings only spread what this denies at once,
    so what it is counted to deny is never too low."""
    whole = replace(lineage.current, directive=replace(lineage.current.directive, rollout=Rollout()))
    return replace(lineage, versions=(*lineage.versions[:-1], whole), rings_opened=(now,), live=True)


@dataclass(frozen=True, slots=True)
class Contacts:
    """When each source was last in complete, healthy contact; age is measured against it, so a dead connector ages nobody.

    A source that is not named (an attestation) needs no connector: its age is measured against now.
    """

    healthy: Mapping[str, Instant] = field(default_factory=dict)

    def cutoff(self, source: str, max_age: int, now: Instant) -> Instant:
        """The oldest observation of this source that is still fresh."""
        return min(now, self.healthy.get(source, now)) - max_age


Wanted = tuple[frozenset[str], frozenset[str]]


def needs(lineage: Lineage) -> Wanted:
    """The names, and the prefixes of names, of every set that judging this lineage and walking its timeline reads. Of look
    sets those of days tell everything but what only hours tell (there is a day set for every hour set)."""
    names, prefixes = needs_to_deny(lineage)
    by_hours = lineage.current.directive.evidence.max_age <= facts.HOURS_KEPT
    return names, prefixes | {facts.LOOKED if by_hours else facts.LOOKED_BY_DAY}


def needs_to_deny(lineage: Lineage) -> Wanted:
    """The same for what does not depend on evidence of absence: who is in scope, who is told, and the timeline."""
    names = {facts.EVERY, facts.OWNED, facts.RETIRED, facts.READS_MAIL, facts.DENIABLE, facts.PROTECTED, facts.MAIL_REMOVED}
    names.update(facts.platform(p) for p in Platform)
    names.update(facts.ownership(o) for o in Ownership)
    names.update(facts.enrollment(e) for e in Enrollment)
    prefixes = {f"exempt:{lineage.id}:", f"ring:{lineage.id}:"}
    for terms in lineage.versions:
        people = terms.directive.applies_to.people
        names.update(facts.app(number) for number in terms.named)
        names.update(facts.group(name) for name in people.groups | people.except_groups)
        names.update(facts.country(code) for code in people.countries)
        names.add(facts.lapsed(terms.row))
        prefixes.add(f"told:{terms.row}:")
    return frozenset(names), frozenset(prefixes)
