"""The laws that tie the product to the oracle: each takes a world and the rules under test, and asserts.

The same laws run over drawn worlds (test_laws_*) and, with a changed copy of a rule, over fixed ones (test_mutants).
"""

from collections.abc import Callable
from dataclasses import replace

import oracle
from fleets import RULES, Rules, block_of, contacts_of, lineage_of, people_of, presence_of, reasons
from msgspec import structs
from strategies import ANDROID, INSTANTS, IOS, MOMENTS, World

from countermand.core.apps import App
from countermand.core.coverage import Grade
from countermand.core.facts import Block, begins
from countermand.core.instants import DAY, Instant
from countermand.core.presence import Presence
from countermand.core.terms import Wanted, needs, needs_to_deny
from countermand.core.timeline import Timeline


def presence_is_the_oracles(world: World, rules: Rules = RULES) -> None:
    for phone in world.phones:
        found = presence_of(phone.reports, rules)
        assert set(found.apps) == set(oracle.apps_on(phone.reports))
        for (source, grade, coverage), at in found.looked.items():
            alike = [r for r in phone.reports if (r.source, r.grade, r.coverage) == (source, grade, coverage)]
            assert at == max(report.observed_at for report in alike)
        assert len(found.looked) == len({(r.source, r.grade, r.coverage) for r in phone.reports})


def reports_may_come_one_by_one(world: World, rules: Rules = RULES) -> None:
    for phone in world.phones:
        found = Presence()
        for report in reversed(phone.reports):
            found = rules.fold(found, [report])
        together = presence_of(phone.reports, rules)
        assert (found.shown, found.looked) == (together.shown, together.looked)


def an_owners_word_is_nobodys_sight(world: World, rules: Rules = RULES) -> None:
    """Whatever is only said neither shows an app nor clears one."""
    for phone in world.phones:
        said = [
            structs.replace(r, observed_at=r.observed_at + DAY, grade=Grade.ATTESTED, present=frozenset(IOS))
            for r in phone.reports
        ]
        unsaid = [structs.replace(report, present=frozenset()) for report in said]
        apps = presence_of(phone.reports, rules).apps
        assert presence_of([*phone.reports, *said], rules).apps == apps
        assert presence_of([*phone.reports, *unsaid], rules).apps == apps


def forgetting_is_never_having_stored(world: World, rules: Rules = RULES) -> None:
    for phone in world.phones:
        for kept in (frozenset(IOS[:1]), frozenset(IOS[1:]), frozenset[App]()):
            narrowed = [structs.replace(r, coverage=r.coverage.narrowed(kept), present=r.present & kept) for r in phone.reports]
            left, stored = rules.forget(presence_of(phone.reports, rules), kept), presence_of(narrowed, rules)
            assert (left.shown, left.looked) == (stored.shown, stored.looked)


def concise_is_shorter_and_means_the_same(world: World, rules: Rules = RULES) -> None:
    """For every few apps, who looked for all of them and when last is as before; and no look is left that another outdoes."""
    for phone in world.phones:
        whole = presence_of(phone.reports, rules)
        short = rules.concise(whole)
        assert short.shown == whole.shown
        assert short.looked.items() <= whole.looked.items()
        for apps in (frozenset(IOS[:1]), frozenset(IOS[:2]), frozenset(IOS), frozenset(ANDROID[1:2]), frozenset[App]()):
            assert _last_looks(short, apps) == _last_looks(whole, apps)
        for (source, grade, coverage), at in short.looked.items():
            ids = coverage.apps or frozenset()
            wider = [c for (s, g, c), then in short.looked.items() if (s, g) == (source, grade) and then >= at and c != coverage]
            assert not [c for c in wider if c.apps is None or (coverage.apps is not None and ids <= c.apps)]


def _last_looks(presence: Presence, apps: frozenset[App]) -> dict[tuple[str, Grade], Instant]:
    last: dict[tuple[str, Grade], Instant] = {}
    for (source, grade, coverage), at in presence.looked.items():
        if coverage.apps is None or apps <= coverage.apps:
            last[source, grade] = max(at, last.get((source, grade), at))
    return last


