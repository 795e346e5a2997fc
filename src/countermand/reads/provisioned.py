"""People and groups as a directory that provisions them sees them: what it said, held to what is known since."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.people import normal_login
from countermand.people import scim
from countermand.people.scim import LoginFrom, Member, Shown
from countermand.store import directory, provisioned, provisioned_groups
from countermand.store.provisioned import Entry
from countermand.store.provisioned_groups import Group
from countermand.store.unit import reading

__all__ = ["Entry", "Group", "Root", "group", "groups", "people", "person"]

#: Most people or groups that are looked through for a question that no index answers.
MOST = 20_000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Root:
    """Where resources are found, and what a login is made from."""

    url: str
    login_from: LoginFrom = "userName"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which resources: ``by`` (column, value) that an index answers and that narrows the rest, None for all; ``fits`` what then
    has to hold, None for anything; from the ``start``-th of them on (counted from 0), ``count`` of them."""

    by: tuple[str, str] | None
    fits: Callable[[Any], bool] | None
    start: int
    count: int


def person(act: Act, number: str, root: Root) -> Any:
    """The resource of a person. Refused ``not-found``."""
    require(act.actor, "provision")
    with reading():
        found = provisioned.entry(number)
        if found is None:
            raise Refused("not-found", what="person", name=number, nearest="none")
        return next(_resources([found], root))


def of_entry(entry: Entry, root: Root) -> Any:
    """The resource of a person who was just read or written."""
    with reading():
        return next(_resources([entry], root))


def people(act: Act, asked: Asked, root: Root) -> tuple[int, list[Any]]:
    """How many people are meant, and the page of them. Refused ``scim-many``."""
    require(act.actor, "provision")
    with reading():
        if asked.by is None and asked.fits is None:
            total = provisioned.count()
            found = provisioned.entries(provisioned.page(asked.start, asked.count)) if asked.count else {}
            return total, list(_resources(list(found.values()), root))
        return _fitting((_resources(part, root) for part in _candidates(asked.by)), asked)


def _candidates(by: tuple[str, str] | None) -> Iterator[list[Entry]]:
    if by is None:
        if provisioned.count() > MOST:
            raise Refused("scim-many")
        for start in range(0, MOST, _AT_ONCE):
            if part := provisioned.page(start, _AT_ONCE):
                yield list(provisioned.entries(part).values())
        return
    column, value = by
    if column == "id":
        one = provisioned.entry(value)
        yield [] if one is None else [one]
    else:
        wanted = normal_login(value) if column == "login" else value
        yield list(provisioned.entries(provisioned.ordinals_by(column, wanted)).values())


def _fitting(parts: Iterator[Iterator[Any]], asked: Asked) -> tuple[int, list[Any]]:
    total, page = 0, []
    for part in parts:
        for resource in part:
            if asked.fits is None or asked.fits(resource):
                if asked.start <= total < asked.start + asked.count:
                    page.append(resource)
                total += 1
    return total, page


def _resources(entries: Sequence[Entry], root: Root) -> Iterator[Any]:
    groups = provisioned_groups.groups_of([one.ordinal for one in entries])
    managers = directory.find({one.person.manager for one in entries if one.person.manager})
    known = provisioned.entries(managers.values())
    for one in entries:
        boss = known.get(managers.get(one.person.manager, -1))
        yield scim.user(
            Shown(
                id=one.id,
                person=one.person,
                active=one.active and one.held is None,
                said=one.said,
                manager=(boss.id, boss.person.name) if boss else None,
                groups=tuple((group.id, group.name) for group in groups.get(one.ordinal, ())),
                created=one.created,
                modified=one.modified,
            ),
            root.url,
            root.login_from,
        )


def group(act: Act, number: str, root: Root, *, members: bool = True) -> scim.Group:
    """The resource of a group. Refused ``not-found``."""
    require(act.actor, "provision")
    with reading():
        found = provisioned_groups.group(number)
        if found is None:
            raise Refused("not-found", what="group", name=number, nearest="none")
        return of_group(found, root, members=members)


def of_group(found: Group, root: Root, *, members: bool = True) -> scim.Group:
    """The resource of a group that was just read or written."""
    times = (found.created, found.modified)
    listed = _members(found, root) if members else None
    return scim.group(found.id, found.name, found.external, times, root.url, listed)


def groups(act: Act, asked: Asked, root: Root, *, members: bool = True) -> tuple[int, list[scim.Group]]:
    """How many groups are meant, and the page of them. Refused ``scim-many``."""
    require(act.actor, "provision")
    with reading():
        if asked.by is None and asked.fits is None:
            total = provisioned_groups.count_groups()
            page = provisioned_groups.groups(asked.start, asked.count) if asked.count else []
            return total, [of_group(one, root, members=members) for one in page]
        found = _candidate_groups(asked.by)
        return _fitting(iter([(of_group(one, root) for one in found)]), asked)


def _candidate_groups(by: tuple[str, str] | None) -> Collection[Group]:
    if by is None:
        if provisioned_groups.count_groups() > MOST:
            raise Refused("scim-many")
        return provisioned_groups.groups(0, MOST)
    column, value = by
    if column == "id":
        one = provisioned_groups.group(value)
        return [] if one is None else [one]
    if column == "member":
        return provisioned_groups.groups_of_member(value)
    return provisioned_groups.groups_by(column, value)


def _members(found: Group, root: Root) -> list[Member]:
    ordinals = provisioned_groups.members(found.name)
    names = provisioned_groups.names_of(ordinals)
    people = [
        scim.member(number, names.get(one, ""), "User", root.url)
        for one, number in zip(ordinals, provisioned_groups.ids_of(ordinals), strict=True)
    ]
    nested = provisioned_groups.groups_with(provisioned_groups.nested(found.name))
    return people + [scim.member(one.id, one.name, "Group", root.url) for _, one in sorted(nested.items())]
