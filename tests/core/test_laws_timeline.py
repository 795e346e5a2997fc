"""Laws of the timeline: at every instant it is what judging afresh would say, and nobody is denied who was not told."""

from dataclasses import replace

import laws
from fleets import block_of, lineage_of, people_of
from hypothesis import given
from hypothesis import strategies as st
from oracle import Order, Owner, Phone, is_present
from strategies import HALF, MOMENTS, World, worlds

from countermand.core.directive import Consequence, Force, OnUnknown
from countermand.core.instants import Instant
from countermand.core.timeline import timeline, unregistered


def starts(world: World) -> dict[int, Instant]:
    """Offset → from when that phone is denied."""
    entries = timeline(block_of(world.phones), lineage_of(world.order))
    return {offset: start for start, devices in entries for offset in devices}


def told_alike(world: World, change: "Owner | None") -> World:
    return replace(world, phones=tuple(replace(phone, owner=change) for phone in world.phones))


def is_no_later(first: dict[int, Instant], then: dict[int, Instant]) -> bool:
    """Whoever is denied in ``then`` was denied in ``first``, no later."""
    return all(offset in first and first[offset] <= start for offset, start in then.items())


@given(worlds())
def test_the_timeline_at_t_is_judging_afresh_at_t(world: World) -> None:
    laws.timeline_is_the_oracles(world)


@given(worlds())
def test_unregistered_devices_at_t_are_judged_afresh_at_t(world: World) -> None:
    laws.unregistered_is_the_oracles(world)


@HALF
@given(worlds())
def test_a_device_alone_is_denied_from_the_same_instant(world: World) -> None:
    together = starts(world)
    for offset, phone in enumerate(world.phones):
        assert starts(replace(world, phones=(phone,))).get(0) == together.get(offset)


@HALF
@given(worlds(phones=4))
def test_nobody_in_grace_or_exempt_is_denied(world: World) -> None:
    laws.nobody_in_grace_or_exempt_is_denied(world)


@HALF
@given(worlds())
def test_nobody_is_denied_who_is_protected_or_untold_or_too_early(world: World) -> None:
    for offset, start in starts(world).items():
        owner = world.phones[offset].owner
        assert owner is not None
        assert not owner.protected
        dues = [due for number, due in owner.told if number <= len(world.order.versions)]
        assert start >= max(min(dues), world.order.not_before)
        assert start >= min(world.order.rings_opened)
    people = unregistered(people_of(world.phones), lineage_of(world.order))
    for start, devices in people:
        for owner in (world.phones[offset].owner for offset in devices):
            assert owner is not None
            assert owner.told
            assert not owner.protected
            assert start >= world.order.not_before


@HALF
@given(worlds())
def test_nobody_is_denied_for_what_nobody_saw_unless_every_word_says_so(world: World) -> None:
    now_asked = world.order.versions[-1]
    for offset in starts(world):
        phone = world.phones[offset]
        seen = any(is_present(phone.reports, app) for app in now_asked.apps)
        counted = now_asked.directive.evidence.unknown is OnUnknown.DENY and now_asked.number in phone.lapsed
        assert seen or counted
        assert now_asked.directive.consequence is Consequence.DENY_MAIL
        assert now_asked.directive.applies_to.force[phone.device.ownership] is Force.MANDATORY


@given(worlds(versions=2), worlds(phones=1, versions=1))
def test_a_version_that_nobody_was_told_of_denies_nobody_new_nor_anybody_sooner(world: World, other: World) -> None:
    rollout = world.order.versions[-1].directive.rollout  # rings belong to the lineage; only what is asked changes
    added = other.order.versions[0]
    text = replace(added.directive, rollout=rollout)
    wider = replace(world.order, versions=(*world.order.versions, replace(added, number=99, directive=text)))
    assert is_no_later(starts(world), starts(replace(world, order=wider)))


@HALF
@given(worlds(versions=2), st.sampled_from(MOMENTS))
def test_an_extension_is_safe_from_its_first_write(world: World, due: Instant) -> None:
    extension = replace(world.order.versions[-1], number=99, last_due=due)
    extended = replace(world, order=replace(world.order, versions=(*world.order.versions, extension)))
    lapsed = tuple(replace(p, lapsed=(*p.lapsed, 99)) if world.order.versions[-1].number in p.lapsed else p for p in world.phones)
    after = starts(replace(extended, phones=lapsed))
    assert after == {offset: max(start, due) for offset, start in starts(world).items()}


@HALF
@given(worlds(), st.sampled_from(MOMENTS))
def test_not_before_holds_back_everybody_and_changes_nothing_else(world: World, not_before: Instant) -> None:
    resumed = replace(world.order, not_before=max(not_before, world.order.not_before))
    after = starts(replace(world, order=resumed))
    assert after.keys() == starts(world).keys()
    assert all(start >= not_before for start in after.values())


@HALF
@given(worlds())
def test_a_new_owner_who_was_not_told_is_not_denied_for_the_last_one(world: World) -> None:
    owners = [phone.owner for phone in world.phones if phone.owner]
    assert starts(told_alike(world, None)) == {}
    if owners:
        assert starts(told_alike(world, replace(owners[0], told=()))) == {}


@HALF
@given(worlds(), st.sampled_from(["US", "DE", ""]))
def test_moving_house_never_moves_a_denial_earlier(world: World, country: str) -> None:
    def moved(phone: Phone) -> Phone:
        owner = phone.owner
        return replace(phone, owner=owner and replace(owner, person=replace(owner.person, zone="Europe/Berlin", country=country)))

    before, after = starts(world), starts(replace(world, phones=tuple(map(moved, world.phones))))
    dues = {offset: {due for _, due in owner.told} for offset, p in enumerate(world.phones) if (owner := p.owner)}
    for offset, start in after.items():
        assert start >= max(min(dues[offset]), before.get(offset, 0) if _everywhere(world.order) else 0)


def _everywhere(order: Order) -> bool:
    return not any(version.directive.applies_to.people.countries for version in order.versions)


@HALF
@given(worlds())
def test_every_entry_begins_when_something_was_said_to_begin(world: World) -> None:
    """No instant is invented: a denial starts at a due, an opening, an end or a not-before."""
    said = {*MOMENTS, *world.order.rings_opened, world.order.not_before}
    assert set(starts(world).values()) <= said
