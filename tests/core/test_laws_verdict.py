"""Laws of the verdict: it is the oracle's, over blocks and over one device, and it moves only where it should."""

from collections import Counter
from dataclasses import replace

import laws
import oracle
from fleets import block_of, contacts_of, lineage_of, reasons
from hypothesis import given
from hypothesis import strategies as st
from oracle import Phone
from strategies import COVERAGES, HALF, INSTANTS, MOMENTS, ORDER, World, drawn, worlds

from countermand.core import facts
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.facts import Block
from countermand.core.instants import DAY, Instant
from countermand.core.timeline import denied_at, timeline
from countermand.core.verdict import STATUS_OF, Reason, Status

#: From best to worst for the owner; what stands alike is neither.
WORSE = {
    Status.NOT_APPLICABLE: 0,
    Status.EXEMPT: 0,
    Status.COMPLIANT: 0,
    Status.UNKNOWN: 1,
    Status.IN_GRACE: 2,
    Status.NONCOMPLIANT: 3,
}


def statuses(world: World) -> dict[int, Status]:
    return {offset: STATUS_OF[Reason(reason)] for offset, reason in reasons(world, block_of(world.phones)).items()}


def with_report(world: World, coverage: Coverage, grade: Grade = Grade.INVENTORY) -> World:
    """The world once the MDM has answered for every phone just now and showed nothing."""
    answer = Report("mdm", world.now + 1, grade, coverage, frozenset())
    return replace(world, phones=tuple(replace(phone, reports=(*phone.reports, answer)) for phone in world.phones))


def denied(world: World) -> dict[Instant, set[int]]:
    """At each instant that can matter, the phones that are denied."""
    entries = timeline(block_of(world.phones), lineage_of(world.order))
    return {at: set(denied_at(entries, at)) for at in INSTANTS}


def test_the_fleets_are_worth_judging() -> None:
    """Every reason occurs, and so do denials and lapses: laws over fleets of nobodies would prove nothing."""
    seen: Counter[str] = Counter()
    for world in map(drawn, range(120)):
        seen.update(oracle.verdict(phone, world.order, world.sources, world.now)[1] for phone in world.phones)
        seen["denied"] += sum(any(oracle.is_denied(p, world.order, at) for at in INSTANTS) for p in world.phones)
        seen["lapse"] += sum(oracle.may_lapse(p, world.order, world.sources, world.now) for p in world.phones)
    assert seen.keys() >= set(Reason)
    assert min(seen.values()) >= 10, seen


@given(worlds())
def test_judging_is_the_oracles_over_a_block_and_over_each_device_alone(world: World) -> None:
    laws.verdict_is_the_oracles(world)
    laws.verdict_alone_is_the_same(world)
    laws.needs_are_enough(world)


@given(worlds())
def test_the_lapsing_are_the_oracles(world: World) -> None:
    laws.lapse_is_the_oracles(world)


@HALF
@given(worlds())
def test_a_later_covering_report_without_the_app_never_worsens_a_verdict(world: World) -> None:
    after = with_report(world, EVERYTHING)
    better, worse = statuses(after), statuses(world)
    assert [offset for offset in worse if WORSE[better[offset]] > WORSE[worse[offset]]] == []
    fewer, more = denied(after), denied(world)
    assert all(fewer[at] <= more[at] for at in INSTANTS)


@HALF
@given(worlds(), st.sampled_from(MOMENTS))
def test_an_added_exemption_never_denies_and_releases_until_its_end(world: World, until: Instant) -> None:
    released = replace(world, phones=tuple(replace(phone, exempt=(*phone.exempt, (ORDER, until))) for phone in world.phones))
    assert denied(released) == {at: found if at >= until else set() for at, found in denied(world).items()}
    before, after = statuses(world), statuses(released)
    for offset, status in after.items():
        held = world.now < until and before[offset] is not Status.NOT_APPLICABLE
        assert status is (Status.EXEMPT if held else before[offset])


@HALF
@given(worlds(), st.sampled_from(COVERAGES))
def test_a_report_that_could_not_have_shown_every_id_makes_nobody_compliant(world: World, coverage: Coverage) -> None:
    named = world.order.versions[-1]
    after, before = statuses(with_report(world, coverage, Grade.PREVENTED)), statuses(world)
    for offset, phone in enumerate(world.phones):
        ids = frozenset(oracle.ids_on(named, phone.device.platform))
        if not coverage.includes(ids) and before[offset] is Status.UNKNOWN:
            assert after[offset] is Status.UNKNOWN
        if coverage.apps is not None and not coverage.apps & ids:
            assert after[offset] is before[offset]


@HALF
@given(worlds())
def test_a_dead_connector_ages_nobody(world: World) -> None:
    """However long a source stays silent, whoever was compliant by it stays so."""
    contact = world.sources.contact
    phones = tuple(replace(p, reports=tuple(r for r in p.reports if r.source in contact)) for p in world.phones)
    today = replace(world, phones=phones)
    later = replace(today, now=world.now + 400 * DAY)
    before, after = reasons(today, block_of(phones)), reasons(later, block_of(phones))
    assert all(after[offset] == "seen-absent" for offset, reason in before.items() if reason == "seen-absent")


@HALF
@given(worlds())
def test_the_hour_sets_that_are_dropped_would_have_been_read_by_nobody(world: World) -> None:
    block, healthy = block_of(world.phones), contacts_of(world.sources).healthy
    kept = {name: found for name, found in block.sets.items() if not facts.hour_is_over(name, world.now, healthy)}
    assert reasons(world, Block(0, kept)) == reasons(world, block)


@HALF
@given(worlds(versions=1), st.integers(0, 5))
def test_a_retired_phone_is_nobodys_business(world: World, which: int) -> None:
    def retired(phone: Phone) -> Phone:
        return replace(phone, device=replace(phone.device, retired=True))

    gone = replace(world, phones=tuple(retired(p) if i == which else p for i, p in enumerate(world.phones)))
    after = reasons(gone, block_of(gone.phones))
    assert {offset: after[offset] for offset in after if offset == which} == (
        {which: "retired"} if which < len(gone.phones) else {}
    )
    assert not any(which in found for found in denied(gone).values())
