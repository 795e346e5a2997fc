"""Ingest: what a source reported becomes presence and looks, is judged, and is committed, in one transaction.

Reports of one source go through here one at a time (a webhook) or as a set (a sync). A flood, an empty set or a first
sync waits for a person (DESIGN §5, hold-backs); what waits is stored narrowed, like everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core import holdback
from countermand.core.errors import Refused
from countermand.core.mentions import Mention, to_plain
from countermand.flows import taking
from countermand.flows.taking import Plan
from countermand.store import fleet, held, log, reporters, watching
from countermand.store.reporters import INTERVAL, SourceRow
from countermand.store.unit import unit

#: The kind of held batches that ``release`` gives back to ``ingest``.
HELD = "reports"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch, in devices but for ``reports``. ``held``: the held batch's number, None if nothing waits;
    ``doubt``: why it waits; ``notices``: how many may leave again, if it was a restore that held them."""

    devices: int
    reports: int
    added: int
    moved: int
    surfaced: int
    passed: Mapping[str, int]
    held: int | None = None
    doubt: Refused | None = None
    notices: int = 0


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
    with unit():
        return take(act, reporters.named(source, kind or source, interval), mentions,
                    complete=complete, may_add=may_add, confirmed=confirmed, hold=hold)  # fmt: skip


def take(
    act: Act,
    source: SourceRow,
    mentions: Sequence[Mention],
    *,
    complete: bool,
    may_add: bool,
    confirmed: bool,
    hold: Holdbacks,
) -> Taken:
    """The same inside the caller's unit, for flows that do more than this."""
    number = doubt = None
    if complete and not confirmed and (why := _doubtful_set(source, mentions, hold)):
        return _hold_all(act, source, mentions, *why)
    drawn = taking.plan(act, source.name, mentions, may_add=may_add)
    if not confirmed and (flooding := _flood(act, source, drawn, hold)):
        drawn, number = _hold_flood(act, source, mentions, drawn, flooding, may_add)
        doubt = Refused("flood", **flooding)
    moved = taking.apply(act, source.name, drawn)
    reporters.count(source, act.now, 0 if confirmed else sum(drawn.surfaced.values()), drawn.reports)
    if complete and number is None:
        reporters.contacted(source, act.now, len(drawn.devices))
    taken = _taken(drawn, moved, number, doubt)
    _record(act, source.name, taken, moved, drawn)
    return taken


def _taken(drawn: Plan, moved: frozenset[int], number: int | None, doubt: Refused | None) -> Taken:
    surfaced = sum(drawn.surfaced.values())
    return Taken(len(drawn.devices), drawn.reports, drawn.added, len(moved), surfaced, dict(drawn.passed), number, doubt)


def _doubtful_set(source: SourceRow, mentions: Sequence[Mention], hold: Holdbacks) -> tuple[str, dict[str, Any]] | None:
    count = len(mentions)
    if holdback.set_is_small(count, source.last_count, hold.set_floor):
        return "set-small", {"source": source.name, "count": count, "last": source.last_count}
    if not source.released_once:
        return "first-sync", {"source": source.name, "count": count}
    return None


def _flood(act: Act, source: SourceRow, drawn: Plan, hold: Holdbacks) -> dict[str, Any] | None:
    new = sum(drawn.surfaced.values())
    if not new:
        return None
    this_hour, busiest = reporters.surfaced(source, act.now)
    limit = holdback.flood_limit(busiest, hold.presence_floor, hold.presence_factor)
    if this_hour + new <= limit:
        return None
    return {"source": source.name, "count": this_hour + new, "limit": limit}


def _hold_all(act: Act, source: SourceRow, mentions: Sequence[Mention], why: str, counts: dict[str, Any]) -> Taken:
    number = held.hold(HELD, source.name, why, counts, [to_plain(one) for one in _fit_to_keep(act, mentions)], act.now)
    log.append("reports-held", act, {"source": source.name, "why": why, "held": number, "devices": len(mentions)})
    return Taken(0, 0, 0, 0, 0, {}, number, Refused(why, **counts))


def _hold_flood(
    act: Act, source: SourceRow, mentions: Sequence[Mention], drawn: Plan, counts: dict[str, Any], may_add: bool
) -> tuple[Plan, int]:
    """Hold the reports of the devices on which watched apps would newly appear; take everything else now."""
    flooding = [mention for ordinal, mention in drawn.placed if ordinal in drawn.surfaced]
    number = held.hold(HELD, source.name, "flood", counts, [to_plain(one) for one in _fit_to_keep(act, flooding)], act.now)
    log.append("reports-held", act, {"source": source.name, "why": "flood", "held": number, "devices": len(drawn.surfaced)})
    loud = {id(mention) for mention in flooding}
    quiet = [replace(mention, reports=()) if id(mention) in loud else mention for mention in mentions]
    return taking.plan(act, source.name, quiet, may_add=may_add), number


def _fit_to_keep(act: Act, mentions: Sequence[Mention]) -> list[Mention]:
    """PRIVACY: what waits is stored too. Only of devices known to be the company's may a whole list wait."""
    found = fleet.find({identity for one in mentions for identity in one.identities})
    rows = fleet.load(set(found.values()))
    watched = watching.watch_list(act.now)
    kept = []
    for mention in mentions:
        stored = {rows[found[one]].ownership for one in mention.identities if one in found and found[one] in rows}
        said = {mention.ownership} if mention.ownership else stored
        whole = bool(said) and said == {taking.WHOLE}
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
