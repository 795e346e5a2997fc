"""Taking what a source said: mentions become device rows, names, folded presence and looks, and the sets follow.

Part of a flow, never one by itself: ``plan`` reads and computes, ``apply`` writes, both inside the caller's unit.
PRIVACY: of a device that is not the company's only watched apps get past ``plan``; the rest is dropped before any of it
is numbered, held or written, and the coverage is narrowed in the same step.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from countermand.access import Act
from countermand.core import facts
from countermand.core.apps import App
from countermand.core.coverage import Report
from countermand.core.devices import MAIL_KINDS, Enrollment, Identity, Ownership
from countermand.core.facts import BLOCK_SIZE, Known
from countermand.core.instants import Instant
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.presence import Presence, concise, fold, forget
from countermand.core.terms import Lineage
from countermand.flows.flipping import settle
from countermand.flows.walk import change_hands
from countermand.store import directory, evidence, feed, fleet, known, terms, watching
from countermand.store.fleet import DeviceRow

#: Up to this many names are told to the gates one by one; more, by the block they are in.
FEW_NAMES = 64
#: The ownership of which the whole app list may be kept.
WHOLE = Ownership.CORPORATE
_NOTHING_KNOWN = Presence()
#: (login, kind, value) as gates know a device.
Pair = tuple[str, str, str]


@dataclass(slots=True)
class Plan:
    """What a batch of mentions would do. ``rows``: (before, after), before None for a new device; ``presence`` likewise.

    ``surfaced``: device → how many watched apps would be newly present. ``passed``: mentions not taken, counted by why;
    ``conflicts``: those among them whose names belong to different devices, in words: which is right is never guessed.
    ``lineages``: those issued, as they were read in the unit.
    """

    met: evidence.Met
    rows: dict[int, tuple[DeviceRow | None, DeviceRow]] = field(default_factory=dict)
    names: list[tuple[int, Identity]] = field(default_factory=list)
    enrolled: dict[int, tuple[Instant, bool]] = field(default_factory=dict)
    seen: dict[int, Instant] = field(default_factory=dict)
    presence: dict[int, tuple[Presence, Presence]] = field(default_factory=dict)
    surfaced: dict[int, int] = field(default_factory=dict)
    placed: list[tuple[int, Mention]] = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)
    reports: int = 0
    lineages: tuple[Lineage, ...] = ()
    conflicts: list[str] = field(default_factory=list)

    @property
    def added(self) -> int:
        return sum(before is None for before, _ in self.rows.values())

    @property
    def changed(self) -> int:
        return sum(before is not None and before != after for before, after in self.rows.values())

    @property
    def devices(self) -> frozenset[int]:
        return frozenset(ordinal for ordinal, _ in self.placed)

    def pass_over(self, why: str, count: int = 1) -> None:
        if count:
            self.passed[why] = self.passed.get(why, 0) + count


def plan(act: Act, source: str, mentions: Sequence[Mention], *, may_add: bool) -> Plan:
    """What these mentions would do; writes nothing. Without ``may_add`` a device that nobody knows is passed over."""
    drawn = Plan(evidence.Met(), lineages=terms.issued())
    _place(drawn, mentions, may_add)
    _draw_rows(drawn, act.now)
    _draw_presence(drawn, act, source)
    return drawn


def apply(act: Act, source: str, drawn: Plan) -> frozenset[int]:
    """Write the plan; returns the devices whose sets moved."""
    _number(drawn)
    touched = drawn.rows.keys() | drawn.presence.keys()
    existing = [ordinal for ordinal in touched if ordinal not in drawn.rows or drawn.rows[ordinal][0] is not None]
    before = known.load(existing, _read(drawn))
    fleet.save({ordinal: after for ordinal, (was, after) in drawn.rows.items() if was != after})
    fleet.name(drawn.names)
    fleet.enrol(drawn.enrolled, source)
    fleet.touch(drawn.seen)
    evidence.save_presences(drawn.presence, drawn.met)
    reload = {ordinal for ordinal in touched if _row_moved(drawn, ordinal)} | {ordinal for ordinal, _ in drawn.names}
    after = {
        **{ordinal: _looked_at(before[ordinal], drawn, ordinal) for ordinal in touched - reload},
        **known.load(reload),
    }
    _tell_gates(drawn, before, after)
    if handed := [one for one, was in before.items() if was.device.login not in ("", after[one].device.login)]:
        change_hands(handed, drawn.lineages)
    return settle(
        act,
        {
            ordinal: (facts.names(before[ordinal]) if ordinal in before else frozenset(), facts.names(after[ordinal]))
            for ordinal in touched
        },
        {},
        drawn.lineages,
    )


def _read(drawn: Plan) -> known.Read:
    """What the plan read of its devices; spares reading it again."""
    rows = {ordinal: row for ordinal, (row, _) in drawn.rows.items() if row is not None}
    present = {one: frozenset(drawn.met.apps[app] for app in was.shown) for one, (was, _) in drawn.presence.items()}
    return known.Read(rows, present, {one: evidence.looks(was, drawn.met) for one, (was, _) in drawn.presence.items()})


def _row_moved(drawn: Plan, ordinal: int) -> bool:
    return ordinal in drawn.rows and drawn.rows[ordinal][0] != drawn.rows[ordinal][1]


def _looked_at(was: Known, drawn: Plan, ordinal: int) -> Known:
    """The same device with the presence that was just written; spares reading it back."""
    if ordinal not in drawn.presence:
        return was
    after = drawn.presence[ordinal][1]
    present = frozenset(drawn.met.apps[app] for app in after.shown)
    return replace(was, present=present, looked=evidence.looks(after, drawn.met))


def _place(drawn: Plan, mentions: Sequence[Mention], may_add: bool) -> None:
    """Which device each mention is about, by all of its names; a new device is numbered below 0 for now."""
    owners: dict[Identity, int] = dict(fleet.find({identity for one in mentions for identity in one.identities}))
    new = 0
    found: list[tuple[int, Mention]] = []
    for mention in mentions:
        devices = {owners[identity] for identity in mention.identities if identity in owners}
        if len(devices) > 1:
            drawn.pass_over("conflicting")
            drawn.conflicts.append(_conflict(mention, owners))
            continue
        if devices:
            device = devices.pop()
        elif may_add and mention.platform is not None and mention.identities:
            new += 1
            device = -new
        else:
            drawn.pass_over("unknown")
            continue
        for identity in mention.identities:
            if identity not in owners:
                owners[identity] = device
                drawn.names.append((device, identity))
        found.append((device, mention))
    drawn.placed = found


def _conflict(mention: Mention, owners: Mapping[Identity, int]) -> str:
    """The names of one mention, each with the device that it is known to be."""
    named = ((one, owners[one]) for one in mention.identities if one in owners)
    known = (
        f"{one.kind}:{one.value} is {f'#{owner}' if owner >= 0 else 'another device of the same set'}" for one, owner in named
    )
    return ", ".join(known)


def _number(drawn: Plan) -> None:
    """Give the new devices of the plan, numbered -1, -2, … until now, ordinals that last."""
    new = sorted((ordinal for ordinal in drawn.rows if ordinal < 0), reverse=True)
    if not new:
        return
    given = dict(zip(new, fleet.give_ordinals(len(new)), strict=True))
    drawn.placed = [(given.get(ordinal, ordinal), mention) for ordinal, mention in drawn.placed]
    drawn.names = [(given.get(ordinal, ordinal), identity) for ordinal, identity in drawn.names]
    drawn.rows = {given.get(ordinal, ordinal): rows for ordinal, rows in drawn.rows.items()}
    drawn.enrolled = {given.get(ordinal, ordinal): stays for ordinal, stays in drawn.enrolled.items()}
    drawn.seen = {given.get(ordinal, ordinal): at for ordinal, at in drawn.seen.items()}
    drawn.presence = {given.get(ordinal, ordinal): pair for ordinal, pair in drawn.presence.items()}
    drawn.surfaced = {given.get(ordinal, ordinal): count for ordinal, count in drawn.surfaced.items()}


def _draw_rows(drawn: Plan, now: Instant) -> None:
    stored = fleet.load(drawn.devices)
    people = owners_of({mention.login for _, mention in drawn.placed if mention.login})
    for ordinal, mention in drawn.placed:
        before, row = drawn.rows.get(ordinal, (stored.get(ordinal), stored.get(ordinal)))
        drawn.rows[ordinal] = (before, _row_after(row, mention, people))
        if mention.enrolled is not None:
            at = now if mention.seen_at is None else mention.seen_at
            drawn.enrolled[ordinal] = max((at, mention.enrolled), drawn.enrolled.get(ordinal, (at, False)))
        if mention.seen_at is not None:
            drawn.seen[ordinal] = max(mention.seen_at, drawn.seen.get(ordinal, mention.seen_at))


def _row_after(row: DeviceRow | None, mention: Mention, people: Mapping[str, int]) -> DeviceRow:
    if row is None:
        if mention.platform is None:
            raise ValueError("a new device has a platform")
        # PRIVACY: a device of which nobody says whose it is counts as its owner's own.
        enrollment = Enrollment.EAS if mention.reads_mail else Enrollment.NONE
        row = DeviceRow(None, mention.platform, "", Ownership.PERSONAL, enrollment, reads_mail=False)
    return DeviceRow(
        owner=row.owner if mention.login is None else people.get(mention.login),
        platform=mention.platform or row.platform,
        model=row.model if mention.model is None else mention.model,
        ownership=mention.ownership or row.ownership,
        enrollment=mention.enrollment or row.enrollment,
        reads_mail=row.reads_mail if mention.reads_mail is None else mention.reads_mail,
        mail_removed=row.mail_removed,
        retired=row.retired,
        last_seen=row.last_seen,
    )


def owners_of(logins: Collection[str]) -> dict[str, int]:
    """Login → person; a login that looks like a mail address is also looked for among those."""
    found = directory.find(logins)
    addresses = {login for login in logins if login not in found and "@" in login}
    return {**directory.find_by_email(addresses), **found}


def _draw_presence(drawn: Plan, act: Act, source: str) -> None:
    reports = _heard(drawn, act.now, source)
    gone_private = {ordinal for ordinal, (was, now) in drawn.rows.items() if was and _kept_whole(was) and not _kept_whole(now)}
    before = evidence.presences(reports.keys() | gone_private, drawn.met)
    if not reports and not gone_private:
        return

    @cache
    def watched() -> frozenset[App]:
        return watching.watch_list(act.now, lineages=drawn.lineages)

    for ordinal in reports.keys() | gone_private:
        was = before.get(ordinal, _NOTHING_KNOWN)
        whole = _kept_whole(drawn.rows[ordinal][1])
        kept = [one if whole else narrowed(one, watched()) for one in reports.get(ordinal, ())]
        now = fold(forget(was, watched()) if ordinal in gone_private else was, kept)
        drawn.presence[ordinal] = (was, concise(now))
        drawn.reports += len(kept)
        fresh = now.apps - was.apps
        if fresh and (new := fresh & watched()):
            drawn.surfaced[ordinal] = len(new)


def _heard(drawn: Plan, now: Instant, source: str) -> dict[int, list[Report]]:
    """The reports of devices that are, or just were, enrolled with the source, without those from a clock that is wrong."""
    reporting = {ordinal for ordinal, mention in drawn.placed if mention.reports}
    said = {ordinal for ordinal, mention in drawn.placed if mention.enrolled}
    enrolled = said | fleet.enrolled(reporting - said, source)
    found: dict[int, list[Report]] = {}
    for ordinal, mention in drawn.placed:
        if ordinal not in enrolled:
            drawn.pass_over("not enrolled", len(mention.reports))
            continue
        for report in mention.reports:
            if too_far_ahead(report.observed_at, now):
                drawn.pass_over("ahead of the clock")
            else:
                found.setdefault(ordinal, []).append(report)
    return found


def _kept_whole(row: DeviceRow) -> bool:
    return row.ownership is WHOLE


def narrowed(report: Report, watched: frozenset[App]) -> Report:
    """The report as it may be kept of a device that is not the company's: watched apps alone, and a coverage to match."""
    return replace(report, present=report.present & watched, coverage=report.coverage.narrowed(watched))


def _tell_gates(drawn: Plan, before: Mapping[int, Known], after: Mapping[int, Known]) -> None:
    """Names that began or ceased to belong to a device of some login. Names that ceased are told one by one; many that
    began, as the blocks they are in."""
    gone: set[Pair] = set()
    come: dict[int, set[Pair]] = {}
    for ordinal in drawn.rows.keys() | {ordinal for ordinal, _ in drawn.names}:
        was, now = _pairs(before.get(ordinal)), _pairs(after.get(ordinal))
        gone |= was - now
        if now - was:
            come.setdefault(ordinal // BLOCK_SIZE, set()).update(now - was)
    if sum(map(len, come.values())) > FEW_NAMES:
        for block in sorted(come):
            feed.mark("identities", "", block)
        come = {}
    feed.mark_names(sorted(gone.union(*come.values())))


def _pairs(device: Known | None) -> set[Pair]:
    if device is None or not device.device.login:
        return set()
    return {(device.device.login, one.kind.value, one.value) for one in device.device.identities if one.kind in MAIL_KINDS}
