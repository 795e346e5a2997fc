"""Bring people and groups: a directory as files. An import updates and adds; it never removes anybody.

Whatever a changed person decides about devices (country, zone, groups and all that hangs on them) moves in the same
transaction, for the person and for each device of theirs.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core import holdback
from countermand.core import mapping as mappings
from countermand.core.errors import Refused
from countermand.core.facts import BLOCK_SIZE
from countermand.core.languages import spoken
from countermand.core.people import Person
from countermand.flows.files import Brought, Lines, Progress, chunks, paced, settle_doubts, silent
from countermand.flows.flipping import flipping
from countermand.people import csv
from countermand.store import departures, directory, feed, known, log, sets, terms
from countermand.store.hauling import hauling
from countermand.store.unit import reading, unit

#: New logins told to the gates one by one; more, by the block they are in.
FEW_LOGINS = 64
#: People whom one unit writes: under ``_FEWEST`` most of what it costs would be the sets, which many people share.
_FEWEST, _MOST = 250, 2_000


def bring_people(
    act: Act,
    path: Path,
    *,
    whole: bool = True,
    dry_run: bool = False,
    confirmed: bool = True,
    progress: Progress = silent,
    hold: Holdbacks = Holdbacks(),  # noqa: B008  # frozen
    mapping: str = "",
) -> Brought:
    """Import a people CSV, or another table with a ``mapping`` (core.mapping).

    ``whole``: the file is the whole directory. Whoever starts an import by hand confirms it; with
    ``confirmed`` false it is refused ``import-held`` if something asks for a second look, and nothing is written.

    RefusedMany with every problem of the file; nothing is written then.
    """
    require(act.actor, "import")
    lines = Lines(path, mappings.parse(mapping, csv.PEOPLE.columns) if mapping else None)
    problems = lines.problems()
    counted = check_people((person for _, person in csv.parse(lines.read(), problems, lines.mapping)), whole=whole, hold=hold)
    problems.refuse_if_any()
    if dry_run:
        return counted
    settle_doubts(counted.doubts, confirmed=confirmed)
    write_people(act, lines.digest, (person for _, person in csv.parse(lines.read(), lines.problems(), lines.mapping)), progress)
    return counted


def write_people(act: Act, file: str, people: Iterator[Person], progress: Progress) -> None:
    """Write people that were checked, in chunks that are each one short transaction; ``file``: the digest of what says so."""
    done = 0
    with hauling() as settle:
        for part in paced(people, _FEWEST, _MOST):
            with unit():
                found = _apply(act, part)
                log.append("people-imported", act, {"file": file, "from_row": done, "rows": len(part), **found})
            settle()
            done += len(part)
            progress(len(part))


def check_people(people: Iterator[Person], *, whole: bool, hold: Holdbacks) -> Brought:
    """What these people would change, and what asks for a second look. Whoever calls looks at the problems afterwards."""
    counted, left = _check_people(people)
    doubts = _shrinking(left, hold)
    if whole and (small := _small_directory(counted.rows, hold)):
        doubts.append(small)
    return replace(counted, doubts=tuple(doubts))


def _check_people(people: Iterator[Person]) -> tuple[Brought, dict[str, int]]:
    """Counts of these people, and how many would leave each carve-out."""
    rows = added = changed = 0
    left: dict[str, int] = {}
    with reading():
        outs = carved(directory.nesting())
        for part in chunks(people):
            stored = _stored(part)
            rows += len(part)
            added += sum(person.login not in stored for person in part)
            gone = directory.left([ordinal for ordinal, _ in stored.values()])
            for person in part:
                ordinal, was = stored.get(person.login, (-1, person))
                changed += was != _with_manager(person, was) or ordinal in gone
                for name, within in outs.items():
                    left[name] = left.get(name, 0) + (not within.isdisjoint(was.groups) and within.isdisjoint(person.groups))
    return Brought(rows, added, changed), left


def carved(edges: Collection[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Each group that keeps people from being denied, with all groups within it: those that an issued version excludes, and
    those that an exemption in force releases."""
    scopes = [version.directive.applies_to.people for lineage in terms.issued() for version in lineage.versions]
    excluded = {name for people in scopes for name in people.except_groups}
    return {name: below({name}, edges) for name in excluded | departures.carved_by_exemption()}


def _stored(people: Sequence[Person]) -> dict[str, tuple[int, Person]]:
    ordinals = directory.find([person.login for person in people])
    stored = directory.load(ordinals.values())
    return {login: (ordinal, stored[ordinal]) for login, ordinal in ordinals.items()}


def _with_manager(person: Person, was: Person) -> Person:
    """A file that does not name somebody's manager leaves whoever was known."""
    return person if person.manager or not was.manager else replace(person, manager=was.manager)


def _small_directory(rows: int, hold: Holdbacks) -> Refused | None:
    last = directory.count_active()
    if not holdback.set_is_small(rows, last, hold.set_floor):
        return None
    return Refused("set-small", source="The directory", count=rows, last=last)


def _shrinking(left: Mapping[str, int], hold: Holdbacks) -> list[Refused]:
    """Carve-outs that would lose many people. Who joins does not make up for who leaves."""
    with reading():
        before = {name: len(directory.members(within)) for name, within in carved(directory.nesting()).items()}
    return [
        Refused("set-shrank", what=f"Group {name}", before=before[name], after=before[name] - count)
        for name, count in sorted(left.items())
        if holdback.shrank(before[name], before[name] - count, hold.shrink_floor, hold.shrink_share)
    ]


