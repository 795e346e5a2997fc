"""Laws of changes and counts: a change is an exclusive-or, and a preview adds up however the fleet is cut."""

from collections import Counter
from dataclasses import fields

import oracle
from fleets import block_of, contacts_of, lineage_of, terms_of
from hypothesis import given
from hypothesis import strategies as st
from oracle import Phone
from pyroaring import BitMap
from strategies import HALF, MOMENTS, World, worlds

from countermand.core import facts
from countermand.core.audience import addressed
from countermand.core.changes import STORED, diff, stored
from countermand.core.directive import Audience
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import HOUR
from countermand.core.preview import Tally, as_if_told, tally
from countermand.core.verdict import Status, judge

SETS = st.dictionaries(st.sampled_from(sorted(STORED)), st.sets(st.integers(0, 40)).map(BitMap))


@HALF
@given(SETS, SETS)
def test_a_change_is_an_exclusive_or_and_nothing_more(before: dict[str, BitMap], after: dict[str, BitMap]) -> None:
    changes = diff(before, after)
    for name in STORED:
        old, new = before.get(name, BitMap()), after.get(name, BitMap())
        assert (name in changes) == (old != new)
        if name in changes:
            change = changes[name]
            assert change.left | change.entered == old ^ new
            assert not change.left & change.entered
            assert (old - change.left) | change.entered == new


@HALF
@given(worlds())
def test_every_device_in_scope_is_stored_under_one_status(world: World) -> None:
    verdicts = judge(block_of(world.phones), lineage_of(world.order), contacts_of(world.sources), world.now)
    kept = stored(verdicts)
    together = BitMap.union(BitMap(), *kept.values())
    assert sum(map(len, kept.values())) == len(together)
    assert together == BitMap(range(len(world.phones))) - verdicts[Status.NOT_APPLICABLE]


def counted(world: World, parts: list[tuple[Phone, ...]]) -> Tally:
    lineage, into = lineage_of(world.order), Tally()
    first = 0
    for part in parts:
        here = block_of(part).sets.items()
        shifted = facts.Block(3, {name: found.shift(first) for name, found in here})  # at their places in the block
        tally(into, shifted, lineage, [lineage], contacts_of(world.sources), world.now)
        first += len(part)
    return into


@HALF
@given(worlds(phones=6), st.integers(0, 6))
def test_a_tally_adds_up_over_any_split(world: World, cut: int) -> None:
    whole = counted(world, [world.phones])
    split = counted(world, [world.phones[:cut], world.phones[cut:]])
    for field in fields(Tally):
        assert getattr(whole, field.name) == getattr(split, field.name), field.name


@HALF
@given(worlds(phones=6))
def test_a_tally_counts_what_the_oracle_says(world: World) -> None:
    found = counted(world, [world.phones])
    verdicts = [oracle.verdict(phone, world.order, world.sources, world.now) for phone in world.phones]
    assert +found.reasons == Counter(reason for _, reason in verdicts)
    flagged = [p for p, (status, _) in zip(world.phones, verdicts, strict=True) if status in {"in_grace", "noncompliant"}]
    assert found.not_deniable == sum(phone.owner is None or not phone.device.mail_identities for phone in flagged)
    reachable = [p for p in world.phones if p.device.mail_identities]
    assert found.denied_now == sum(oracle.is_denied(phone, world.order, world.now) for phone in reachable)
    assert found.denied_by_others == found.denied_now, "the other lineage was the same one"
    assert sum(found.denials_by_hour.values()) == found.net_new + found.denied_now
    scoped = [phone for phone, (status, _) in zip(world.phones, verdicts, strict=True) if status != "not_applicable"]
    assert len(found.addressed) == sum(phone.owner is not None for phone in scoped)
    assert found.nobodys == len(scoped) - len(found.addressed)
    places = [3 * BLOCK_SIZE + place for place, (status, _) in enumerate(verdicts) if status == "compliant"]
    assert found.in_status[Status.COMPLIANT] == BitMap(places)


@HALF
@given(worlds(phones=6, versions=1), st.sampled_from(Audience))
def test_as_if_told_tells_the_audience_once_and_nobody_else(world: World, audience: Audience) -> None:
    version = world.order.versions[0]
    text = terms_of(version).directive
    terms = terms_of(version)
    object.__setattr__(text, "audience", audience)
    block = block_of(world.phones)
    bare = facts.Block(0, {name: found for name, found in block.sets.items() if not name.startswith("told:")})
    told = as_if_told(bare, terms, {"": MOMENTS[0], "Europe/Berlin": MOMENTS[0] + HOUR})
    sets = [found for _, found in told.instants("told:1:")]
    assert BitMap.union(BitMap(), *sets) == addressed(bare, terms)
    assert sum(map(len, sets)) == len(addressed(bare, terms))
    if audience is Audience.AFFECTED:
        affected = [any(oracle.is_present(p.reports, app) for app in version.apps) for p in world.phones]
        assert all(affected[offset] for found in sets for offset in found)
