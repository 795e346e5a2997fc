"""Taking what a source said: mentions become device rows, names, folded presence and looks, and the sets follow.

Part of a flow, never one by itself: ``plan`` reads and computes, ``apply`` writes, both inside the caller's unit.
PRIVACY: of a device that is not the company's only watched apps get past ``plan``; the rest is dropped before any of it
is numbered, held or written, and the coverage is narrowed in the same step.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from msgspec import structs

from countermand.access import Act
from countermand.core import facts
from countermand.core.apps import App
from countermand.core.claims import Claims, Settled, Voice, enrollment_of, hear, settled, together, voiced
from countermand.core.coverage import Report
from countermand.core.devices import MAIL_KINDS, Enrollment, Identity, Ownership
from countermand.core.facts import BLOCK_SIZE, Known
from countermand.core.instants import Instant
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.presence import Presence, concise, fold, forget, unprevented
from countermand.core.presence import joined as together_present
from countermand.core.terms import Lineage
from countermand.flows import naming
from countermand.flows.flipping import settle
from countermand.flows.walk import change_hands
from countermand.store import claims, directory, evidence, feed, fleet, joining, known, log, terms, watching
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
    ``conflicts``: those among them whose names belong to different devices, in words: which is right is never guessed;
    ``joined``: devices that turned out to be another; ``claims``: what is newly said, by device and source.
    ``bore``: the names of each device before; ``lineages``: those issued; both as they were read in the unit.
    """

    met: evidence.Met
    rows: dict[int, tuple[DeviceRow | None, DeviceRow]] = field(default_factory=dict)
    names: list[tuple[int, Identity]] = field(default_factory=list)
    seen: dict[int, Instant] = field(default_factory=dict)
    presence: dict[int, tuple[Presence, Presence]] = field(default_factory=dict)
    surfaced: dict[int, int] = field(default_factory=dict)
    placed: list[tuple[int, Mention]] = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)
    reports: int = 0
    lineages: tuple[Lineage, ...] = ()
    conflicts: list[str] = field(default_factory=list)
    joined: dict[int, int] = field(default_factory=dict)
    claims: dict[int, dict[str, Claims]] = field(default_factory=dict)
    bore: dict[int, frozenset[Identity]] = field(default_factory=dict)

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


def plan(
    act: Act,
    source: str,
    mentions: Sequence[Mention],
    *,
    may_add: bool,
    voice: Voice = Voice.MANAGER,
    expected: Collection[int] = (),
) -> Plan:
    """What these mentions would do; writes nothing. Without ``may_add`` a device that nobody knows is passed over. ``expected``:
    the devices that they were about a moment ago, if somebody looked."""
    found = naming.named(mentions, may_add=may_add, expected=expected)
    drawn = Plan(
        evidence.Met(), placed=found.placed, names=found.names, joined=found.joined, conflicts=found.conflicts,
        bore=found.bore, lineages=terms.issued(),
    )  # fmt: skip
    for why in found.passed:
        drawn.pass_over(why)
    heard = _draw_rows(drawn, act.now, source, voice)
    _draw_presence(drawn, act, heard, source)
    return drawn


def apply(act: Act, source: str, drawn: Plan) -> frozenset[int]:
    """Write the plan; returns the devices whose sets moved."""
    _number(drawn)
    touched = drawn.rows.keys() | drawn.presence.keys()
    existing = [ordinal for ordinal in touched if ordinal not in drawn.rows or drawn.rows[ordinal][0] is not None]
    before = known.load(existing, _read(drawn))
    joining.join(drawn.joined)
    fleet.save({ordinal: after for ordinal, (was, after) in drawn.rows.items() if was != after}, act.now)
    fleet.name(drawn.names)
    claims.save(drawn.claims)
    fleet.touch(drawn.seen)
    evidence.save_presences(drawn.presence, drawn.met)
    reload = {ordinal for ordinal in touched if _row_moved(drawn, ordinal)} | {ordinal for ordinal, _ in drawn.names}
    reload |= {*drawn.joined, *drawn.joined.values()}
    looked = {ordinal: _looked_at(before[ordinal], drawn, ordinal) for ordinal in touched - reload}
    after = {**looked, **known.load(reload)}
    _tell_gates(drawn, before, after)
    if drawn.joined:
        subjects = [f"device:{ordinal}" for ordinal in sorted({*drawn.joined, *drawn.joined.values()})]
        log.append("devices-joined", act, {"source": source, "devices": len(drawn.joined)}, subjects)
    if handed := [one for one, was in before.items() if was.device.login not in ("", after[one].device.login)]:
        change_hands(handed, drawn.lineages)
    flips = {}
    for ordinal in touched:
        was = facts.names(before[ordinal]) if ordinal in before else frozenset()
        since = ordinal in looked
        flips[ordinal] = (was, facts.names_since(was, before[ordinal], looked[ordinal]) if since else facts.names(after[ordinal]))
    return settle(act, flips, {}, drawn.lineages)


