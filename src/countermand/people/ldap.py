"""People and groups as an LDAP directory speaks of them. Pure: entries in; people, groups and problems out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from countermand.config.people import Names as Names
from countermand.core.people import Person, normal_login
from countermand.core.table import FIELD, Problems, Row
from countermand.people import csv, places
from countermand.people.csv import cycle_in as cycle_in
from countermand.people.ldif import Entry

_SPACES = re.compile(r"\s*([,=+])\s*")
_ESCAPED = re.compile(r"\\([,=+])")
_RANGE = re.compile(r"range=(\d+)-(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Found:
    """A person as found, without groups; ``manager`` is a name of the directory's here."""

    key: str
    dn: str
    person: Person
    manager: str


@dataclass(slots=True)
class Groups:
    """``members``: group → names of members as the directory writes them, made alike; ``at``: the group's own name there → group;
    ``cut``: (the directory's name, how many members it gave) of groups whose members it did not give at once."""

    members: dict[str, set[str]] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)
    cut: list[tuple[str, int]] = field(default_factory=list)


def alike(dn: str) -> str:
    """The one spelling of a name of the directory."""
    plain = _ESCAPED.sub(lambda found: f"\\{ord(found[1]):02x}", dn.strip())
    return _SPACES.sub(r"\1", plain).casefold()


def people(found: Iterable[Entry], names: Names, problems: Problems) -> Iterator[Found]:
    """Everybody; what is wrong with the others is in ``problems``. Each login stands once; an entry without one is nobody."""
    first: dict[str, int] = {}
    for number, entry in enumerate(found, 1):
        if not entry.first(names.login):
            continue
        cells = {
            "login": entry.first(names.login),
            "email": entry.first(names.email),
            "name": entry.first(names.name) or entry.first("cn"),
            "zone": places.zone(entry.first(names.zone)),
            "locale": places.locale(entry.first(names.language)),
            "country": places.country(entry.first(names.country)),
            "groups": "",
            "employment": entry.first(names.employment),
            "manager": "",  # the name of an entry: whose login it is, is known when all were read
        }
        before = problems.count
        for column, text in cells.items():
            if len(text) > FIELD or not text.isprintable():
                problems.value(number, column, text, "a value", f"at most {FIELD} characters that can be printed")
        person = csv.checked(Row(number, cells), first, problems) if problems.count == before else None
        if person is not None:
            key = entry.first(names.key) or alike(entry.dn)
            yield Found(key, alike(entry.dn), person, alike(entry.first(names.manager)))


def groups(found: Iterable[Entry], names: Names, problems: Problems) -> Groups:
    """Every group with its members, as names of the directory or, where a value is no such name, as logins."""
    made = Groups()
    for number, entry in enumerate(found, 1):
        name = entry.first(names.group)
        if not name:
            continue
        if len(name) > FIELD or not name.isprintable() or ";" in name:
            problems.value(number, "group", name, "a group's name", f"at most {FIELD} characters, without a semicolon")
            continue
        if name in made.members:
            problems.add("csv-twice", number, "group", value=name, first=list(made.members).index(name) + 1)
            continue
        made.at[alike(entry.dn)] = name
        values, rest = members(entry, names)
        made.members[name] = {member_of(value) for value in values}
        if rest is not None:
            made.cut.append((entry.dn, rest))
    return made


def members(entry: Entry, names: Names) -> tuple[tuple[str, ...], int | None]:
    """The members that an entry gives, and how many there were so far if there are more: Active Directory gives 1,500 at once."""
    wanted = names.member.lower()
    values, rest = entry.values.get(wanted, ()), None
    for name, some in entry.values.items():
        attribute, _, option = name.partition(";")
        part = _RANGE.fullmatch(option)
        if attribute == wanted and part is not None:
            values += some
            rest = None if part[2] == "*" else int(part[2]) + 1
    return values, rest


def member_of(value: str) -> str:
    """A member as it is compared: a name of the directory, or a login."""
    return alike(value) if "=" in value else normal_login(value)


def memberships(found: Groups, logins: Mapping[str, str]) -> tuple[dict[str, frozenset[str]], frozenset[tuple[str, str]]]:
    """(login → groups it is in directly, (group, the group it is a member of)). ``logins``: the directory's name → login. Members
    that are neither are somebody who is not asked for: a computer, a contact."""
    known = set(logins.values())
    direct: dict[str, set[str]] = {}
    edges = set()
    for name, those in found.members.items():
        for one in those:
            if one in found.at:
                edges.add((found.at[one], name))
            elif (login := logins.get(one, one if one in known else "")) != "":
                direct.setdefault(login, set()).add(name)
    return {login: frozenset(groups) for login, groups in direct.items()}, frozenset(edges)
