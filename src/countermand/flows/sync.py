"""Sync: a source's whole set, fetched page by page and then taken part by part; killed anywhere, it goes on where it stopped.

Nothing of a set is a fact before the set is whole: a source that falls silent half-way, or brings far less than last time, must
not look like a company that deleted an app. A set that is doubtful waits for a person, like every other (flows.ingest).
PRIVACY: pages wait in the form in which they may be kept.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from countermand.access import Act, require
from countermand.config import Config, Holdbacks
from countermand.core.errors import Refused
from countermand.core.instants import MINUTE
from countermand.core.mentions import Mention, from_plain, to_plain
from countermand.flows import connect, ingest
from countermand.flows.files import Progress, silent
from countermand.flows.ingest import PART, Taken
from countermand.lib.http import Unreachable
from countermand.lib.outward import Wait
from countermand.lib.parts import cut
from countermand.sources.source import Page, Source
from countermand.store import connected, held, lease, log, reporters, syncing
from countermand.store.connected import Connected
from countermand.store.syncing import Run, Stage
from countermand.store.unit import aside, unit

#: The kind of held batches whose rows wait in a run.
HELD = "sync"
#: After so long without a page somebody else may go on. Whoever was only slow then hears ``source-busy``.
_LEASE = 2 * MINUTE
#: After a failure a source is asked again no sooner.
AGAIN = 15 * MINUTE

#: Refusals after which a set is begun anew.
_SPOILED = frozenset({"source-denied", "source-strange"})

#: One reading of the clock for each short act of a long sync.
Acting = Callable[[], Act]


@dataclass(frozen=True, slots=True)
class Synced:
    """``devices``: phones in the set; ``passed``: rows that are no phones; ``faults``: rows that could not be read, ``why`` of
    the first of them. ``untaken``: phones and reports that were read and not taken, by why; ``conflicts``: of those, names that
    belong to different devices. ``held``: the number of what waits for a person, and ``doubt``: why."""

    source: str
    devices: int
    passed: int
    faults: int
    why: tuple[str, ...] = ()
    added: int = 0
    moved: int = 0
    surfaced: int = 0
    untaken: Mapping[str, int] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    held: int | None = None
    doubt: Refused | None = None


def sync(
    acting: Acting,
    config: Config,
    name: str,
    *,
    holder: str,
    confirmed: bool = False,
    progress: Progress = silent,
    wait: Wait = time.sleep,
) -> Synced:
    """Bring in the source's whole set, or go on with the one that is on its way. ``confirmed``: a person saw what it is, so that
    its first set is let in; ``holder`` names this process; ``wait``: how it waits when it is told to.

    Refused ``not-found``, ``source-paused``, ``source-waits``, ``source-busy``, ``source-away`` (what came so far is kept), and
    what the source refuses."""
    act = acting()
    require(act.actor, "ingest")
    found = connect.known(name)
    source = _opened(act, config, found, wait)
    run = _begin(act, found, holder)
    try:
        if run.stage is Stage.FETCHING:
            _fetch(acting, source, found, run, holder, progress)
            if waiting := _whole(acting(), found, confirmed=confirmed, hold=config.holdbacks):
                return waiting
        return take_all(acting, found, config.holdbacks, holder, progress)
    except Refused as refused:
        with aside():
            if refused.code in _SPOILED:
                syncing.end(found.pk)  # what it brought cannot be trusted to be of one piece
            connected.tried(found.pk, act.now, refused.sentence)
        raise
    except Unreachable as away:
        with aside():
            connected.tried(found.pk, act.now, f"it cannot be reached: {away}")
        raise Refused("source-away", source=name, why=away) from away
    finally:
        with aside():
            lease.release(_lease(name), holder)


def due(act: Act) -> list[str]:
    """The sources that are to be asked now, or whose set is not in yet, by name."""
    return [one.name for one in connected.every() if _due(one, act)]


def let_in(act: Act, source: str) -> None:
    """Inside a unit: a person lets a waiting set in; ``take_all``, or the worker, takes it. Refused ``not-found``."""
    if not syncing.confirm(connect.known(source).pk):
        raise Refused("not-found", what="set that waits", name=source, nearest="none")


def throw_away(source: str) -> None:
    """Inside a unit: a waiting set is not let in."""
    syncing.end(connect.known(source).pk)


def take_all(acting: Acting, found: Connected, hold: Holdbacks, holder: str, progress: Progress = silent) -> Synced:
    """Take what is whole, part by part, each in a unit of its own, and count it as a contact once all is taken."""
    taken: list[Taken] = []
    run = syncing.of(found.pk)
    if run is None or run.stage is not Stage.TAKING:
        raise Refused("not-found", what="set to take", name=found.name, nearest="none")
    while (part := syncing.next_part(run.pk)) is not None:
        number, mentions = part
        act = acting()
        with unit():
            _keep_lease(found, holder)
            row = reporters.named(found.name, found.kind)
            brought = [from_plain(one) for one in mentions]
            taken.append(ingest.take(act, row, brought, complete=False, may_add=True, confirmed=run.confirmed, hold=hold))
            syncing.taken(run.pk, number, taken[-1].conflicts)
        progress(len(mentions))
    _contacted(acting(), found, run)
    untaken: Counter[str] = Counter()
    for one in taken:
        untaken.update(one.passed)
    conflicts = tuple(conflict for one in taken for conflict in one.conflicts)
    flooded = next((one for one in taken if one.held is not None), None)
    return Synced(
        found.name, run.devices, run.passed, run.faults, tuple(run.why.splitlines()),
        added=sum(one.added for one in taken), moved=sum(one.moved for one in taken), surfaced=sum(one.surfaced for one in taken),
        untaken=dict(untaken), conflicts=conflicts[: syncing.CONFLICTS],
        held=flooded.held if flooded else None, doubt=flooded.doubt if flooded else None,
    )  # fmt: skip


def _opened(act: Act, config: Config, found: Connected, wait: Wait) -> Source:
    try:
        return connect.opened(act, config, found, wait)
    except Refused as refused:
        if found.credential and not act.drill:
            with aside():
                connected.tried(found.pk, act.now, refused.sentence)  # it is seen in the list, and not tried every minute
        raise


def _begin(act: Act, found: Connected, holder: str) -> Run:
    if found.paused_at is not None:
        raise Refused("source-paused", name=found.name)
    with aside():
        if not lease.hold(_lease(found.name), holder, lease.real(), _LEASE):
            raise Refused("source-busy", name=found.name)
        run = syncing.of(found.pk)
        if run is not None and run.stage is Stage.WAITING:
            raise Refused("source-waits", name=found.name)
        if run is None or (run.stage is Stage.FETCHING and act.now - run.began > found.interval):
            run = syncing.begin(found.pk, act.now)
        connected.tried(found.pk, act.now)
        return run


def _fetch(acting: Acting, source: Source, found: Connected, run: Run, holder: str, progress: Progress) -> None:
    """Store every page, with the place where the next one begins, until the last."""
    for page in source.fetch(run.cursor):
        act = acting()
        mentions, passed, wrong = _read(source, page, act)
        kept = [to_plain(one) for one in ingest.fit_to_keep(act, mentions)]
        with aside():
            _keep_lease(found, holder)
            syncing.add(run.pk, cut(kept, PART), page.next, len(kept), passed, wrong)
        progress(len(page.raw))


def _read(source: Source, page: Page, act: Act) -> tuple[list[Mention], int, list[str]]:
    """(the phones of a page, how many rows are none, what is wrong with the rest)."""
    mentions: list[Mention] = []
    passed, wrong = 0, []
    for raw in page.raw:
        try:
            if (mention := source.parse(raw, act.now)) is None:
                passed += 1
            else:
                mentions.append(mention)
        except Refused as refused:
            wrong.append(refused.sentence)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as fault:
            # A row that we stumble over must not keep all others out.
            wrong.append(Refused("device-unreadable", device="", why=f"{type(fault).__name__}: {fault}").sentence)
    return mentions, passed, wrong


def _whole(act: Act, found: Connected, *, confirmed: bool, hold: Holdbacks) -> Synced | None:
    """The set is whole: it is let in, or waits. Then: what waits, and why."""
    with unit():
        run, row = syncing.of(found.pk), reporters.named(found.name, found.kind)
        if run is None:
            raise Refused("source-busy", name=found.name)  # somebody else has come to its end meanwhile
        doubt = None if confirmed else ingest.doubtful_set(row, run.devices, hold)
        syncing.fetched(run.pk, Stage.WAITING if doubt else Stage.TAKING, act.now, confirmed=confirmed)
        if doubt is None:
            return None
        why, counts = doubt
        number = held.hold(HELD, found.name, why, counts, [], act.now)
        log.append("reports-held", act, {"source": found.name, "why": why, "held": number, "devices": run.devices})
    counted = (found.name, run.devices, run.passed, run.faults, tuple(run.why.splitlines()))
    return Synced(*counted, held=number, doubt=Refused(why, **counts))


def _contacted(act: Act, found: Connected, run: Run) -> None:
    """A complete contact, as of when the set was whole."""
    with unit():
        row = reporters.named(found.name, found.kind)
        reporters.contacted(row, act.now if run.fetched is None else run.fetched, run.devices)
        syncing.finish(found.pk)
        log.append("source-contacted", act, {"source": found.name, "devices": run.devices})


def _due(one: Connected, act: Act) -> bool:
    if act.drill or one.paused_at is not None or not one.credential or connect.calls(one.kind) or one.stage == Stage.WAITING:
        return False
    if one.tried_at is None:
        return True
    wait = min(one.interval, AGAIN) if one.fault else MINUTE if one.stage else one.interval
    return act.now - one.tried_at >= wait


def _keep_lease(found: Connected, holder: str) -> None:
    if not lease.hold(_lease(found.name), holder, lease.real(), _LEASE):
        raise Refused("source-busy", name=found.name)


def _lease(name: str) -> str:
    return f"sync:{name}"
