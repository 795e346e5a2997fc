"""Exempting a person, a device or a group from a directive: one proposes, another agrees, the clock ends it.

Ending one early takes one person; letting it run longer than the directive allows, nobody can.
"""

from collections.abc import Sequence

from countermand.access import Act, require
from countermand.core import schema
from countermand.core.devices import IdentityKind
from countermand.core.errors import Refused
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import Instant, iso
from countermand.core.notices import Kind
from countermand.core.people import normal_login
from countermand.flows import exemption_words
from countermand.flows.reevaluate import reevaluate
from countermand.store import directives, directory, exemptions, feed, fleet, log
from countermand.store.exemptions import Changed, Exemption
from countermand.store.unit import unit

#: Up to this many devices are judged afresh at once; more are left to the next sweep, so that the unit stays short.
AT_ONCE = 5_000


def exempt(act: Act, name: str, target: str, ground: str, until: Instant) -> Exemption:
    """Propose to exempt ``target`` ("person:LOGIN", "device:KIND:VALUE", "group:NAME") from the directive ``name``.

    Refused ``exemption-ground`` (not one of the directive's), ``exemption-too-long``, ``time-passed``,
    ``exemption-target``, ``not-found``, ``lineage-ended``, ``own-work`` (one's own login).
    """
    require(act.actor, "exempt")
    kind, thing = _target(target)
    with unit():
        check(act, name, ground, until)
        _exists(kind, thing)
        _not_own(act, kind, thing, "exempt")
        found = exemptions.propose(name, kind, thing, ground, until, act.actor.name, act.now)
        log.append("exemption-proposed", act, about(found), _subjects(found))
    return found


def agree_exemption(act: Act, pk: int) -> int:
    """Agree to a proposed exemption, which holds from now on; returns how many devices are exempt that were not.

    Refused ``not-found``, ``own-work``, ``agreed-already``, ``ended-already``, ``time-passed``.
    """
    require(act.actor, "agree-exemption")
    with unit():
        found = _open(act, pk)
        if found.agreed_by:
            raise Refused("agreed-already", agreed=found.agreed_by)
        if found.proposed_by == act.actor.name:
            raise Refused("own-work", actor=act.actor.name, did="proposed", action="agree to")
        _not_own(act, found.kind, found.target, "agree to")
        exemptions.agree(pk, act.actor.name, act.now)
        log.append("exemption-agreed", act, about(found), _subjects(found))
        exemption_words.promise(act, found, Kind.EXEMPTED)
        return follow(act, found)


def end_exemption(act: Act, pk: int) -> int:
    """End an exemption, or a proposal of one, now; returns how many devices are not exempt any more."""
    require(act.actor, "end-exemption")
    with unit():
        found = _open(act, pk)
        exemptions.end(pk, act.now)
        log.append("exemption-ended", act, about(found), _subjects(found))
        if not found.agreed_by:
            exemption_words.promise(act, found, Kind.NOT_EXEMPTED)
            return 0
        return follow(act, found)


def follow(act: Act, found: Exemption) -> int:
    """What follows from the rows: sets, verdicts, and what gates must hear."""
    changed = exemptions.rebuild(found.lineage, found.until)
    _mark(found.lineage, changed)
    if len(changed.devices) <= AT_ONCE:
        reevaluate(act, list(changed.devices))
    return len(changed.devices)


def _mark(lineage: str, changed: Changed) -> None:
    for block in sorted({ordinal // BLOCK_SIZE for ordinal in changed.devices}):
        feed.mark("denials", lineage, block)
    for block in changed.blocks_of_people:
        feed.mark("unregistered", lineage, block)


def check(act: Act, name: str, ground: str, until: Instant) -> None:
    """Refused unless the directive allows an exemption of this ground for so long."""
    row = directives.issued(name) or directives.newest(name)
    if directives.known(name).ended_at is not None:
        raise Refused("lineage-ended", name=name)
    rules = schema.read(row.document).exemptions
    if ground not in rules.grounds:
        raise Refused("exemption-ground", ground=ground, name=name, known=", ".join(rules.grounds) or "none")
    if until <= act.now:
        raise Refused("time-passed", time=iso(until))
    if rules.max_duration is not None and until > act.now + rules.max_duration:
        raise Refused("exemption-too-long", until=iso(until), name=name, latest=iso(act.now + rules.max_duration))


def _target(text: str) -> tuple[str, str]:
    kind, _, thing = text.partition(":")
    if kind == "person" and thing:
        return kind, normal_login(thing)
    if kind == "device" and thing.partition(":")[0] in set(IdentityKind) and thing.partition(":")[2]:
        return kind, thing
    if kind == "group" and thing:
        return kind, thing
    raise Refused("exemption-target", target=text)


def _exists(kind: str, thing: str) -> None:
    found = {
        "person": lambda: exemptions.person_of(thing) is not None,
        "device": lambda: exemptions.device_of(thing) is not None,
        "group": lambda: exemptions.group_exists(thing),
    }[kind]()
    if not found:
        raise Refused("not-found", what=kind, name=thing, nearest="none")


def _not_own(act: Act, kind: str, thing: str, action: str) -> None:
    """Nobody exempts themselves or a device of theirs, where an operator's name is also a login."""
    if normal_login(act.actor.name) == (_owner(thing) if kind == "device" else thing if kind == "person" else None):
        raise Refused("own-work", actor=act.actor.name, did="would profit from", action=action)


def _owner(name: str) -> str | None:
    """The login of whose device it is."""
    device = exemptions.device_of(name)
    row = None if device is None else fleet.load([device]).get(device)
    return None if row is None or row.owner is None else directory.logins([row.owner]).get(row.owner)


def _open(act: Act, pk: int) -> Exemption:
    found = exemptions.find(pk)
    if found is None:
        raise Refused("not-found", what="exemption", name=str(pk), nearest="none")
    if found.ended_at is not None:
        raise Refused("ended-already")
    if found.until <= act.now:
        raise Refused("time-passed", time=iso(found.until))
    return found


def about(found: Exemption) -> dict[str, object]:
    """What the ledger says of it."""
    said: dict[str, object] = {"lineage": found.lineage, "exemption": found.pk, "kind": found.kind, "ground": found.ground}
    return {**said, "until": found.until, **({"group": found.target} if found.kind == "group" else {})}


def _subjects(found: Exemption) -> Sequence[str]:
    """Whom it is about, for the ledger's commitments; a group is no person and stands in the entry itself."""
    if found.kind == "person":
        return [f"person:{found.target}"]
    device = exemptions.device_of(found.target) if found.kind == "device" else None
    return [] if device is None else [f"device:{device}"]
