"""Looking up somebody's device: who looked, when and why is in the ledger, where the person concerned can see it."""

from collections.abc import Sequence
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.devices import Identity, IdentityKind
from countermand.core.errors import Refused
from countermand.core.people import normal_login
from countermand.store import directory, fleet, log
from countermand.store.unit import unit

#: A case number, not a story: what is written here stays in the ledger.
_LONGEST_CASE = 80


@dataclass(frozen=True, slots=True)
class LookedUp:
    """``devices``: ordinals; more than one if a login was named, none if that person has no device."""

    devices: tuple[int, ...]
    login: str


def look_up(act: Act, text: str, case: str = "") -> LookedUp:
    """Find devices by one of their names ("Appl123" or "serial:F2LX1"), by ordinal ("#17"), or by their owner's login.

    ``case``: the reference of what it is looked up for. Refused ``not-found`` (then nothing is written), ``case-too-long``.
    """
    require(act.actor, "read-person")
    short(case)
    with unit():
        found = _find(text.strip())
        subjects = [f"device:{ordinal}" for ordinal in found.devices] + ([f"person:{found.login}"] if found.login else [])
        log.append("looked-up", act, {"case": case, "devices": len(found.devices)}, subjects)
    return found


def look_at_person(act: Act, login: str, case: str = "") -> int:
    """Find a person by login, for everything that is held about them; returns their ordinal. It is recorded as ``look_up`` is.

    Refused ``not-found`` (then nothing is written), ``case-too-long``."""
    require(act.actor, "read-person")
    short(case)
    name = normal_login(login)
    with unit():
        people = directory.find([name])
        if not people:
            raise Refused("not-found", what="person", name=name, nearest="none")
        log.append("person-exported", act, {"case": case}, [f"person:{name}"])
    return people[name]


def look_at_people(act: Act, screen: str, lineage: str, logins: Sequence[str]) -> None:
    """People are listed to somebody, each of whom sees it in their history. Nothing is written for an empty list."""
    require(act.actor, "read-person")
    if not logins:
        return
    with unit():
        about = {"case": "", "screen": screen, "lineage": lineage, "people": len(logins)}
        log.append("looked-up", act, about, [f"person:{login}" for login in logins])


def short(case: str) -> None:
    if len(case) > _LONGEST_CASE:
        raise Refused("case-too-long", limit=_LONGEST_CASE)


def _find(text: str) -> LookedUp:
    devices = _by_ordinal(text) or _by_name(text)
    if devices:
        owners = {row.owner for row in fleet.load(devices).values() if row.owner is not None}
        return LookedUp(devices, next(iter(directory.logins(owners).values()), ""))
    login = normal_login(text)
    people = directory.find([login])
    if not people:
        raise Refused("not-found", what="device or login", name=text, nearest="none")
    return LookedUp(tuple(directory.devices_of(list(people.values()))), login)


def _by_ordinal(text: str) -> tuple[int, ...]:
    number = text.removeprefix("#")
    if number == text or not (number.isascii() and number.isdigit()) or len(number) > 9:
        return ()
    return tuple(fleet.load([int(number)]))


def _by_name(text: str) -> tuple[int, ...]:
    """One device; a bare value that names two of them under different kinds is not guessed at: say the kind."""
    kind, colon, value = text.partition(":")
    if colon and kind in set(IdentityKind):
        wanted = [Identity(IdentityKind(kind), value)]
    else:
        wanted = [Identity(one, text) for one in IdentityKind]
    found = fleet.find(wanted)
    if len(set(found.values())) > 1:
        raise Refused("identity-ambiguous", name=text, kinds=", ".join(sorted(identity.kind for identity in found)))
    return tuple(set(found.values()))
