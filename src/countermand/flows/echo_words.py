"""The words of an echo: those that its approvers signed, filled as the notice was; for a room, without what is one person's."""

from collections.abc import Sequence

from countermand.core import schedule
from countermand.core.instants import Instant
from countermand.core.languages import chosen
from countermand.core.notices import Kind, Reader
from countermand.flows.letters import Desk
from countermand.notices import codes, compose
from countermand.notices.channels import Words, tame
from countermand.notices.compose import Envelope
from countermand.notices.texts import text_of
from countermand.store import outbox, readers
from countermand.store.echoes import Row

#: A room's reader: nobody in particular.
_ROOM = Reader("", "", "", "", ())
#: What a room's words cannot hold: a paragraph with any of these is one person's.
_PERSONS = ("{name}", "{devices}", "{code}", "{until}")


def words_of(desk: Desk, rows: Sequence[Row], now: Instant) -> dict[int, tuple[Words, Reader]]:
    """Row → (words, reader); those whose approvers signed no such text are left out. Inside ``reading``."""
    people = readers.readers([row.person for row in rows if row.person >= 0])
    found: dict[int, tuple[Words, Reader]] = {}
    for row in rows:
        reader = people.get(row.person, _ROOM)
        words = _words(desk, row, reader, now)
        if words is not None:
            found[row.id] = (words, reader)
    return found


def _words(desk: Desk, row: Row, reader: Reader, now: Instant) -> Words | None:
    frozen = desk.version(row.version)
    directive = frozen.directive
    text = text_of(frozen.texts, row.kind, chosen([reader.locale], desk.language))
    if text is None:
        return None
    zone = schedule.clock_of(reader.zone, directive.fallback_zone)
    if row.person < 0:
        due = schedule.document_due(directive, "", frozen.issued_at)
        code, page = "", desk.page
    else:
        due = readers.told_dues(row.version, [row.person]).get(row.person)
        code, page = codes.code_of(desk.key, row.version, row.person), desk.page
    ground = outbox.standings([row.version])[row.version].ground
    envelope = Envelope("", "", now, due, code, ground)
    tamed = Reader(
        reader.login, reader.email, tame(reader.name), reader.zone,
        tuple((platform, tame(model), seen) for platform, model, seen in reader.devices), reader.locale,
    )  # fmt: skip
    words, language = text
    filled = compose.filled_text(_for_room(words) if row.person < 0 else words, language, tamed, envelope, zone)
    subject, _, body = filled.partition("\n")
    said = compose.personal(tamed, envelope, zone, language)
    short = [said["due_local"] if due is not None and row.kind is not Kind.RESCINDED else "", code, page]
    public = directive.public_text["rescinded" if row.kind is Kind.RESCINDED else "issued"] if row.person < 0 else None
    return Words(
        subject=subject.partition(":")[2].strip(),
        text=public or body.strip(),
        short="\n".join(part for part in short if part) or subject.partition(":")[2].strip(),
    )


def _for_room(text: str) -> str:
    subject, _, body = text.partition("\n")
    kept = [part for part in body.strip("\n").split("\n\n") if not any(slot in part for slot in _PERSONS)]
    return subject + "\n" + "\n\n".join(kept)