def _apply(act: Act, people: Sequence[Person]) -> dict[str, int]:
    stored = _stored(people)
    new = [person for person in people if person.login not in stored]
    pairs = {stored[one.login][0]: (stored[one.login][1], one) for one in people if one.login in stored}
    gone = directory.left(pairs)
    named = {ordinal: (was, _with_manager(person, was)) for ordinal, (was, person) in pairs.items()}
    changed = {ordinal: pair for ordinal, pair in named.items() if pair[0] != pair[1] or ordinal in gone}
    with flipping(act, devices=directory.devices_of(changed), people=changed):
        directory.change(changed)
    tell_gates(
        {
            ordinal: after
            for ordinal, (before, after) in changed.items()
            if ordinal in gone or spoken(before.locale) != spoken(after.locale)
        }
    )
    if new:
        add_people(dict(zip(directory.give_ordinals(len(new)), new, strict=True)))
    return {"added": len(new), "changed": len(changed)}


def add_people(people: Mapping[int, Person]) -> None:
    """New people have no devices yet, so only their own sets and the gates hear of them."""
    directory.add(people)
    sets.enter(sets.PEOPLE, known.kinds_of_people(people.keys()))
    tell_gates(people)


def tell_gates(people: Mapping[int, Person]) -> None:
    """Gates are to hear whose these logins are, and in which language they are spoken to."""
    if len(people) <= FEW_LOGINS:
        for person in people.values():
            feed.mark("logins", person.login)
    else:
        for block in sorted({ordinal // BLOCK_SIZE for ordinal in people}):
            feed.mark("logins", "", block)


def bring_groups(act: Act, path: Path, *, dry_run: bool = False, confirmed: bool = True, progress: Progress = silent,
                 hold: Holdbacks = Holdbacks()) -> Brought:  # noqa: B008  # fmt: skip
    """Import which groups are members of which (``group,member_of``). The file is the whole nesting: what it does not
    name ends. RefusedMany with every problem, a cycle among them by its groups; nothing is written then."""
    require(act.actor, "import")
    lines = Lines(path)
    problems = lines.problems()
    wanted = csv.parse_nesting(lines.read(), problems)
    problems.refuse_if_any()
    counted = check_nesting(wanted, hold)
    if not dry_run:
        settle_doubts(counted.doubts, confirmed=confirmed)
        write_nesting(act, lines.digest, wanted, progress)
    return counted


def check_nesting(wanted: frozenset[tuple[str, str]], hold: Holdbacks) -> Brought:
    """What this nesting of groups would change, and what asks for a second look."""
    with reading():
        stored = directory.nesting()
        left = {name: len(_leaving(name, stored, wanted)) for name in carved(stored)}
    doubts = _shrinking(left, hold)
    return Brought(len(wanted), len(wanted - stored), len(stored - wanted), doubts=tuple(doubts))


def write_nesting(act: Act, file: str, wanted: frozenset[tuple[str, str]], progress: Progress) -> None:
    """Make this the nesting of groups, if it is another one: person by person, in short transactions. Meanwhile the new nesting
    holds for people up to an ordinal and the old one for the others, in rows and sets alike. What an earlier import did not
    finish is finished first."""
    coming, going, _ = directory.unfinished_nesting()
    if coming or going:
        _nest(act, file, directory.nesting() - going)
    if wanted != directory.nesting():
        _nest(act, file, wanted)
    progress(len(wanted))


def _leaving(group: str, before: Collection[tuple[str, str]], after: Collection[tuple[str, str]]) -> frozenset[int]:
    return directory.members(below({group}, before)) - directory.members(below({group}, after))


def _nest(act: Act, file: str, wanted: frozenset[tuple[str, str]]) -> None:
    stored = directory.nesting()
    coming, _, cursor = directory.unfinished_nesting()
    added, removed = (wanted - stored) | (coming & wanted), stored - wanted
    about = {"file": file, "added": len(added), "removed": len(removed)}
    while True:
        for part in paced(iter(sorted(_concerned(added | removed, stored | wanted, cursor)))):
            with unit(), flipping(act, devices=directory.devices_of(part), people=part):
                cursor = part[-1] + 1
                directory.nest(added, removed, cursor)
                log.append("groups-nesting", act, {**about, "people": len(part)})
        with unit():
            if not _concerned(added | removed, stored | wanted, cursor):  # else somebody came into these groups meanwhile
                directory.nest(added, removed)
                log.append("groups-nested", act, about)
                return


def _concerned(changed: Collection[tuple[str, str]], edges: Collection[tuple[str, str]], cursor: int) -> frozenset[int]:
    """People with ordinals from ``cursor`` on for whom these edges mean anything."""
    people = directory.members(below({child for child, _ in changed}, edges))
    return frozenset(person for person in people if person >= cursor)


def below(groups: Collection[str], edges: Collection[tuple[str, str]]) -> frozenset[str]:
    """These groups and all that are members of them through any number of steps."""
    children: dict[str, list[str]] = {}
    for child, parent in edges:
        children.setdefault(parent, []).append(child)
    found, waiting = set(groups), list(groups)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return frozenset(found)