def _read(drawn: Plan) -> known.Read:
    """What the plan read of its devices; spares reading it again."""
    rows = {ordinal: row for ordinal, (row, _) in drawn.rows.items() if row is not None}
    present = {one: _present(drawn, one) for one in drawn.presence}
    looked = {one: evidence.looks(was, drawn.met) for one, (was, _) in drawn.presence.items()}
    return known.Read(rows, drawn.bore, present, looked)


def _row_moved(drawn: Plan, ordinal: int) -> bool:
    return ordinal in drawn.rows and drawn.rows[ordinal][0] != drawn.rows[ordinal][1]


def _looked_at(was: Known, drawn: Plan, ordinal: int) -> Known:
    """The same device with the presence that was just written; spares reading it back."""
    if ordinal not in drawn.presence:
        return was
    return replace(was, present=_present(drawn, ordinal), looked=evidence.looks(drawn.presence[ordinal][1], drawn.met))


def _present(drawn: Plan, ordinal: int) -> frozenset[int]:
    """The apps present on it by what is stored."""
    return drawn.met.present.get(ordinal, frozenset())


def _number(drawn: Plan) -> None:
    """Give the new devices of the plan, numbered -1, -2, … until now, ordinals that last."""
    new = sorted((ordinal for ordinal in drawn.rows if ordinal < 0), reverse=True)
    if not new:
        return
    given = dict(zip(new, fleet.give_ordinals(len(new)), strict=True))
    drawn.placed = [(given.get(ordinal, ordinal), mention) for ordinal, mention in drawn.placed]
    drawn.names = [(given.get(ordinal, ordinal), identity) for ordinal, identity in drawn.names]
    drawn.rows = {given.get(ordinal, ordinal): rows for ordinal, rows in drawn.rows.items()}
    drawn.claims = {given.get(ordinal, ordinal): said for ordinal, said in drawn.claims.items()}
    drawn.seen = {given.get(ordinal, ordinal): at for ordinal, at in drawn.seen.items()}
    drawn.presence = {given.get(ordinal, ordinal): pair for ordinal, pair in drawn.presence.items()}
    drawn.surfaced = {given.get(ordinal, ordinal): count for ordinal, count in drawn.surfaced.items()}


def _draw_rows(drawn: Plan, now: Instant, source: str, voice: Voice) -> dict[int, list[Report]]:
    """What devices are now, by all that is said of them; returns the reports that may be heard."""
    devices = drawn.devices | drawn.joined.keys() | set(drawn.joined.values())
    found = claims.load_with_rows(devices)
    stored, said = found.rows, found.said
    before = {ordinal: dict(by_source) for ordinal, by_source in said.items()}
    for gone, into in drawn.joined.items():
        mine = said.setdefault(into, {})
        for name, one in said.pop(gone, {}).items():
            mine[name] = together(mine[name], one) if name in mine else one
    heard: dict[int, list[Report]] = {}
    for ordinal, mention in drawn.placed:
        mine = said.setdefault(ordinal, {})
        if mention.enrolled is not None or source in mine or voiced(mention):
            mine[source] = hear(mine.get(source), mention, voice, now)
        if mention.seen_at is not None:
            drawn.seen[ordinal] = max(mention.seen_at, drawn.seen.get(ordinal, mention.seen_at))
    _hear_reports(drawn, heard, said, source, now)
    logins = {login for mine in said.values() for one in mine.values() if (login := one.said.get("login", ("", 0))[0])}
    people = {**found.owners, **owners_of(logins - found.owners.keys())}
    for ordinal in sorted(drawn.devices | set(drawn.joined.values())):
        was, mine = stored.get(ordinal), said.get(ordinal, {})
        removed = any(stored[gone].mail_removed for gone, into in drawn.joined.items() if into == ordinal)
        drawn.rows[ordinal] = (was, _row_after(was, settled(mine), people, mail_removed=removed))
        if changed := {name: one for name, one in mine.items() if before.get(ordinal, {}).get(name) != one}:
            drawn.claims[ordinal] = changed
    for gone in drawn.joined:
        drawn.rows[gone] = (stored[gone], replace(stored[gone], owner=None, retired=True))
    return heard


