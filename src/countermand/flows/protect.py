"""Protecting a login for good: break-glass, mail administrators, service accounts. Two people make one and two end it,
so that the protected set never shrinks silently."""

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.facts import BLOCK_SIZE
from countermand.core.people import normal_login
from countermand.flows.reevaluate import reevaluate
from countermand.store import feed, log, protected, terms
from countermand.store.protected import Protected
from countermand.store.unit import unit


def protect(act: Act, login: str, why: str) -> str:
    """Propose that this login can never be denied; returns its one spelling. It may be in no directory.

    Refused ``protected-already``, ``login-empty``.
    """
    require(act.actor, "protect")
    name = normal_login(login)
    if not name:
        raise Refused("login-empty")
    with unit():
        if protected.find(name) is not None:
            raise Refused("protected-already", login=name)
        protected.propose(name, why, act.actor.name, act.now)
        log.append("protection-proposed", act, {"why": why}, [f"person:{name}"])
    return name


def agree_protection(act: Act, login: str) -> int:
    """Agree: from now on it holds, at every gate. Returns how many devices it covers. Refused ``not-found``, ``own-work``,
    ``agreed-already``."""
    require(act.actor, "agree-protection")
    with unit():
        found = _known(login)
        if found.holds:
            raise Refused("agreed-already", agreed=found.agreed_by)
        _another(act, found.proposed_by, "agree to")
        protected.agree(found.pk, act.actor.name, act.now)
        log.append("protection-agreed", act, {}, [f"person:{found.login}"])
        return _follow(act, found.login, protect=True)


def end_protection(act: Act, login: str) -> bool:
    """Propose to end a protection, or agree to somebody else's proposal to: True once it has ended. A protection that
    nobody agreed to yet is withdrawn by one."""
    require(act.actor, "protect")
    with unit():
        found = _known(login)
        if found.holds and not found.end_proposed_by:
            protected.propose_end(found.pk, act.actor.name, act.now)
            log.append("protection-end-proposed", act, {}, [f"person:{found.login}"])
            return False
        if found.holds:
            _another(act, found.end_proposed_by, "agree to")
        protected.end(found.pk, act.now)
        log.append("protection-ended", act, {}, [f"person:{found.login}"])
        if found.holds:
            _follow(act, found.login, protect=False)
    return True


def _follow(act: Act, login: str, *, protect: bool) -> int:
    person, devices = protected.flip(login, protect=protect)
    feed.mark("protected", login)
    if person is not None:
        for lineage in terms.issued():
            feed.mark("unregistered", lineage.id, person // BLOCK_SIZE)
    reevaluate(act, devices)
    return len(devices)


def _known(login: str) -> Protected:
    name = normal_login(login)
    found = protected.find(name)
    if found is None:
        raise Refused("not-found", what="protected login", name=name, nearest="none")
    return found


def _another(act: Act, first: str, action: str) -> None:
    if act.actor.name == first:
        raise Refused("own-work", actor=act.actor.name, did="proposed", action=action)
