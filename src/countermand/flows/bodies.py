"""What records say: for each mark, the absolute state as the rows are now. Part of publishing; changes nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from countermand.core import disowned, schedule
from countermand.core.decision import Entries, Standing, merged
from countermand.core.directive import Directive, OnUnknown
from countermand.core.instants import Instant
from countermand.core.languages import LANGUAGES, SOURCE
from countermand.core.terms import Lineage, needs_to_deny
from countermand.core.timeline import timeline, unregistered
from countermand.lib.words import say, word
from countermand.snapshot import records
from countermand.snapshot.hashes import Hashes
from countermand.snapshot.records import Kind
from countermand.store import directives, mailnames, sets, terms
from countermand.store.feed import Mark, unpaired

Thing = TypeVar("Thing")
#: Names per record: enough to be few, small enough that a gate takes one in milliseconds.
_NAMES = 2_000
_NOT_HERE = word("Mail is not available on this device.")
_NOT_MINE = word(
    "The owner of this mail account said that this device is not theirs. If that is a mistake, they can take it back on their"
    " page, or ask the help desk."
)


@dataclass(frozen=True, slots=True)
class Said:
    """A record's kind and body, before it has a number."""

    kind: Kind
    body: dict[str, Any]


def standing(name: str, house: str = SOURCE) -> Standing:
    """What gates know of a lineage besides whom it denies. One that is not issued (any more) denies nobody. ``house``: the
    language of whoever has none in the directory."""
    if name == disowned.LINEAGE:
        said = {one: f"{say(one, _NOT_HERE)}\n\n{say(one, _NOT_MINE)}" for one in LANGUAGES}
        return disowned.standing(said.pop(house), tuple(said.items()), house)
    lineage, row = terms.lineage(name), directives.lineage(name)
    if lineage is None or row is None or row.ended_at is not None:
        return Standing(name, False, False, 0, None, 0, OnUnknown.ALLOW)
    directive = lineage.current.directive
    return Standing(
        id=name,
        live=True,
        halted=row.halted_at is not None,
        not_before=row.not_before,
        sunset=schedule.ends_at(directive),
        max_staleness=directive.gate.max_staleness,
        on_stale=directive.gate.on_stale,
        text=words(directive, house),
        texts=tuple((one, words(directive, one)) for one in LANGUAGES if one != house) if row.halted_at is None else (),
        language=house,
    )


def words(directive: Directive, language: str) -> str:
    """What the phone of a denied person is shown. No link: links in such texts teach people to be phished."""
    return "\n\n".join(
        (
            say(language, _NOT_HERE),
            f"{directive.title}. {directive.reason}",
            say(
                language,
                "Once that is done and your device has reported it, mail works again by itself. Questions: {issuer}.",
                issuer=directive.issuer,
            ),
        )
    )


def bodies(marks: Iterable[Mark], hashes: Hashes, now: Instant) -> Iterator[Said]:
    """The records for these marks, those that end denials or correct names before those that could begin any."""
    found: dict[str, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.kind, []).append(mark)
    yield from _protected(found.get("protected", []), hashes)
    for kind, of in ((Kind.DENIALS, denials), (Kind.UNREGISTERED, denials_of_people)):
        for name, block in _blocks(found.get(kind, []), kind):
            yield Said(kind, records.entries_body(name, block, of(name, block, now)))
    yield from _identities(found.get("identities", []), hashes)
    yield from _logins(found.get("logins", []), hashes)


def denials(name: str, block: int, now: Instant) -> Entries:
    """From when which devices of a block the lineage denies."""
    if name == disowned.LINEAGE:
        return disowned.entries(block)
    lineage = _denying(name)
    return merged(timeline(sets.load(sets.DEVICES, block, *needs_to_deny(lineage)), lineage), now) if lineage else []


def denials_of_people(name: str, block: int, now: Instant) -> Entries:
    """From when whose unregistered devices the lineage denies."""
    lineage = _denying(name)
    return merged(unregistered(sets.load(sets.PEOPLE, block, *needs_to_deny(lineage)), lineage), now) if lineage else []


def _denying(name: str) -> Lineage | None:
    """The lineage, if it is issued and some version of it can deny at all."""
    lineage = terms.lineage(name)
    return lineage if lineage and any(version.directive.denies for version in lineage.versions) else None


def _blocks(marks: list[Mark], kind: Kind) -> list[tuple[str, int]]:
    """(lineage, block) of these marks; a block of -1 means every block."""
    space = sets.DEVICES if kind is Kind.DENIALS else sets.PEOPLE
    every = sets.blocks(space) if any(mark.block < 0 for mark in marks) else []
    return sorted({(mark.key, block) for mark in marks for block in (every if mark.block < 0 else [mark.block])})


def _identities(marks: list[Mark], hashes: Hashes) -> Iterator[Said]:
    for mark in marks:
        if not mark.key:
            pairs = ((hashes.identity(*pair), ordinal) for pair, ordinal in _devices(mark.block))
            yield from _added(Kind.IDENTITIES, pairs)
    named = [unpaired(mark.key) for mark in marks if mark.key]
    belonging = mailnames.belonging(named)
    for part in _parts(named):
        kept = [(hashes.identity(*pair), belonging[pair]) for pair in part if pair in belonging]
        gone = [hashes.identity(*pair) for pair in part if pair not in belonging]
        yield Said(Kind.IDENTITIES, records.table_body(kept, gone))


def _logins(marks: list[Mark], hashes: Hashes) -> Iterator[Said]:
    for mark in marks:
        if not mark.key:
            everybody = mailnames.people() if mark.block < 0 else mailnames.people_in(mark.block)
            while part := list(islice(everybody, _NAMES)):
                yield _of_logins(part, [], hashes)
    named = [mark.key for mark in marks if mark.key]
    active = {one.login: one for one in mailnames.active(named)}
    for some in _parts(named):
        kept = [active[login] for login in some if login in active]
        yield _of_logins(kept, [login for login in some if login not in active], hashes)


def _of_logins(kept: list[mailnames.Owner], gone: list[str], hashes: Hashes) -> Said:
    pairs = [(hashes.login(one.login), one.ordinal) for one in kept]
    spoken = {one.ordinal: language for one in kept if (language := one.language)}
    return Said(Kind.LOGINS, records.logins_body(pairs, [hashes.login(login) for login in gone], spoken))


def _devices(block: int) -> Iterator[tuple[mailnames.Pair, int]]:
    return mailnames.devices() if block < 0 else mailnames.devices_in(block)


def _protected(marks: list[Mark], hashes: Hashes) -> Iterator[Said]:
    named = [mark.key for mark in marks]
    protected = mailnames.protected_among(named)
    for part in _parts(named):
        kept = [hashes.login(login) for login in part if login in protected]
        gone = [hashes.login(login) for login in part if login not in protected]
        yield Said(Kind.PROTECTED, records.protected_body(kept, gone))


def _added(kind: Kind, pairs: Iterator[tuple[int, int]]) -> Iterator[Said]:
    while part := list(islice(pairs, _NAMES)):
        yield Said(kind, records.table_body(part, []))


def _parts(things: list[Thing]) -> Iterator[list[Thing]]:
    return (things[start : start + _NAMES] for start in range(0, len(things), _NAMES))
