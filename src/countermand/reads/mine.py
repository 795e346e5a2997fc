"""What an employee sees of themselves: their devices, what is asked of each and by when, what is held and why.

``me`` is the person's ordinal, proven by signing in; nothing of anybody else is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from countermand.access import Act
from countermand.core.directive import Directive
from countermand.core.errors import Refused
from countermand.core.instants import MINUTE, Instant
from countermand.core.people import Person, normal_login
from countermand.core.schedule import clock_of
from countermand.core.verdict import Reason, Status
from countermand.ledger.entry import commitment, decode
from countermand.lib import keys
from countermand.notices import codes
from countermand.reads.device import DeviceView, Under, seen
from countermand.store import directives, directory, fleet, objections, rechecks, reporters, salts, tellings, terms, tree
from countermand.store.objections import CONTEST, Objection
from countermand.store.rechecks import Recheck, State
from countermand.store.unit import reading

__all__ = ["CONTEST", "Asked", "Check", "Event", "Look", "Mine", "Objection", "Over", "Phone", "history", "mine", "who"]

#: How far back the ledger is read for one person's page.
_LOOKED_AT = 4_000
_SHOWN = 50
#: A device that was asked and sleeps for longer will answer when it wakes: nobody sits and waits for that.
_PATIENCE = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Check:
    """What became of the person's wish for another look by one source. ``asked_at``: when the source took it; ``answered_at``:
    the first it said of the device since; ``next``: when it looks by itself, None if that is not known."""

    source: str
    wanted_at: Instant
    asked_at: Instant | None
    answered_at: Instant | None
    state: State
    next: Instant | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One order on one device. ``shown_at``: when one of its apps was last seen there; ``denied``: mail is denied by it now;
    ``word_counts``: the person's own statement is taken; ``code``: of the notice, '' if none was sent; ``grounds``: for which
    an exemption may be asked; ``checks``: what the person asked for by "check now"."""

    lineage: str
    directive: Directive
    status: Status
    reason: Reason
    shown_at: Instant | None
    due: Instant | None
    denied_from: Instant | None
    denied: bool
    exempt_until: Instant | None
    live: bool
    word_counts: bool
    code: str
    grounds: tuple[str, ...]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """When a source last looked at all, and when it should again; None if that is not known."""

    source: str
    last: Instant | None
    next: Instant | None


@dataclass(frozen=True, slots=True)
class Phone:
    """A device of the person's, with what is asked of it, and who looks."""

    view: DeviceView
    asked: tuple[Asked, ...]
    looks: tuple[Look, ...]

    @property
    def denied(self) -> bool:
        return any(one.denied for one in self.asked)


