"""Provision: a directory makes, changes and removes groups. A group with many members changes in short units, each of whole
people; asked again, what was interrupted is finished."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core.errors import Refused
from countermand.flows import leaving
from countermand.flows.bring_people import carved, write_nesting
from countermand.flows.files import paced, silent
from countermand.flows.flipping import flipping
from countermand.people.csv import cycle_in
from countermand.store import departures, directory, log, provisioned_groups, terms
from countermand.store.provisioned_groups import Group
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a group. ``name`` and ``external`` None: they stay. ``add`` and ``remove``: ids of people and groups;
    ``whole``: whoever is not added leaves."""

    name: str | None = None
    external: str | None = None
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    whole: bool = False


Found = TypeVar("Found")

#: From the group, and a way to read the ids of its members, to what is to become of it. Pure but for that reading.
Edit = Callable[[Group, Callable[[], list[str]]], Change]


@dataclass(frozen=True, slots=True)
class _Moves:
    """People and groups within groups that come and go."""

    join: frozenset[int]
    leave: frozenset[int]
    nest: frozenset[str]
    unnest: frozenset[str]


def add_group(act: Act, change: Change) -> Group:
    """Make a group, or take up one that only a file named and nobody provisions. Refused ``scim-taken``, ``scim-member``,
    ``scim-cycle``."""
    require(act.actor, "provision")
    name = change.name or ""
    with unit():
        for one in provisioned_groups.groups_by("name", name):
            if one.created or one.name != name:
                raise Refused("scim-taken", what="group", name=name)
        directory.add_groups([name])
        made = provisioned_groups.group_named(name)
        if made is None:
            raise AssertionError(name)
        moves = _moves(made, change)
        made = replace(made, external=change.external or "", created=act.now, modified=act.now)
        provisioned_groups.save_group(made)
        log.append("group-provisioned", act, {"group": name})
    _move(act, made, moves, Holdbacks())
    return made


def change_group(act: Act, number: str, edit: Edit, hold: Holdbacks) -> Group:
    """Change a group. Refused ``not-found``, ``scim-taken``, ``scim-named``, ``scim-member``, ``scim-cycle``, and whatever
    ``edit`` refuses."""
    require(act.actor, "provision")
    with unit():
        was = _known(number)
        change = edit(was, lambda: members_of(was))
        moves = _moves(was, change)
        name = change.name or was.name
        if name != was.name:
            _check_name(was, name)
        now = replace(was, external=was.external if change.external is None else change.external)
        if now != was or name != was.name or any((moves.join, moves.leave, moves.nest, moves.unnest)):
            now = replace(now, created=was.created or act.now, modified=act.now)
            provisioned_groups.save_group(now)
            log.append("group-changed", act, {"group": was.name} | ({"renamed": name} if name != was.name else {}))
    if name != was.name:
        _rename(act, now, name)
        now = replace(now, name=name)
    _move(act, now, moves, hold)
    return now


def remove_group(act: Act, number: str, hold: Holdbacks, check: Callable[[Group], None] = lambda group: None) -> None:
    """Remove a group: everybody leaves it, or waits to. Refused ``not-found``."""
    require(act.actor, "provision")
    with unit():
        was = _known(number)
        check(was)
        moves = _moves(was, Change(whole=True))
        above = frozenset(parent for child, parent in directory.nesting() if child == was.name)
        provisioned_groups.drop_group(was.number)
        log.append("group-removed", act, {"group": was.name})
    _move(act, was, moves, hold)
    _nest(act, frozenset(), frozenset((was.name, parent) for parent in above), hold)
    with unit():
        provisioned_groups.empty_group(was.name)


def members_of(group: Group) -> list[str]:
    """The ids of a group's direct members, as the directory counts them: people, then groups."""
    people = provisioned_groups.members(group.name)
    nested = provisioned_groups.groups_with(provisioned_groups.nested(group.name))
    return [*provisioned_groups.ids_of(people), *(one.id for _, one in sorted(nested.items()))]


def _known(number: str) -> Group:
    found = provisioned_groups.group(number)
    if found is None:
        raise Refused("not-found", what="group", name=number, nearest="none")
    return found


