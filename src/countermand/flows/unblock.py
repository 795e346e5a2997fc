"""Mail back for a while, by one person of the help desk: at most a day, at most twice per device and order, never one's own.

It is an exemption that needs no second person, because it is so short; a human answers the objection meanwhile.
"""

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, Instant, iso
from countermand.core.people import normal_login
from countermand.flows import exempt, objecting
from countermand.store import directives, directory, exemptions, fleet, log, objections
from countermand.store.unit import unit

GROUND = "temporary-unblock"
LONGEST, MOST = 24 * HOUR, 2


def unblock(act: Act, device: int, name: str, hours: int, why: str) -> Instant:
    """Give mail back to a device for up to 24 hours; returns until when. Refused ``unblock-too-long``, ``unblocked-twice``,
    ``own-work`` (one's own device), ``not-found``, ``lineage-ended``."""
    require(act.actor, "unblock")
    if not 0 < hours * HOUR <= LONGEST:
        raise Refused("unblock-too-long", hours=LONGEST // HOUR)
    if not why.strip() or len(why) > 200:
        raise Refused("unblock-needs-why")
    with unit():
        owner = _owner(device)
        if directory.logins([owner]).get(owner) == normal_login(act.actor.name):
            raise Refused("own-work", actor=act.actor.name, did="would profit from", action="lift")
        if directives.issued(name) is None or directives.known(name).ended_at is not None:
            raise Refused("lineage-ended", name=name)
        target = _target(device)
        before = [one for one in exemptions.of_lineage(name) if (one.ground, one.target) == (GROUND, target)]
        if len(before) >= MOST:
            raise Refused("unblocked-twice", most=MOST)
        until = act.now + hours * HOUR
        made = exemptions.propose(name, "device", target, GROUND, until, act.actor.name, act.now)
        exemptions.agree(made.pk, act.actor.name, act.now)
        about = {"lineage": name, "exemption": made.pk, "until": iso(until), "why": why.strip(), "time": len(before) + 1}
        log.append("unblocked", act, about, [f"device:{device}"])
        exempt.follow(act, made)
    return until


def answer_objection(act: Act, pk: int, words: str, *, mend: bool = False) -> None:
    """A human's answer to what an employee said. ``mend``: a device that they disowned gets their mail again. Refused
    ``not-found``, ``answered-already``, ``own-work``."""
    require(act.actor, "unblock")
    with unit():
        found = objections.find(pk)
        if found is None:
            raise Refused("not-found", what="objection", name=str(pk), nearest="none")
        if found.answered_at is not None:
            raise Refused("answered-already", by=found.answered_by)
        login = directory.logins([found.person])[found.person]
        if login == normal_login(act.actor.name):
            raise Refused("own-work", actor=act.actor.name, did="wrote", action="answer")
        objections.answer(pk, words.strip()[:2_000], act.actor.name, act.now)
        if mend and found.cuts:
            objecting.mend(act, found)
        log.append(
            "objection-answered", act, {"objection": pk, "kind": found.kind}, [f"device:{found.device}", f"person:{login}"]
        )


def _owner(device: int) -> int:
    row = fleet.load([device]).get(device)
    if row is None or row.owner is None:
        raise Refused("not-found", what="device with an owner", name=f"#{device}", nearest="none")
    return row.owner


def _target(device: int) -> str:
    """A name that is the device's alone: any of its identities."""
    names = sorted((one.kind.value, one.value) for one in fleet.identities([device]).get(device, []))
    if not names:
        raise Refused("not-found", what="name of the device", name=f"#{device}", nearest="none")
    return f"{names[0][0]}:{names[0][1]}"
