"""How things stand: every directive, what gates have heard, what waits for a person, the ledger's end. Changes nothing.

Devices are judged afresh from their sets; the verdicts stored at the last walk are never shown.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from countermand.core import lifecycle, schedule, schema
from countermand.core.handover import in_force
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.core.notices import ring_of
from countermand.core.report import DENIED, PARTS, Count, count, wanted
from countermand.core.schedule import Phase
from countermand.core.terms import Lineage
from countermand.ledger.entry import decode
from countermand.store import directives, feed, hearing, held, installation, receipts, sets, sightings, tellings, terms, tree
from countermand.store.directives import VersionRow
from countermand.store.feed import DenialsShown
from countermand.store.health import health
from countermand.store.held import HeldRow
from countermand.store.unit import reading

_TAIL = 5
#: One phone may be shared by two; an id that more people have is somebody's trick, or a client that gives one to everybody.
_MANY_PEOPLE = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """One directive by the version in force, or else by its newest; ``newest``: the state of a later version that waits.

    ``promised`` and ``told`` count people, ``open``: promises of notices and ``in_flight``: those just claimed; ``devices`` by
    status, empty unless issued; ``denied`` now and recognisable; ``next_due``: the next one that anybody was told, or else
    the first on earth; ``receipts``: the number of the last hand-over; ``speaks_to``: whom notices may leave for by now:
    ``first-look`` (those who wrote or approved it), ``ring 1 of 3``, ``everybody``; '' unless issued.
    """

    directive: str
    title: str
    version: int
    state: State
    newest: State | None
    phase: Phase | None
    halted: bool
    ended_at: Instant | None
    ground: str
    promised: int
    told: int
    open: int
    in_flight: int
    devices: Mapping[str, int]
    denied: int
    next_due: Instant | None
    receipts: int
    speaks_to: str


@dataclass(frozen=True, slots=True)
class GateStanding:
    """``behind``: records of the feed it has not heard; None if it holds another epoch. ``silent``: since when, in ms.
    ``denials``: how often it has answered no since it started, for whatever order; ``shown``: of the directives that are looked
    at, whom it denied mail lately, as it last said; ``version``: of its software, '' if it is too old to say."""

    name: str
    epoch: int
    n: int
    behind: int | None
    heard: Instant
    silent: int
    stopped: bool
    denials: int
    version: str
    shown: Mapping[str, DenialsShown]


@dataclass(frozen=True, slots=True)
class TailEntry:
    """``leaf`` None: not sealed yet."""

    leaf: int | None
    at: Instant
    actor: str
    kind: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Overview:
    """``unpublished``: something waits for the publisher; ``sealed``: entries under the last checkpoint; ``running_out``: keys
    and certificates that hold for less than 30 days, with their days; ``shared``: names of devices that three people or more
    asked for mail with, which are copied or made up."""

    at: Instant
    drill: bool
    directives: tuple[Standing, ...]
    epoch: int
    published: int
    unpublished: bool
    gates: tuple[GateStanding, ...]
    held: tuple[HeldRow, ...]
    sealed: int
    unsealed: int
    tail: tuple[TailEntry, ...] = field(default=())
    running_out: Mapping[str, float] = field(default_factory=dict)
    shared: int = 0


def status(name: str | None, now: Instant, *, tail: bool = False) -> Overview:
    """One directive, or all of them. ``tail``: with the ledger's last entries, for whoever may audit. Refused ``not-found``."""
    with reading():
        house = installation.load()
        epoch = house.epoch if house else 0
        published = feed.last(epoch).n
        checkpoint = tree.last()
        names = directives.names() if name is None else [directives.known(name).id]
        counted = _counted([found for one in names if (found := terms.lineage(one)) is not None], now)
        return Overview(
            at=now,
            drill=bool(house and house.drill),
            directives=tuple(_standing(one, counted.get(one), now) for one in names),
            epoch=epoch,
            published=published,
            unpublished=feed.any_marks(),
            gates=tuple(_gate(gate, epoch, published, names, now) for gate in feed.gates()),
            held=tuple(held.waiting()),
            sealed=checkpoint.size if checkpoint else 0,
            unsealed=tree.unsealed_count(),
            tail=tuple(_entry(row) for row in tree.newest(None, _TAIL)) if tail else (),
            shared=sightings.shared_names(_MANY_PEOPLE),
        )


def _counted(lineages: list[Lineage], now: Instant) -> dict[str, Count]:
    """Every block is read once, whatever the number of directives."""
    found = {lineage.id: Count() for lineage in lineages}
    contacts = health(now).contacts
    asked = [wanted(lineage, ()) for lineage in lineages]
    names = frozenset[str]().union(*(exact for exact, _ in asked))
    prefixes = frozenset[str]().union(*(longer for _, longer in asked))
    for number in sets.blocks(sets.DEVICES) if lineages else ():
        block = sets.load(sets.DEVICES, number, names, prefixes)
        for lineage in lineages:
            count(found[lineage.id], block, lineage, contacts, now, ())
    return found


def _standing(name: str, counted: Count | None, now: Instant) -> Standing:
    row = directives.known(name)
    versions = directives.versions(name)
    version = next((one for one in reversed(versions) if one.issued_at is not None), versions[-1])
    directive = schema.read(version.document)
    lineage = terms.lineage(name)
    notices = hearing.count(name)
    hits = lineage is not None and lineage.current.directive.denies and in_force(lineage, now)
    return Standing(
        directive=name,
        title=directive.title,
        version=version.number,
        state=version.state,
        newest=versions[-1].state if versions[-1] != version and not lifecycle.final(versions[-1].state) else None,
        phase=schedule.phase(directive, version.state, version.issued_at or 0, now),
        halted=row.halted_at is not None,
        ended_at=row.ended_at,
        ground=row.ground,
        promised=len(directives.promised(version.pk)),
        told=tellings.told(version.pk),
        open=notices.waiting,
        in_flight=notices.in_flight,
        devices={part: counted.total[part] for part in PARTS} if counted else {},
        denied=counted.total[DENIED] if counted and hits else 0,
        next_due=_next_due(version, now),
        receipts=receipts.last(name),
        speaks_to=_speaks_to(version, len(directive.rollout.rings)),
    )


def _speaks_to(version: VersionRow, rings: int) -> str:
    if version.state is not State.ISSUED:
        return ""
    ring = ring_of(version.opening)
    if ring < 0 and version.first_look:
        return "first-look"
    ring = max(ring, 0)
    return "everybody" if ring >= rings - 1 else f"ring {ring + 1} of {rings}"


def _next_due(version: VersionRow, now: Instant) -> Instant | None:
    if version.state is not State.ISSUED:
        return None
    told = tellings.next_due(version.pk, now)
    first = schedule.earliest_due(schema.read(version.document), version.issued_at or 0)
    return told if told is not None or first is None or first <= now else first


def _gate(gate: feed.Gate, epoch: int, published: int, names: Collection[str], now: Instant) -> GateStanding:
    behind = max(published - gate.n, 0) if gate.epoch == epoch else None
    denials = sum(times for outcome, times in gate.decisions.items() if outcome.startswith("deny/"))
    return GateStanding(
        name=gate.name,
        epoch=gate.epoch,
        n=gate.n,
        behind=behind,
        heard=gate.heard,
        silent=max(now - gate.at, 0),
        stopped=gate.stopped,
        denials=denials,
        version=gate.version,
        shown={name: gate.shown[name] for name in names if name in gate.shown},
    )


def _entry(row: tree.Row) -> TailEntry:
    entry = decode(row.entry)
    return TailEntry(row.leaf, entry.at, entry.actor, entry.kind, entry.about)
