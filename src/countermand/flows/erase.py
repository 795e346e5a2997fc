"""Erase: a person who has left becomes a number, and so do phones of their own. The ledger keeps its entries and verifies as
before; without the salts that are erased with the rest, nobody can say whom they named.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from countermand.access import Act, require
from countermand.core.devices import MAIL_KINDS, Identity, Ownership
from countermand.core.errors import Refused
from countermand.core.people import normal_login
from countermand.flows.flipping import flipping
from countermand.flows.look_up import short
from countermand.store import bindings, claims, directory, erasure, feed, fleet, log, protected, provisioned, salts
from countermand.store.overwriting import overwriting
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Erased:
    """``devices``: phones of their own, erased with them; ``company``: the company's, which are nobody's now; ``rows``: how many
    of each kind said something."""

    devices: int
    company: int
    rows: Mapping[str, int]


def erase_person(act: Act, login: str, case: str, *, leaves: bool = False) -> Erased:
    """Erase who has left (``leaves``: who leaves by this, where a directory does not say so). It cannot be taken back.

    Refused ``not-found``, ``case-missing``, ``case-too-long``, ``erase-active``, ``erase-protected``, ``erase-open``.
    """
    require(act.actor, "erase")
    short(case)
    if not case.strip():
        raise Refused("case-missing")
    with unit(), overwriting():
        person, name = _known(login, leaves)
        devices = directory.devices_of([person])
        rows = fleet.load(devices)
        own = [ordinal for ordinal in devices if rows[ordinal].ownership is not Ownership.CORPORATE]
        names = fleet.identities(devices)
        logins = [name, *provisioned.former_logins(person)]
        found = erasure.count(person, name, own)
        _unsay(set(devices) - set(own), logins)
        with flipping(act, devices=devices, people=[person]):
            fleet.save({ordinal: replace(row, owner=None) for ordinal, row in rows.items()}, act.now)
            bindings.erase(person, own)
            erasure.erase_devices(own, {one: [f"{each.kind}:{each.value}" for each in names.get(one, ())] for one in own})
            for one in logins:
                erasure.erase_login(one)
            erasure.erase_person(person, name)
        _tell_gates(logins, names)
        salts.erase([f"person:{one}" for one in logins] + [f"device:{one}" for one in own])
        made = Erased(len(own), len(devices) - len(own), found)
        log.append("person-erased", act, {"case": case, "devices": made.devices})
    return made


def _known(login: str, leaves: bool) -> tuple[int, str]:
    name = normal_login(login)
    person = directory.find([name]).get(name)
    if person is None:
        raise Refused("not-found", what="person", name=name, nearest="none")
    if not leaves and not directory.left([person]):
        raise Refused("erase-active", login=name)
    if protected.find(name) is not None:
        raise Refused("erase-protected", login=name)
    if erasure.unanswered(person):
        raise Refused("erase-open", login=name)
    return person, name


def _unsay(company: Collection[int], logins: Collection[str]) -> None:
    """No source says any more that the company's devices are theirs."""
    changed = {
        device: {
            source: replace(one, said={name: fact for name, fact in one.said.items() if name != "login"})
            for source, one in by_source.items()
            if one.said.get("login", ("",))[0] in logins
        }
        for device, by_source in claims.load(company).items()
    }
    claims.save({device: by_source for device, by_source in changed.items() if by_source})


def _tell_gates(logins: Collection[str], names: Mapping[int, Collection[Identity]]) -> None:
    known = [(one.kind.value, one.value) for of in names.values() for one in of if one.kind in MAIL_KINDS]
    feed.mark_names([(login, kind, value) for login in logins for kind, value in known])
    for login in logins:
        feed.mark("logins", login)