def _hear_reports(
    drawn: Plan, heard: dict[int, list[Report]], said: Mapping[int, Mapping[str, Claims]], source: str, now: Instant
) -> None:
    """The reports of devices that are, or just were said to be, enrolled with the source, without those from a clock that is
    wrong."""
    welcome = {ordinal for ordinal, mention in drawn.placed if mention.enrolled}
    for ordinal, mention in drawn.placed:
        claimed = said[ordinal].get(source) if ordinal in said else None
        if ordinal not in welcome and (claimed is None or not claimed.here):
            drawn.pass_over("not enrolled", len(mention.reports))
            continue
        for report in mention.reports:
            if too_far_ahead(report.observed_at, now):
                drawn.pass_over("ahead of the clock")
            else:
                heard.setdefault(ordinal, []).append(report)


def _row_after(row: DeviceRow | None, counts: Settled, people: Mapping[str, int], *, mail_removed: bool) -> DeviceRow:
    """What nobody says stays as it is; of a new device it is the most careful."""
    if row is None:
        if counts.platform is None:
            raise ValueError("a new device has a platform")
        # PRIVACY: a device of which nobody says whose it is counts as its owner's own.
        row = DeviceRow(None, counts.platform, "", Ownership.PERSONAL, Enrollment.NONE, reads_mail=False)
    reads_mail = row.reads_mail if counts.reads_mail is None else counts.reads_mail
    return replace(
        row,
        owner=next((people[login] for login in counts.logins if login in people), None) if counts.logins else row.owner,
        platform=counts.platform or row.platform,
        model=row.model if counts.model is None else counts.model,
        ownership=counts.ownership or row.ownership,
        enrollment=enrollment_of(counts, row.enrollment, reads_mail=reads_mail),
        reads_mail=reads_mail,
        mail_removed=row.mail_removed or mail_removed,
    )


def owners_of(logins: Collection[str]) -> dict[str, int]:
    """Login → person; a login that looks like a mail address is also looked for among those."""
    found = directory.find(logins)
    addresses = {login for login in logins if login not in found and "@" in login}
    return {**directory.find_by_email(addresses), **found}


def _draw_presence(drawn: Plan, act: Act, reports: Mapping[int, list[Report]], source: str) -> None:
    released = {ordinal for ordinal, mention in drawn.placed if mention.prevents is False}
    gone_private = {ordinal for ordinal, (was, now) in drawn.rows.items() if was and _kept_whole(was) and not _kept_whole(now)}
    joined = set(drawn.joined.values())
    changing = (reports.keys() | gone_private | joined | released) - drawn.joined.keys()
    before = evidence.presences(changing | drawn.joined.keys(), drawn.met)

    @cache
    def watched() -> frozenset[App]:
        return watching.watch_list(act.now, lineages=drawn.lineages)

    for ordinal in changing:
        was = start = before.get(ordinal, _NOTHING_KNOWN)
        whole = _kept_whole(drawn.rows[ordinal][1])
        for gone, into in drawn.joined.items():
            start = together_present(start, before.get(gone, _NOTHING_KNOWN)) if into == ordinal else start
        if ordinal in gone_private or (ordinal in joined and not whole):
            start = forget(start, watched())
        start = unprevented(start, source) if ordinal in released else start
        kept = [one if whole else narrowed(one, watched()) for one in reports.get(ordinal, ())]
        now = fold(start, kept)
        drawn.presence[ordinal] = (was, concise(now))
        drawn.reports += len(kept)
        fresh = now.apps if ordinal in joined else now.apps - was.apps
        if fresh and (new := fresh & watched()):
            drawn.surfaced[ordinal] = len(new)


def _kept_whole(row: DeviceRow) -> bool:
    return row.ownership is WHOLE


def narrowed(report: Report, watched: frozenset[App]) -> Report:
    """The report as it may be kept of a device that is not the company's: watched apps alone, and a coverage to match."""
    return structs.replace(report, present=report.present & watched, coverage=report.coverage.narrowed(watched))


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