@dataclass(frozen=True, slots=True)
class Over:
    """An order that they heard of and that asks nothing now: taken back, or on hold."""

    lineage: str
    title: str
    ended: bool
    ground: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Mine:
    person: Person
    zone: str
    phones: tuple[Phone, ...]
    over: tuple[Over, ...]
    said: tuple[Objection, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the ledger that names the person or one of their devices. ``by``: who acted, ``about`` the case or order."""

    at: Instant
    kind: str
    by: str
    about: str


def who(login: str) -> int:
    """The person of a login. Refused ``not-an-employee``."""
    found = directory.find([normal_login(login)])
    if not found:
        raise Refused("not-an-employee")
    return next(iter(found.values()))


def mine(act: Act, me: int, state_dir: Path) -> Mine:
    """Everything on the person's page."""
    key = keys.load_or_create_secret(state_dir / "keys" / "notices.secret")
    with reading():
        person = directory.load([me])[me]
        known = tellings.known_to(me)
        own = directory.devices_of([me])
        said = tuple(objections.of_person(me))
        over = tuple(
            Over(one.lineage, str(directives.version(one.version).document["title"]), one.ended_at is not None, one.ground, at)
            for one in known
            if (at := one.ended_at or one.halted_at) is not None
        )
    phones = tuple(_phone(act, ordinal, me, key) for ordinal in own)
    return Mine(person, clock_of(person.zone, "UTC"), tuple(one for one in phones if not one.view.retired), over, said)


def history(me: int) -> list[Event]:
    """What the ledger says of the person and their devices, the newest first; batches that name many are not opened."""
    with reading():
        login = directory.logins([me])[me]
        subjects = [f"person:{login}", *(f"device:{one}" for one in directory.devices_of([me]))]
        wanted = {commitment(salt, subject).hex() for subject, salt in salts.load(subjects).items()}
        entries = [decode(row.entry) for row in tree.newest(None, _LOOKED_AT)]
    found = [entry for entry in entries if wanted & set(entry.subjects)][:_SHOWN]
    return [Event(one.at, one.kind, one.actor, str(one.about.get("lineage") or one.about.get("case") or "")) for one in found]


def _phone(act: Act, ordinal: int, me: int, key: bytes) -> Phone:
    view = seen(act, ordinal)
    with reading():
        row = fleet.load([ordinal])[ordinal]
        told = {one.lineage: one.version for one in tellings.known_to(me)}
        asked = [_asked(act, view, under, told, me, key, row) for under in view.directives]
        wanted = rechecks.of_device(ordinal)
        rhythms = reporters.rhythms({*(one.source for one in view.evidence), *(one.source for one in wanted)})
    looks = {
        source: Look(source, last, None if last is None else max(last + interval, act.now))
        for source, (last, interval) in rhythms.items()
    }
    answers = {one.source: one.observed_at for one in reversed(view.evidence)}  # the newest last, so that it stays
    found = tuple(
        replace(one, checks=_checks(act, [each for each in wanted if each.lineage == one.lineage], answers, looks))
        for one in asked
        if one.status is not Status.NOT_APPLICABLE
    )
    return Phone(view, found, tuple(looks[name] for name in dict.fromkeys(e.source for e in view.evidence) if name in looks))


def _checks(act: Act, wanted: Sequence[Recheck], answers: Mapping[str, Instant], looks: Mapping[str, Look]) -> tuple[Check, ...]:
    """What each source that was to look did; and whichever else has looked since."""
    since = min((one.wanted_at for one in wanted), default=act.now)
    named = {one.source for one in wanted}
    others = [(name, at) for name, at in answers.items() if wanted and at >= since and name not in named]
    come = tuple(Check(name, since, None, at, State.ASKED, None, waiting=False) for name, at in others)
    return (*(_check(act, one, answers, looks) for one in wanted), *come)


def _check(act: Act, wanted: Recheck, answers: Mapping[str, Instant], looks: Mapping[str, Look]) -> Check:
    answered = answers.get(wanted.source)
    since = answered if answered is not None and answered >= wanted.wanted_at else None
    open_ = wanted.state in (State.WANTED, State.ASKED) and since is None and act.now - wanted.wanted_at < _PATIENCE
    next_ = looks[wanted.source].next if wanted.source in looks else None
    return Check(wanted.source, wanted.wanted_at, wanted.asked_at, since, wanted.state, next_, open_)


def _asked(act: Act, view: DeviceView, under: Under, told: dict[str, int], me: int, key: bytes, row: fleet.DeviceRow) -> Asked:
    made = under.explanation
    lineage = terms.lineage(made.lineage)
    if lineage is None:
        raise Refused("not-found", what="order in force", name=made.lineage, nearest="none")
    directive = lineage.current.directive
    named = set(fleet.app_names(lineage.current.apps.get(row.platform, ())).values())
    starts = made.denied_from
    denied = starts is not None and starts <= act.now and made.deniable and not made.protected and under.exempt_until is None
    return Asked(
        lineage=made.lineage,
        directive=directive,
        status=made.status,
        reason=made.reason,
        shown_at=max((one.at for one in view.apps if one.app in named), default=None),
        due=made.due,
        denied_from=starts,
        denied=denied,
        exempt_until=under.exempt_until,
        live=lineage.live,
        word_counts=lineage.current.takes_word(row.ownership, row.platform),
        code=codes.code_of(key, told[made.lineage], me) if made.lineage in told else "",
        grounds=directive.exemptions.grounds,
    )
