"""Bring people and groups from an LDAP directory, which is read and never written. Its answer is the whole directory: who was
listed and is no more has left, and an answer that is suddenly much smaller waits for a person, as a file does.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from countermand.access import Act, require
from countermand.config import Holdbacks, Ldap
from countermand.core.errors import Refused
from countermand.core.people import Person
from countermand.core.table import Problems
from countermand.flows import leaving
from countermand.flows.bring_people import check_nesting, check_people, write_nesting, write_people
from countermand.flows.files import Brought, Progress, paced, settle_doubts, silent
from countermand.flows.provision import rename
from countermand.lib import ldapsearch
from countermand.people import ldap, ldif
from countermand.people.ldap import Found
from countermand.people.ldif import Entry
from countermand.store import directory, held, listed, log, provisioned
from countermand.store.unit import reading, unit

#: The kind of held batch by which a sync that needs a second look is shown.
HELD = "ldap"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the directory said: a file of people that is read as often as needed, and what follows from the whole of it.

    ``renamed``: person → (login before, login now); ``gone``: who is listed no more; ``keys``: login → key.
    """

    read: Callable[[], Iterator[Person]]
    digest: str
    edges: frozenset[tuple[str, str]]
    renamed: Mapping[int, tuple[str, str]]
    gone: frozenset[int]
    keys: Mapping[str, str]