def _moves(group: Group, change: Change) -> _Moves:
    people, groups = provisioned_groups.resolve(change.add | change.remove)
    if unknown := sorted(change.add - people.keys() - groups.keys()):
        raise Refused("scim-member", name=unknown[0], count=len(unknown))
    join, leave = _named(people, change.add), _named(people, change.remove)
    nest, unnest = _named(groups, change.add), _named(groups, change.remove)
    within = frozenset(provisioned_groups.nested(group.name))
    if change.whole:
        here = frozenset(provisioned_groups.members(group.name))
        leave, unnest = here, within
    else:
        here = provisioned_groups.among(group.name, join | leave)
    edges = directory.nesting() | {(name, group.name) for name in nest}
    if nest - within and (cycle := cycle_in(edges)):
        raise Refused("scim-cycle", cycle=" → ".join(cycle))
    return _Moves(join - here, (leave - join) & here, nest - within, (unnest - nest) & within)


def _named(found: Mapping[str, Found], ids: frozenset[str]) -> frozenset[Found]:
    return frozenset(found[one] for one in ids if one in found)


def _check_name(was: Group, name: str) -> None:
    """A name by which an order calls the group, or that a carve-out hangs on, stays: people would be in another scope and nobody
    would know."""
    taken = provisioned_groups.groups_by("name", name) and name.lower() != was.name.lower()
    if taken or directory.size(name):
        raise Refused("scim-taken", what="group", name=name)
    scopes = [version.directive.applies_to.people for lineage in terms.issued() for version in lineage.versions]
    named = {one for people in scopes for one in people.groups}
    if was.name in named.union(*carved(directory.nesting()).values()):
        raise Refused("scim-named", name=was.name)


def _rename(act: Act, was: Group, name: str) -> None:
    """Its people, and the groups in it and above it, go over to the new name, and only then leave the old one."""
    people = sorted(directory.members({was.name}))
    for part in paced(iter(people)):
        with unit(), flipping(act, devices=directory.devices_of(part), people=part):
            directory.join([(person, name) for person in part])
            log.append("memberships-changed", act, {"group": name, "joined": len(part)})
    edges = directory.nesting()
    moved = frozenset((name if child == was.name else child, name if above == was.name else above) for child, above in edges)
    if moved != edges:
        write_nesting(act, "scim", edges | moved, silent)
    with unit():
        provisioned_groups.move_group(was, name)
        log.append("group-renamed", act, {"group": was.name, "renamed": name})
    if moved != edges:
        write_nesting(act, "scim", moved, silent)
    for part in paced(iter(people)):
        with unit():
            leaving.leave_groups(act, [(person, was.name) for person in part])
            log.append("memberships-changed", act, {"group": was.name, "left": len(part)})
    with unit():
        provisioned_groups.empty_group(was.name)


def _move(act: Act, group: Group, moves: _Moves, hold: Holdbacks) -> None:
    for people in paced(iter(sorted(moves.join))):
        with unit(), flipping(act, devices=directory.devices_of(people), people=people):
            directory.join([(person, group.name) for person in people])
            log.append("memberships-changed", act, {"group": group.name, "joined": len(people)})
    for people in paced(iter(sorted(moves.leave))):
        with unit():
            _leave(act, group.name, people, hold)
    _nest(
        act,
        frozenset((name, group.name) for name in moves.nest),
        frozenset((name, group.name) for name in moves.unnest),
        hold,
    )


def _leave(act: Act, name: str, people: Collection[int], hold: Holdbacks) -> None:
    found = leaving.sort_out(act, [(person, name) for person in people], hold)
    leaving.leave_groups(act, found.go)
    for batch in sorted(set(found.wait.values())):
        departures.hold_members([pair for pair, waits in found.wait.items() if waits == batch], batch)
    log.append("memberships-changed", act, {"group": name, "left": len(found.go), "waiting": len(found.wait)})


def _nest(act: Act, nest: frozenset[tuple[str, str]], unnest: frozenset[tuple[str, str]], hold: Holdbacks) -> None:
    if not nest and not unnest:
        return
    with unit():
        departures.hold_nesting(nest, None)
        wait = leaving.end_nesting(act, unnest, hold)
        for edge, batch in wait.items():
            departures.hold_nesting([edge], batch)
    write_nesting(act, "scim", (directory.nesting() | nest) - (unnest - wait.keys()), silent)
