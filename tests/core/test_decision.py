"""The decision's laws: denied only by a lineage that is live, in time, and heard of; deny overrides; doubt allows."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from countermand.core.decision import (
    GRACE,
    HANGS,
    Asked,
    Clocks,
    Decision,
    Reason,
    Standing,
    anyone,
    begins,
    coming,
    cutoff,
    decide,
    denying,
    lull,
    merged,
    reaching,
    turns,
)
from countermand.core.directive import OnUnknown
from countermand.core.facts import BLOCK_SIZE

NAMES = ("a", "b", "c")
times = st.integers(0, 4 * GRACE)
ordinals = st.sampled_from([0, 1, 7, BLOCK_SIZE, BLOCK_SIZE + 1])


@st.composite
def standings(draw: st.DrawFn, name: str) -> Standing:
    return Standing(
        id=name,
        live=draw(st.booleans()),
        halted=draw(st.booleans()),
        not_before=draw(times),
        sunset=draw(st.none() | times),
        max_staleness=draw(times),
        on_stale=draw(st.sampled_from(OnUnknown)),
    )


#: lineage → ordinal → from
Starts = dict[str, dict[int, int]]
starts = st.dictionaries(st.sampled_from(NAMES), st.dictionaries(ordinals, times, max_size=4), max_size=3)
worlds = st.tuples(*(standings(name) for name in NAMES))
clocks = st.builds(lambda heard, own, ran: Clocks(own, heard + ran, heard), times, times, times)
asks = st.builds(
    Asked,
    proven=st.booleans(),
    protected=st.booleans(),
    named=st.booleans(),
    devices=st.lists(ordinals, max_size=2).map(tuple),
    person=st.none() | ordinals,
)


def tables(found: Starts) -> dict[str, dict[int, list[tuple[int, BitMap]]]]:
    """The same in the form that a gate holds."""
    made: dict[str, dict[int, dict[int, BitMap]]] = {}
    for name, of in found.items():
        for ordinal, start in of.items():
            block, offset = divmod(ordinal, BLOCK_SIZE)
            made.setdefault(name, {}).setdefault(block, {}).setdefault(start, BitMap()).add(offset)
    return {name: {block: sorted(entries.items()) for block, entries in blocks.items()} for name, blocks in made.items()}


def naive(asked: Asked, world: tuple[Standing, ...], denied: Starts, unregistered: Starts, now: Clocks) -> Decision:
    """The rules once more, each as one sentence, device by device."""

    def holds(row: Standing, table: Starts, ordinal: int) -> bool:
        start = table.get(row.id, {}).get(ordinal)
        if start is None or not row.live or row.halted:
            return False
        if row.sunset is not None and (now.own >= row.sunset or now.anchored >= row.sunset):
            return False
        begins = max(start, row.not_before)
        stale = now.own > now.heard + row.max_staleness or now.anchored > now.heard + row.max_staleness
        if stale and row.on_stale is OnUnknown.ALLOW:
            return False
        reached = [now.own, now.anchored, now.heard if stale else now.heard + GRACE]
        return all(begins <= limit for limit in reached)

    if asked.protected:
        return Decision(True, Reason.PROTECTED)
    if not asked.proven:
        return Decision(True, Reason.NOT_PROVEN)
    if not asked.named:
        return Decision(True, Reason.NO_DEVICE_ID)
    if asked.devices:
        found = {row.id for row in world for ordinal in asked.devices if holds(row, denied, ordinal)}
        reason = Reason.DENIED if found else Reason.NOT_DENIED
        return Decision(not found, reason, tuple(sorted(found)))
    found = {row.id for row in world if asked.person is not None and holds(row, unregistered, asked.person)}
    return Decision(not found, Reason.UNREGISTERED_DENIED if found else Reason.UNREGISTERED, tuple(sorted(found)))


@given(asks, worlds, starts, starts, clocks)
def test_it_is_the_rules_as_written(
    asked: Asked, world: tuple[Standing, ...], denied: Starts, unregistered: Starts, now: Clocks
) -> None:
    found = decide(asked, world, tables(denied), tables(unregistered), now)
    expected = naive(asked, world, denied, unregistered, now)
    assert found._replace(because=tuple(sorted(found.because))) == expected


CHANGES: dict[str, Callable[[Standing], Standing]] = {
    "halted": lambda row: replace(row, halted=True),
    "ended": lambda row: replace(row, live=False),
    "extended": lambda row: replace(row, not_before=row.not_before + GRACE),
    "sunset now": lambda row: replace(row, sunset=0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
@given(asks, worlds, starts, clocks)
def test_a_way_back_never_denies(
    change: Callable[[Standing], Standing], asked: Asked, world: tuple[Standing, ...], denied: Starts, now: Clocks
) -> None:
    after = decide(asked, tuple(change(row) for row in world), tables(denied), {}, now)
    assert after.allow or not decide(asked, world, tables(denied), {}, now).allow


@given(asks, worlds, starts, clocks)
def test_deny_overrides(asked: Asked, world: tuple[Standing, ...], denied: Starts, now: Clocks) -> None:
    together = decide(asked, world, tables(denied), {}, now)
    apart = [decide(asked, (row,), tables(denied), {}, now) for row in world]
    assert together.allow == all(found.allow for found in apart)


@given(worlds, starts, clocks, times)
def test_a_gate_that_is_cut_off_starts_nothing_later_than_five_minutes_on(
    world: tuple[Standing, ...], denied: Starts, now: Clocks, longer: int
) -> None:
    """INVARIANT 11: whatever is denied however much later began by the last heartbeat plus five minutes."""
    much_later = Clocks(now.own + longer, now.anchored + longer, now.heard)
    for row in world:
        reach = cutoff(row, much_later)
        assert reach is None or reach <= now.heard + GRACE


@given(worlds, clocks, st.integers(1, GRACE))
def test_neither_clock_alone_can_start_a_denial(world: tuple[Standing, ...], now: Clocks, fast: int) -> None:
    for row in world:
        for skewed in (now._replace(own=now.own + fast), now._replace(anchored=now.anchored + fast)):
            assert (cutoff(row, skewed) or 0) <= max(now.own, now.anchored) if cutoff(row, skewed) else True
            assert (cutoff(row, skewed) or 0) <= min(skewed.own, skewed.anchored)


@given(asks, worlds, starts, starts, clocks, times, times)
def test_nothing_changes_by_itself_within_a_lull(
    asked: Asked, world: tuple[Standing, ...], denied: Starts, unregistered: Starts, now: Clocks, own: int, anchored: int
) -> None:
    """What was prepared once answers for as long as it says, whichever way either clock goes."""
    found = (tables(denied), tables(unregistered))
    calm = lull(turns(world, found, now.heard), now)
    assert calm.holds(now)
    for then in (Clocks(own, anchored, now.heard), now._replace(own=own), now._replace(anchored=anchored)):
        if calm.holds(then):
            assert decide(asked, world, *found, then) == decide(asked, world, *found, now)
    assert not calm.holds(now._replace(heard=now.heard + 1))


@given(worlds, starts, clocks)
def test_a_lull_is_as_long_as_it_can_be_seen_to_be(world: tuple[Standing, ...], denied: Starts, now: Clocks) -> None:
    """Where nothing begins or ends there is no need to look again."""
    quiet = tuple(replace(row, not_before=0, sunset=None, max_staleness=GRACE * 10) for row in world)
    calm = lull(turns(quiet, ({},), now.heard), now)
    assert calm.holds(Clocks(0, now.heard + GRACE * 10, now.heard))
    assert all(start in turns(world, (tables(denied),), 0) for of in denied.values() for start in of.values())


@given(worlds, starts, clocks, ordinals)
def test_whom_anyone_denies_is_whom_somebody_denies(
    world: tuple[Standing, ...], denied: Starts, now: Clocks, ordinal: int
) -> None:
    prepared, soon = reaching(world, tables(denied), now), coming(world, tables(denied), now)
    marked = ordinal % BLOCK_SIZE in anyone(prepared, soon).get(ordinal // BLOCK_SIZE, BitMap())
    assert marked == (denying(prepared, ordinal) != () or begins(soon, ordinal) is not None)


@given(worlds, starts, times, ordinals)
def test_a_beginning_that_is_foreseen_comes_then_and_none_before(
    world: tuple[Standing, ...], denied: Starts, now: int, ordinal: int
) -> None:
    """While the control plane is heard and says nothing new."""
    table = tables(denied)
    begin = begins(coming(world, table, Clocks(now, now, now)), ordinal)

    def at(time: int) -> set[str]:
        return set(denying(reaching(world, table, Clocks(time, time, time)), ordinal))

    last = now + HANGS if begin is None else begin - 1
    instants = {one + more for one in turns(world, (table,), now) for more in (-1, 0)} | {last}
    assert all(at(time) <= at(now) for time in instants if now < time <= last)
    if begin is not None:
        assert at(begin) - at(now)


@given(starts, times, times)
def test_merging_what_has_begun_changes_nothing_from_then_on(found: Starts, now: int, later: int) -> None:
    for blocks in tables(found).values():
        for entries in blocks.values():
            kept = merged(entries, now)
            assert sum(start <= now for start, _ in kept) <= 1
            for at in (now, now + later):
                assert _begun(kept, at) == _begun(entries, at)
            for at in range(0, now, max(1, now // 5)):
                assert _begun(kept, at) <= _begun(entries, at), "never earlier than before"


def _begun(entries: list[tuple[int, BitMap]], at: int) -> BitMap:
    return BitMap.union(BitMap(), *(found for start, found in entries if start <= at))


@pytest.mark.parametrize(
    ("own", "anchored", "reach"),
    [(100, 100, 100), (90, 100, 90), (100, 90, 90), (GRACE * 3, GRACE * 3, 50 + GRACE)],
)
def test_beginnings_use_the_earlier_clock_and_at_most_the_grace(own: int, anchored: int, reach: int) -> None:
    row = Standing("a", True, False, 0, None, GRACE * 10, OnUnknown.ALLOW)
    assert cutoff(row, Clocks(own, anchored, 50)) == reach