def bring_ldap(
    act: Act,
    settings: Ldap,
    state_dir: Path,
    *,
    dry_run: bool = False,
    confirmed: bool = False,
    progress: Progress = silent,
    hold: Holdbacks = Holdbacks(),  # noqa: B008  # frozen
) -> Brought:
    """Read the directory and make people and groups what it says. Refused ``ldap-unset``, ``ldap-missing``, ``ldap-insecure``,
    ``ldap-failed``, ``ldap-answer``, ``import-held`` if something asks for a second look that nobody ``confirmed``; RefusedMany
    with whatever is wrong with single people. Nothing is written then."""
    require(act.actor, "import")
    if not settings.url:
        raise Refused("ldap-unset")
    folder = state_dir / "ldap"
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as open_:
        place = Path(open_.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        answer = _asked(settings, place)
        counted = _checked(answer, hold)
        if not dry_run:
            settle_doubts(counted.doubts, confirmed=confirmed)
            _write(act, answer, progress)
            _settled(act)
    return counted


def sync_ldap(act: Act, settings: Ldap, state_dir: Path, hold: Holdbacks) -> Brought | None:
    """The worker's turn: read the directory and take what it says. What asks for a second look is shown among what waits, and
    nothing is written; None then. Refused as ``bring_ldap``."""
    try:
        return bring_ldap(act, settings, state_dir, hold=hold)
    except Refused as refused:
        if refused.code != "import-held":
            raise
        with unit():
            waits = held.waiting_of(HELD, settings.url)
            if waits is None:
                number = held.hold(HELD, settings.url, "import-held", refused.params, [], act.now)
                log.append("held", act, {"held": number, "why": "import-held"})
            else:
                held.recount(waits.pk, refused.params)
        return None


def _settled(act: Act) -> None:
    """What waited is answered by a sync that was written."""
    for row in held.waiting():
        if row.kind == HELD:
            with unit():
                held.decided(row.pk, act.actor.name, act.now, released=True)
                log.append("released", act, {"held": row.pk, "why": row.why})


def _asked(settings: Ldap, place: Path) -> _Answer:
    server = ldapsearch.Server(settings.url, settings.bind_dn, settings.password, settings.starttls, settings.ca_file)
    found, groups = place / "people.ldif", place / "groups.ldif"
    ldapsearch.search(server, settings.base, settings.people, settings.of_people, found)
    ldapsearch.search(server, settings.groups_base or settings.base, settings.groups, settings.of_groups, groups)
    problems = Problems("directory")
    made = ldap.groups(_entries(groups), settings, problems)
    for dn, rest in made.cut:
        made.members[made.at[ldap.alike(dn)]] |= _rest(server, dn, rest, settings, place)
    logins, keys, managers = dict[str, str](), dict[str, str](), dict[str, str]()
    for one in ldap.people(_entries(found), settings, problems):
        logins[one.dn], keys[one.person.login] = one.person.login, one.key
        managers[one.person.login] = one.manager
    problems.refuse_if_any()
    direct, edges = ldap.memberships(made, logins)
    if cycle := ldap.cycle_in(edges):
        raise Refused("scim-cycle", cycle=" → ".join(cycle))

    def read() -> Iterator[Person]:
        for one in ldap.people(_entries(found), settings, Problems("directory")):
            yield _with_groups(one, direct, logins)

    with reading():
        renamed, gone = _compared(keys)
    return _Answer(read, _digest(found, groups), edges, renamed, gone, keys)


def _with_groups(one: Found, direct: Mapping[str, frozenset[str]], logins: Mapping[str, str]) -> Person:
    return replace(one.person, groups=direct.get(one.person.login, frozenset()), manager=logins.get(one.manager, ""))


def _rest(server: ldapsearch.Server, dn: str, start: int, names: ldap.Names, place: Path) -> set[str]:
    """The members that a directory did not give at once, range by range."""
    found: set[str] = set()
    more: int | None = start
    while more is not None:
        file = place / "range.ldif"
        asked = [f"{names.member};range={more}-*"]
        ldapsearch.search(server, dn, "(objectClass=*)", asked, file, scope="base")
        values: tuple[str, ...] = ()
        more = None
        for entry in _entries(file):
            values, more = ldap.members(entry, names)
        if more is not None and not values:
            raise Refused("ldap-answer", line=0, why="a range of members is empty")
        found |= {ldap.member_of(value) for value in values}
    return found


def _entries(file: Path) -> Iterator[Entry]:
    with file.open("rb") as lines:
        yield from ldif.entries(lines)


def _digest(*files: Path) -> str:
    seen = sha256()
    for one in files:
        with one.open("rb") as file:
            while piece := file.read(1 << 20):
                seen.update(piece)
    return seen.hexdigest()


def _compared(keys: Mapping[str, str]) -> tuple[dict[int, tuple[str, str]], frozenset[int]]:
    """Whose login changed, and who is listed no more."""
    known = listed.keys()
    stored = directory.logins(known.values())
    by_key = {key: login for login, key in keys.items()}
    renamed = {
        person: (stored[person], by_key[key]) for key, person in known.items() if key in by_key and by_key[key] != stored[person]
    }
    return renamed, frozenset(person for key, person in known.items() if key not in by_key)


def _checked(answer: _Answer, hold: Holdbacks) -> Brought:
    before = {now: was for was, now in answer.renamed.values()}

    def as_before() -> Iterator[Person]:
        for person in answer.read():
            yield replace(person, login=before.get(person.login, person.login))

    people = check_people(as_before(), whole=True, hold=hold)
    nesting = check_nesting(answer.edges, hold)
    changed = people.changed + len(answer.gone)
    doubts = {str(doubt): doubt for doubt in (*people.doubts, *nesting.doubts)}
    return replace(people, changed=changed, moved=0, doubts=tuple(doubts.values()))


def _write(act: Act, answer: _Answer, progress: Progress) -> None:
    waiting = dict(answer.renamed)
    while waiting:
        taken = directory.find([now for _, now in waiting.values()])
        free = [person for person, (_, now) in waiting.items() if taken.get(now, person) == person]
        if not free:
            raise Refused("scim-taken", what="person", name=sorted(now for _, now in waiting.values())[0])
        for person in free:
            _, now = waiting.pop(person)
            with unit():
                entry = provisioned.entries([person], gone=True)[person]
                rename(act, entry, now)
                provisioned.remember_login(entry, act.now)
    write_people(act, answer.digest, answer.read(), progress)
    write_nesting(act, answer.digest, answer.edges, silent)
    ordinals = directory.find(answer.keys.keys())
    known = {person: key for key, person in listed.keys().items()}
    fresh = [(ordinals[login], key) for login, key in answer.keys.items() if known.get(ordinals[login]) != key]
    for part in paced(iter(fresh)):
        with unit():
            listed.save(dict(part))
            log.append("people-listed", act, {"people": len(part)})
    for people in paced(iter(sorted(answer.gone))):
        with unit():
            there = sorted(set(people) - directory.left(people))
            leaving.leave_directory(act, there)
            listed.drop(people)
            log.append("people-left", act, {"file": answer.digest, "people": len(there)})
