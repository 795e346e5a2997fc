"""People from a CSV file: ``login,email,name,zone,locale,country,groups,employment``, where it is known also ``manager``, and
groups within groups.

Pure: lines in, people and problems out. What a row may say is decided here and nowhere else.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Protocol
from zoneinfo import available_timezones

from countermand.core.people import Person, normal_login
from countermand.core.table import FIELD, ColumnMapping, Problems, Row, Shape, items, rows

PEOPLE = Shape(
    ("login", "email", "name", "zone", "locale", "country", "groups", "employment", "manager"),
    optional=frozenset({"manager"}),
    long=frozenset({"groups"}),
)
GROUPS = Shape(("group", "member_of"))

# ISO 3166-1 alpha-2, officially assigned, and XK, which directories use for Kosovo.
_ISO_3166 = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC "
    "CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD "
    "GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH "
    "KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW "
    "MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC "
    "SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY "
    "UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_ISO_3166.split())
EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+")
LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


def parse(lines: Iterable[bytes], problems: Problems, mapping: ColumnMapping | None = None) -> Iterator[tuple[int, Person]]:
    """(line, person) of every good row; what is wrong with the others is in ``problems``. Each login stands once. ``mapping``:
    how another table is read as this one."""
    return people(rows(lines, PEOPLE, problems, mapping), problems)


class First(Protocol):
    """Login → the row where it stood first."""

    def setdefault(self, login: str, row: int, /) -> int: ...


def people(found: Iterable[Row], problems: Problems) -> Iterator[tuple[int, Person]]:
    """The same of rows that were read already."""
    first: dict[str, int] = {}
    for row in found:
        if person := checked(row, first, problems):
            yield row.line, person


def checked(row: Row, first: First, problems: Problems) -> Person | None:
    """The person of one row, None if it is wrong. ``first``: login → the row where it stood first, kept by the caller."""
    before = problems.count
    login = _login(row, problems)
    if login and (stands := first.setdefault(login, row.line)) != row.line:
        problems.add("csv-twice", row.line, "login", value=login, first=stands)
    person = _person(row, login, problems)
    return person if problems.count == before else None


def _login(row: Row, problems: Problems) -> str:
    login = normal_login(row["login"])
    if login.split() != [login]:
        problems.value(row.line, "login", row["login"], "a login", "the name the person signs in to mail with, without spaces")
    return login


def _person(row: Row, login: str, problems: Problems) -> Person:
    if row["email"] and not EMAIL.fullmatch(row["email"]):
        problems.value(row.line, "email", row["email"], "a mail address", "one address like alice@example.org, or nothing")
    if row["zone"] and (near := _nearest_zone(row["zone"])):
        problems.value(row.line, "zone", row["zone"], "a time zone", f"an IANA name like {near}, or nothing")
    if row["locale"] and not _is_locale(row["locale"]):
        problems.value(row.line, "locale", row["locale"], "a locale", "a language tag like de or en-GB, or nothing")
    country = row["country"].upper()
    if country and country not in COUNTRIES:
        problems.value(row.line, "country", row["country"], "a country", "its two letters of ISO 3166, like DE, or nothing")
    groups = _groups(row["groups"])
    for group in groups if len(row["groups"]) > FIELD else ():
        if len(group) > FIELD:
            problems.value(row.line, "groups", group, "a group's name", f"at most {FIELD} characters")
    manager = normal_login(row["manager"])
    if manager and manager.split() != [manager]:
        problems.value(row.line, "manager", row["manager"], "a login", "the login of the person's manager, or nothing")
    return Person(
        login=login,
        email=row["email"],
        name=row["name"],
        zone=row["zone"],
        locale=row["locale"],
        country=country,
        employment=row["employment"] or "employee",
        groups=groups,
        manager=manager,
    )


@cache
def _nearest_zone(zone: str) -> str:
    """'' if this is a zone, else the name that looks most like it."""
    known = available_timezones()
    if zone in known:
        return ""
    return difflib.get_close_matches(zone, sorted(known), 1, 0.0)[0]


@cache
def _is_locale(text: str) -> bool:
    return LOCALE.fullmatch(text) is not None


@cache
def _groups(cell: str) -> frozenset[str]:
    return items(cell)


def parse_nesting(lines: Iterable[bytes], problems: Problems) -> frozenset[tuple[str, str]]:
    """(group, the group it is a member of) of every good row. A cycle is a problem that names the groups in it."""
    return nesting(rows(lines, GROUPS, problems), problems)


def nesting(found: Iterable[Row], problems: Problems) -> frozenset[tuple[str, str]]:
    """The same of rows that were read already."""
    edges: dict[tuple[str, str], int] = {}
    for row in found:
        if not row["group"] or not row["member_of"]:
            column = "group" if not row["group"] else "member_of"
            problems.value(row.line, column, "", "a group's name", "the name of a group")
            continue
        edges.setdefault((row["group"], row["member_of"]), row.line)
    if cycle := cycle_in(edges):
        line = edges[(cycle[0], cycle[1])]
        problems.add("group-cycle", line, "member_of", cycle=" → ".join(cycle))
    return frozenset(edges)


def cycle_in(edges: Iterable[tuple[str, str]]) -> list[str]:
    """A cycle among (group, member_of) pairs, as groups from the first back to itself; [] if there is none."""
    parents: dict[str, set[str]] = {}
    for child, parent in sorted(edges):
        parents.setdefault(child, set()).add(parent)
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as cyclic:
        return list(reversed(cyclic.args[1]))
    return []
