"""Ingest: what a source reported becomes presence and looks, is judged, and is committed: one report in one transaction, a
batch block by block, in short ones.

Reports of one source go through here one at a time (a webhook) or as a set (a sync). A flood, an empty set or a first
sync waits for a person (DESIGN §5, hold-backs); what waits is stored narrowed, like everything else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core import holdback
from countermand.core.devices import Ownership
from countermand.core.errors import Refused
from countermand.core.facts import BLOCK_SIZE
from countermand.core.mentions import Mention, to_plain
from countermand.flows import taking
from countermand.flows.taking import Plan
from countermand.lib.parts import cut
from countermand.sources.kinds import voice_of
from countermand.store import claims, fleet, foresight, held, log, reporters, watching
from countermand.store.reporters import INTERVAL, SourceRow
from countermand.store.unit import unit

#: The kind of held batches that ``release`` gives back to ``ingest``.
HELD = "reports"
#: Mentions that one unit takes: well within the 200 ms that a transaction may last.
PART = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch, in devices but for ``reports``. ``held``: the held batch's number, None if nothing waits;
    ``doubt``: why it waits; ``notices``: how many may leave again, if it was a restore that held them; ``conflicts``: names that
    belong to different devices, in words."""

    devices: int
    reports: int
    added: int
    moved: int
    surfaced: int
    passed: Mapping[str, int]
    held: int | None = None
    doubt: Refused | None = None
    notices: int = 0
    conflicts: tuple[str, ...] = ()


def ingest(
    act: Act,
    source: str,
    mentions: Sequence[Mention],
    *,
    kind: str = "",
    complete: bool = False,
    may_add: bool = False,
    confirmed: bool = False,
    interval: int = INTERVAL,
    hold: Holdbacks = Holdbacks(),  # noqa: B008  # frozen
) -> Taken:
    """Take these mentions from ``source``. ``complete``: they are all its devices, heard in one healthy contact;
    ``confirmed``: a person saw the counts, so nothing is held back. Refused ``not-allowed``."""
    require(act.actor, "ingest")
    with foresight.whose({identity for one in mentions for identity in one.identities}):
        row = reporters.find(source)
        parts = list(_parts(mentions, may_add))
    if row is None or (complete and not confirmed):
        with unit():
            row = reporters.named(source, kind or source, interval)
            if complete and not confirmed and (why := doubtful_set(row, len(mentions), hold)):
                return _hold_all(act, row, mentions, *why)
    taken = [_take_part(act, row, part, where, may_add, confirmed, hold) for where, part in parts]
    found = _together(taken)
    if complete and found.held is None:
        with unit():
            reporters.contacted(row, act.now, found.devices)
            log.append("source-contacted", act, {"source": source, "devices": found.devices})
    return found


@dataclass(frozen=True, slots=True)
class Where:
    """What some mentions were about when somebody looked: the blocks that taking them writes, None if it may be any; and the
    devices."""

    blocks: list[int] | None = None
    devices: frozenset[int] = frozenset()


def _parts(mentions: Sequence[Mention], may_add: bool) -> Iterator[tuple[Where, Sequence[Mention]]]:
    """A batch block by block, in short parts, each with what it is about."""
    found = fleet.find({identity for one in mentions for identity in one.identities})
    blocks: dict[int | None, list[Mention]] = {}
    for mention in mentions:
        named = {found[one] for one in mention.identities if one in found}
        block = named.pop() // BLOCK_SIZE if len(named) == 1 and not may_add else None
        blocks.setdefault(block, []).append(mention)
    for block in sorted(blocks, key=lambda number: (number is None, number)):
        for part in cut(blocks[block], PART):
            devices = frozenset(found[one] for mention in part for one in mention.identities if one in found)
            yield Where(None if block is None else [block], devices), part


def where(mention: Mention) -> Where:
    """What one mention is about."""
    ((found, _),) = _parts([mention], may_add=False)
    return found


def _take_part(
    act: Act,
    source: SourceRow,
    part: Sequence[Mention],
    where: Where,
    may_add: bool,
    confirmed: bool,
    hold: Holdbacks,
) -> Taken:
    early = foresight.about(*where.devices, now=act.now) if len(where.devices) == 1 else nullcontext()
    try:
        with early, unit(where.blocks):
            return take(act, source, part, complete=False, may_add=may_add, confirmed=confirmed, hold=hold, where=where)
    except Elsewhere:
        with unit():
            return take(act, source, part, complete=False, may_add=may_add, confirmed=confirmed, hold=hold)


class Elsewhere(Exception):
    """A device is not in the block in which its names were just now: it was replaced meanwhile."""


def _together(parts: Sequence[Taken]) -> Taken:
    """What became of a batch that was taken in parts; the first of its held batches stands for all."""
    passed: Counter[str] = Counter()
    for one in parts:
        passed.update(one.passed)
    waiting = next((one for one in parts if one.held is not None), None)
    return Taken(
        devices=sum(one.devices for one in parts),
        reports=sum(one.reports for one in parts),
        added=sum(one.added for one in parts),
        moved=sum(one.moved for one in parts),
        surfaced=sum(one.surfaced for one in parts),
        passed=dict(passed),
        held=waiting.held if waiting else None,
        doubt=waiting.doubt if waiting else None,
        conflicts=tuple(conflict for one in parts for conflict in one.conflicts),
    )