def verdict_is_the_oracles(world: World, rules: Rules = RULES) -> None:
    expected = [oracle.verdict(phone, world.order, world.sources, world.now) for phone in world.phones]
    block = block_of(world.phones, rules)
    found = reasons(world, block, rules)
    assert found == dict(enumerate(reason for _, reason in expected))
    verdicts = rules.judge(block, lineage_of(world.order), contacts_of(world.sources, rules), world.now)
    for status in {status for status, _ in expected}:
        said = {offset for offset, (other, _) in enumerate(expected) if other == status}
        assert set(verdicts[rules.status(status)]) == said
    assert set(verdicts.flagged) == {o for o, (status, _) in enumerate(expected) if status in {"in_grace", "noncompliant"}}


def verdict_alone_is_the_same(world: World, rules: Rules = RULES) -> None:
    """A block of one, built from that device's own rows."""
    together = reasons(world, block_of(world.phones, rules), rules)
    for offset, phone in enumerate(world.phones):
        assert reasons(world, block_of([phone], rules), rules) == {0: together[offset]}


def timeline_is_the_oracles(world: World, rules: Rules = RULES) -> None:
    entries = rules.timeline(block_of(world.phones, rules), lineage_of(world.order))
    _well_formed(entries)
    for at in INSTANTS:
        expected = {offset for offset, phone in enumerate(world.phones) if oracle.is_denied(phone, world.order, at)}
        assert set(rules.denied_at(entries, at)) == expected, at


def unregistered_is_the_oracles(world: World, rules: Rules = RULES) -> None:
    entries = rules.unregistered(people_of(world.phones), lineage_of(world.order))
    _well_formed(entries)
    owners = {offset: phone.owner for offset, phone in enumerate(world.phones) if phone.owner}
    for at in INSTANTS:
        expected = {o for o, owner in owners.items() if oracle.is_denied_unregistered(owner, world.order, at)}
        assert set(rules.denied_at(entries, at)) == expected, at


def lapse_is_the_oracles(world: World, rules: Rules = RULES) -> None:
    sources = world.sources
    healthy = {
        source: rules.is_healthy(sources.contact.get(source), interval, world.now)
        for source, interval in sources.interval.items()
    }
    block, lineage = block_of(world.phones, rules), lineage_of(world.order)
    found = rules.lapsing(block, lineage, contacts_of(sources, rules), healthy, world.now)
    assert set(found) == {o for o, phone in enumerate(world.phones) if oracle.may_lapse(phone, world.order, sources, world.now)}


def nobody_in_grace_or_exempt_is_denied(world: World, rules: Rules = RULES) -> None:
    """Two functions, one truth: what judging calls not due yet or released, the timeline does not deny."""
    block = block_of(world.phones, rules)
    entries = rules.timeline(block, lineage_of(world.order))
    for now in MOMENTS:
        denied = set(rules.denied_at(entries, now))
        found = reasons(replace(world, now=now), block, rules)
        assert not [o for o in denied if found[o] in {"retired", "exemption", "present-in-grace"}]


def needs_are_enough(world: World, rules: Rules = RULES) -> None:
    """A block loaded with what ``needs`` names is judged and walked like the whole."""
    whole, lineage = block_of(world.phones, rules), lineage_of(world.order)

    def kept(wanted: Wanted) -> Block:
        names, prefixes = wanted
        here = whole.sets.items()
        return Block(0, {name: found for name, found in here if name in names or any(begins(name, one) for one in prefixes)})

    assert reasons(world, kept(needs(lineage)), rules) == reasons(world, whole, rules)
    assert rules.timeline(kept(needs(lineage)), lineage) == rules.timeline(whole, lineage)
    assert rules.timeline(kept(needs_to_deny(lineage)), lineage) == rules.timeline(whole, lineage)


def _well_formed(entries: Timeline) -> None:
    starts = [start for start, _ in entries]
    assert starts == sorted(set(starts))
    listed = [offset for _, devices in entries for offset in devices]
    assert len(listed) == len(set(listed)), "each device stands once"


#: What a changed rule is tried against, the quickest to tell first.
LAWS: tuple[Callable[[World, Rules], None], ...] = (
    presence_is_the_oracles,
    reports_may_come_one_by_one,
    an_owners_word_is_nobodys_sight,
    forgetting_is_never_having_stored,
    concise_is_shorter_and_means_the_same,
    verdict_is_the_oracles,
    timeline_is_the_oracles,
    unregistered_is_the_oracles,
    lapse_is_the_oracles,
)
