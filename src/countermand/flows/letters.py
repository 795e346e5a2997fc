"""From claimed notices to letters: the approved text of each version, filled for its reader, with the due that it states.

Texts come from the bundle that approvers signed, never from templates of today.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from countermand.core import schedule, schema
from countermand.core.directive import Directive
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.languages import SOURCE, chosen
from countermand.core.notices import OF_AN_EXEMPTION, TELLING, Kind, Reader
from countermand.core.quiet import NEVER, Quiet
from countermand.lib.read_json import read_json
from countermand.notices import codes, compose
from countermand.notices.channels import NO_ECHO, Echoing
from countermand.notices.compose import Envelope, Layout
from countermand.notices.mail import Letter
from countermand.notices.pace import PerHost
from countermand.notices.returning import NOWHERE, Returning
from countermand.notices.texts import text_of
from countermand.store import exemptions, outbox, readers
from countermand.store.outbox import Row


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a version's notices need and nothing can change any more. ``number``: within its directive."""

    number: int
    directive: Directive
    issued_at: Instant
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """What is the same for every notice of this installation. ``key`` keys Message-IDs and look-up codes; ``lease`` is in
    milliseconds; ``language``: of whoever has none in the directory; ``quiet``: when people are left alone; ``returning``:
    where what cannot be delivered goes; ``hosts``: how much each host that people have their mail at takes; ``ring_wait``: how
    long after a ring's last notice the next ring's may leave, in milliseconds; ``page``: the address that people know;
    ``echoing``: second channels. Layouts are kept: a version's texts are frozen."""

    key: bytes
    domain: str
    sender: str
    lease: int
    language: str = SOURCE
    quiet: Quiet = NEVER
    returning: Returning = NOWHERE
    hosts: PerHost = field(default_factory=lambda: PerHost(0, 0))
    ring_wait: int = 0
    page: str = ""
    echoing: Echoing = NO_ECHO
    frozen: dict[int, Frozen] = field(default_factory=dict)
    layouts: dict[tuple[int, Kind, str], Layout] = field(default_factory=dict)

    def version(self, pk: int) -> Frozen:
        """The frozen part of a version, read once."""
        if pk not in self.frozen:
            found = outbox.frozen(pk)
            texts = read_json(found.bundle)["texts"]
            self.frozen[pk] = Frozen(found.number, schema.read(found.document), found.issued_at, texts)
        return self.frozen[pk]

    def layout(self, pk: int, kind: Kind, tag: str) -> Layout | None:
        """The message of a version and kind for readers of a language, laid out once; None if the version has no such text."""
        language = chosen([tag], self.language)
        if (pk, kind, language) not in self.layouts:
            found = text_of(self.version(pk).texts, kind, language)
            if found is None:
                return None
            self.layouts[pk, kind, language] = compose.lay_out(kind, found[0], self.sender, found[1])
        return self.layouts[pk, kind, language]


@dataclass(frozen=True, slots=True)
class Draft:
    """A claimed notice with its letter; None and ``why`` if its person cannot be written to at all; ``zone``: by whose
    clock it speaks."""

    row: Row
    reader: Reader
    due: Instant | None
    message_id: str
    letter: Letter | None
    why: str = ""
    zone: str = "UTC"


def drafts(desk: Desk, rows: Sequence[Row], now: Instant) -> list[Draft]:
    """One draft per row, in their order. Inside the unit of the claim: the due is fixed by it."""
    people = readers.readers([row.person for row in rows])
    groups: dict[tuple[int, Kind], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.version, row.kind), []).append(row)
    found: dict[int, Draft] = {}
    for (version, kind), members in groups.items():
        persons = [row.person for row in members]
        dues = {} if kind in TELLING else readers.told_dues(version, persons)
        originals = {} if kind is Kind.ISSUED else readers.originals(members[0].lineage, persons)
        standing = outbox.standings([version])[version]
        stated = _Stated(desk.version(version), now, desk.lease)
        for row in members:
            reader = people[row.person]
            due = stated.due(reader.zone) if row.kind in TELLING else dues.get(row.person)
            if due is not None:
                due = max(due, schedule.quarter(standing.standing.not_before))
            original = originals.get(row.person)
            found[row.id] = _draft(desk, row, reader, due, now, original, standing.ground)
    return [found[row.id] for row in rows]


@dataclass(frozen=True, slots=True)
class _Stated:
    """The dues that notices of a version state if they are claimed ``now``: worked out once per zone."""

    frozen: Frozen
    now: Instant
    lease: int
    found: dict[str, Instant | None] = field(default_factory=dict)

    def due(self, zone: str) -> Instant | None:
        if zone not in self.found:
            frozen = self.frozen
            self.found[zone] = schedule.due_at_claim(frozen.directive, zone, frozen.issued_at, self.now, self.lease)
        return self.found[zone]


def _until(row: Row) -> Instant | None:
    """When the exemption ends that a notice speaks of: its occurrence is the exemption."""
    found = exemptions.find(int(row.occurrence)) if row.kind in OF_AN_EXEMPTION else None
    return None if found is None else found.until


def _draft(
    desk: Desk,
    row: Row,
    reader: Reader,
    due: Instant | None,
    now: Instant,
    original: tuple[int, int, str, str] | None,
    ground: str,
) -> Draft:
    name = (row.version, row.person, row.kind.value, row.occurrence)
    message_id = compose.message_id(desk.key, desk.domain, name)
    if not compose.is_address(reader.email):
        return Draft(row, reader, due, message_id, None, "no usable mail address")
    if row.kind is Kind.RESCINDED and original is None:
        return Draft(row, reader, due, message_id, None, "nothing to correct")
    zone = schedule.clock_of(reader.zone, desk.version(row.version).directive.fallback_zone)
    envelope = Envelope(
        message_id=message_id,
        original="" if original is None or original == name else compose.message_id(desk.key, desk.domain, original),
        at=now,
        due=due,
        code=codes.code_of(desk.key, row.version, row.person),
        ground=ground,
        until=_until(row),
    )
    try:
        layout = desk.layout(row.version, row.kind, reader.locale)
        if layout is None:
            return Draft(row, reader, due, message_id, None, "its approvers signed no text of this kind")
        text = compose.fill(layout, reader, envelope, zone)
    except Refused as refused:
        return Draft(row, reader, due, message_id, None, str(refused))
    return Draft(row, reader, due, message_id, Letter(row.id, reader.email, text, desk.returning.path(row.id, name)), zone=zone)
