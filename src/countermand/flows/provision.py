"""Provision: a directory makes, changes and removes people, one request and one transaction at a time.

Who is removed has left: they are in no set and are told nothing, and everything that is known of them stays. Who is made again
under the same login may be somebody else: they are in no group, and count as told of nothing until they are told anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core.errors import Refused
from countermand.core.facts import BLOCK_SIZE
from countermand.core.handover import in_force
from countermand.core.languages import spoken
from countermand.core.notices import Kind
from countermand.core.people import Person
from countermand.flows import leaving
from countermand.flows.bring_people import add_people
from countermand.flows.flipping import flipping
from countermand.flows.reevaluate import reevaluate
from countermand.store import (
    directives,
    directory,
    feed,
    fleet,
    log,
    outbox,
    protected,
    provisioned,
    terms,
    told,
)
from countermand.store.provisioned import Entry
from countermand.store.unit import unit

if TYPE_CHECKING:  # the resources of SCIM take most of a second to load, and only their door has some
    from countermand.people.scim import Said


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a directory says of a person: ``text`` is the resource as it is kept."""

    said: "Said"
    text: str


#: From the person as they are to what is said of them now. Pure, and called inside the unit. None: nothing is said that is new.
Edit = Callable[[Entry], Wanted | None]


def add_person(act: Act, wanted: Wanted) -> Entry:
    """Make a person; one who left, or whom only a file named, keeps everything. Refused ``scim-taken``."""
    require(act.actor, "provision")
    with unit():
        was = provisioned.named(wanted.said.login)
        if was is not None and not was.gone:
            raise Refused("scim-taken", what="person", name=wanted.said.login)
        if was is None:
            person = wanted.said.person(frozenset(), _login_of(wanted.said.manager))
            ordinal = directory.give_ordinals(1)[0]
            add_people({ordinal: person})
            was = Entry(ordinal, person, active=True)
        else:
            was = replace(was, made=was.made + 1, gone=False, person=replace(was.person, groups=frozenset()))
            leaving.leave_groups(act, [(was.ordinal, name) for name in directory.load([was.ordinal])[was.ordinal].groups])
            _untell(act, was)
        made = _changed(act, was, wanted, None)
        log.append("person-provisioned", act, {"again": made.made > 0}, [f"person:{made.person.login}"])
    return made


def change_person(act: Act, number: str, edit: Edit, hold: Holdbacks) -> Entry:
    """Change a person. Refused ``not-found``, ``scim-taken``, and whatever ``edit`` refuses."""
    require(act.actor, "provision")
    with unit():
        was = _known(number)
        wanted = edit(was)
        if wanted is None:
            return was
        made = _changed(act, was, wanted, hold)
        about = {"fields": _fields(was, made), "waits": made.held} if made.held else {"fields": _fields(was, made)}
        log.append("person-changed", act, about, [f"person:{made.person.login}"])
    return made


def remove_person(act: Act, number: str, hold: Holdbacks, check: Callable[[Entry], None] = lambda entry: None) -> None:
    """Remove a person: they have left. Refused ``not-found``, and whatever ``check`` refuses."""
    require(act.actor, "provision")
    with unit():
        was = _known(number)
        check(was)
        batch = _leave(act, was, hold) if was.active else None
        provisioned.save(replace(was, gone=True, held=batch, modified=act.now, created=was.created or act.now), was.person.login)
        about = {} if batch is None else {"waits": batch}
        log.append("person-removed", act, about, [f"person:{was.person.login}"])


def _known(number: str) -> Entry:
    found = provisioned.entry(number)
    if found is None:
        raise Refused("not-found", what="person", name=number, nearest="none")
    return found


def _changed(act: Act, was: Entry, wanted: Wanted, hold: Holdbacks | None) -> Entry:
    """Make the person as is wanted, and remember what was said."""
    said = wanted.said
    if said.login != was.person.login:
        rename(act, was, said.login)
    now = said.person(was.person.groups, _login_of(said.manager) or ("" if said.manager else _unsaid(was, said)))
    held = was.held
    if (said.active and not was.active) or now != replace(was.person, login=said.login):
        if was.active or said.active:
            _write(act, was, now)
        else:
            _write_left(was, now)
    if said.active:
        held = None
    elif was.active and held is None:
        held = _leave(act, replace(was, person=now), hold)
    active = said.active or held is not None
    former = was.former if said.login == was.person.login else (*was.former, was.person.login)
    made = Entry(
        was.ordinal, now, active, was.made, said.external, wanted.text, False, held, former, was.created or act.now, act.now
    )
    provisioned.save(made, said.user_name)
    return made


def _unsaid(was: Entry, said: "Said") -> str:
    """A manager that only a file named stays until a directory says another one."""
    return was.person.manager if not was.said else ""


def _write(act: Act, was: Entry, now: Person) -> None:
    devices = directory.devices_of([was.ordinal])
    with flipping(act, devices=devices, people=[was.ordinal]):
        directory.change({was.ordinal: (replace(was.person, login=now.login), now)})
    if not was.active or spoken(was.person.locale) != spoken(now.locale):
        feed.mark("logins", now.login)


def _write_left(was: Entry, now: Person) -> None:
    directory.change({was.ordinal: (was.person, now)})
    directory.depart([was.ordinal])


def _leave(act: Act, was: Entry, hold: Holdbacks | None) -> int | None:
    """The person leaves, or waits in the batch that is returned; without ``hold`` nobody waits."""
    batch = None if hold is None else leaving.depart(act, hold)
    if batch is None:
        leaving.leave_directory(act, [was.ordinal])
    return batch


def rename(act: Act, was: Entry, login: str) -> None:
    """The login changes and the person stays: what gates know under the old one ends there and begins under the new. Inside the
    caller's unit."""
    other = provisioned.named(login)
    if other is not None and other.ordinal != was.ordinal:
        raise Refused("scim-taken", what="person", name=login)
    before = was.person.login
    devices = directory.devices_of([was.ordinal])
    names = [(kind.kind.value, kind.value) for found in fleet.identities(devices).values() for kind in found]
    covered = protected.find(before)
    with flipping(act, devices=devices, people=[was.ordinal]):
        directory.rename(was.ordinal, before, login)
    feed.mark_names([(name, kind, value) for name in (before, login) for kind, value in names])
    for name in (before, login):
        feed.mark("logins", name)
        if covered is not None:
            feed.mark("protected", name)
    log.append("person-renamed", act, {}, [f"person:{before}", f"person:{login}"])


def _login_of(number: str) -> str:
    found = provisioned.entry(number) if number else None
    return "" if found is None else found.person.login


def _untell(act: Act, was: Entry) -> None:
    """Whoever was told before may have been somebody else: everything in force is told again, and denies nobody until it was."""
    for lineage in terms.issued():
        touched = [told.untell(version.row, was.ordinal) for version in lineage.versions]
        if not any(one.people for one in touched):
            continue
        feed.mark("unregistered", lineage.id, was.ordinal // BLOCK_SIZE)
        reevaluate(act, sorted(frozenset().union(*(one.devices for one in touched))))
        if in_force(lineage, act.now) and was.ordinal in directives.promised(lineage.current.row):
            outbox.promise(lineage.current.row, [was.ordinal], Kind.ISSUED, act, occurrence=f"again-{was.made}")


def _fields(was: Entry, made: Entry) -> list[str]:
    """What changed, by name; the values are nobody's business."""
    names = ("login", "email", "name", "zone", "locale", "country", "employment", "manager")
    changed = [name for name in names if getattr(was.person, name) != getattr(made.person, name)]
    return changed + (["active"] if was.active != made.active or made.held else [])