def take(
    act: Act,
    source: SourceRow,
    mentions: Sequence[Mention],
    *,
    complete: bool,
    may_add: bool,
    confirmed: bool,
    hold: Holdbacks,
    where: Where = Where(),  # frozen
) -> Taken:
    """The same inside the caller's unit, for flows that do more than this. ``where``: the blocks that the unit may write."""
    number = doubt = None
    if complete and not confirmed and (why := doubtful_set(source, len(mentions), hold)):
        return _hold_all(act, source, mentions, *why)
    voice = voice_of(source.kind)
    drawn = taking.plan(act, source.name, mentions, may_add=may_add, voice=voice, expected=where.devices)
    written = drawn.devices | drawn.joined.keys()
    if where.blocks is not None and not {ordinal // BLOCK_SIZE for ordinal in written} <= set(where.blocks):
        raise Elsewhere
    if not confirmed and (flooding := _flood(act, source, drawn, hold)):
        drawn, number = _hold_flood(act, source, mentions, drawn, flooding, may_add)
        doubt = Refused("flood", **flooding)
    moved = taking.apply(act, source.name, drawn)
    reporters.count(source, act.now, 0 if confirmed else sum(drawn.surfaced.values()), drawn.reports)
    if drawn.conflicts:
        reporters.conflicting(source, drawn.conflicts)
    if complete and number is None:
        reporters.contacted(source, act.now, len(drawn.devices))
    taken = _taken(drawn, moved, number, doubt)
    _record(act, source.name, taken, moved, drawn)
    return taken


def _taken(drawn: Plan, moved: frozenset[int], number: int | None, doubt: Refused | None) -> Taken:
    surfaced = sum(drawn.surfaced.values())
    counted = (len(drawn.devices), drawn.reports, drawn.added, len(moved), surfaced, dict(drawn.passed))
    return Taken(*counted, number, doubt, conflicts=tuple(drawn.conflicts))


def doubtful_set(source: SourceRow, count: int, hold: Holdbacks) -> tuple[str, dict[str, Any]] | None:
    """Why a complete set of so many devices waits for a person, with its counts; None if it does not."""
    if holdback.set_is_small(count, source.last_count, hold.set_floor):
        return "set-small", {"source": source.name, "count": count, "last": source.last_count}
    if not source.released_once:
        return "first-sync", {"source": source.name, "count": count}
    return None


def _flood(act: Act, source: SourceRow, drawn: Plan, hold: Holdbacks) -> dict[str, Any] | None:
    new = sum(drawn.surfaced.values())
    if not new:
        return None
    reporters.alone(source)
    this_hour, busiest = reporters.surfaced(source, act.now)
    limit = holdback.flood_limit(busiest, hold.presence_floor, hold.presence_factor)
    if this_hour + new <= limit:
        return None
    return {"source": source.name, "count": this_hour + new, "limit": limit}


def _hold_all(act: Act, source: SourceRow, mentions: Sequence[Mention], why: str, counts: dict[str, Any]) -> Taken:
    number = held.hold(HELD, source.name, why, counts, [to_plain(one) for one in fit_to_keep(act, mentions)], act.now)
    log.append("reports-held", act, {"source": source.name, "why": why, "held": number, "devices": len(mentions)})
    return Taken(0, 0, 0, 0, 0, {}, number, Refused(why, **counts))


def _hold_flood(
    act: Act, source: SourceRow, mentions: Sequence[Mention], drawn: Plan, counts: dict[str, Any], may_add: bool
) -> tuple[Plan, int]:
    """Hold the reports of the devices on which watched apps would newly appear; take everything else now. Of a device that turned
    out to be another all is held: joined, what the one showed would appear on the other."""
    flooding = [mention for ordinal, mention in drawn.placed if ordinal in drawn.surfaced]
    number = held.hold(HELD, source.name, "flood", counts, [to_plain(one) for one in fit_to_keep(act, flooding)], act.now)
    log.append("reports-held", act, {"source": source.name, "why": "flood", "held": number, "devices": len(drawn.surfaced)})
    loud, joined = {id(mention) for mention in flooding}, set(drawn.joined.values())
    joining = {id(mention) for ordinal, mention in drawn.placed if ordinal in drawn.surfaced and ordinal in joined}
    kept = [mention for mention in mentions if id(mention) not in joining]
    quiet = [replace(mention, reports=()) if id(mention) in loud else mention for mention in kept]
    return taking.plan(act, source.name, quiet, may_add=may_add, voice=voice_of(source.kind)), number


def fit_to_keep(act: Act, mentions: Sequence[Mention]) -> list[Mention]:
    """These mentions as they may wait. PRIVACY: what waits is stored too.
    Only of devices that nobody says to be anything but the company's may a whole list wait."""
    found = fleet.find({identity for one in mentions for identity in one.identities})
    known = claims.load_with_rows(set(found.values()))
    watched = watching.watch_list(act.now)
    kept = []
    for mention in mentions:
        devices = {found[one] for one in mention.identities if one in found}
        whose = {mention.ownership} if mention.ownership else {known.rows[device].ownership for device in devices}
        whose |= {
            Ownership(one.said["ownership"][0])
            for each in devices
            for one in known.said.get(each, {}).values()
            if "ownership" in one.said
        }
        whole = whose == {taking.WHOLE}
        reports = mention.reports if whole else tuple(taking.narrowed(one, watched) for one in mention.reports)
        kept.append(replace(mention, reports=reports))
    return kept


def _record(act: Act, source: str, taken: Taken, moved: frozenset[int], drawn: Plan) -> None:
    about = {
        "source": source,
        "devices": taken.devices,
        "reports": taken.reports,
        "added": taken.added,
        "moved": taken.moved,
        "surfaced": taken.surfaced,
        "passed": dict(taken.passed),
    }
    changed = [ordinal for ordinal in moved if ordinal in drawn.presence and _apps_changed(drawn, ordinal)]
    log.append("reports", act, about, [f"device:{ordinal}" for ordinal in sorted(changed)])


def _apps_changed(drawn: Plan, ordinal: int) -> bool:
    before, after = drawn.presence[ordinal]
    return before.apps != after.apps
