"""What was sent under a look-up code, for whoever holds the code: the words as approved, with names left out.

No account is asked for: a code is as hard to guess as a long number, and what it shows is what its message said.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from countermand.core import schedule, schema
from countermand.core.instants import Instant
from countermand.core.languages import SOURCE, chosen
from countermand.core.lifecycle import State
from countermand.core.notices import Kind, Reader
from countermand.ledger.entry import decode
from countermand.lib import keys, words
from countermand.lib.read_json import read_json
from countermand.notices import codes, compose
from countermand.notices.texts import text_of
from countermand.reads import ledger
from countermand.store import approvals, directives, readers, tellings, tree
from countermand.store.unit import reading

#: Stand for what is said to the person alone.
_NAME, _DEVICE = words.word("(your name)"), words.word("(your devices)")


@dataclass(frozen=True, slots=True)
class Letter:
    """One notice as it was sent. ``at``: when it was handed over, None if that is not known yet."""

    kind: Kind
    at: Instant | None
    language: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Everything under a code. ``leaf``: where the ledger has the issuing, None until it is sealed; ``zone``: the clock by
    which the notices told the due; ``public_text``: what is said in public of the order as it stands."""

    lineage: str
    title: str
    issuer: str
    issued_at: Instant
    digest: str
    approvals: int
    over: bool
    halted: bool
    zone: str
    notices: tuple[Letter, ...]
    leaf: int | None
    public_text: str
    vendor_asked: str
    vendor_said: str


def normal_code(text: str) -> str:
    """A code in the one spelling."""
    return codes.normal(text)


def sent(state_dir: Path, code: str, language: str = SOURCE) -> Sent | None:
    """What was sent under a code; None if nobody was ever sent anything under it. ``language``: of whoever has none."""
    key = keys.load_or_create_secret(state_dir / "keys" / "notices.secret")
    named = codes.opened(key, code)
    if named is None:
        return None
    version, person = named
    with reading():
        rows = tellings.sent_to(version, person)
        if not rows:
            return None
        row = directives.version(version)
        lineage = directives.known(row.lineage)
        reader = readers.readers([person])[person]
        signed = {one.operator for one in approvals.of_version(version) if one.bundle_digest == row.bundle_digest}
        leaf = _leaf(row.bundle_digest, row.issued_at or 0)
    directive = schema.read(dict(row.document))
    zone = schedule.clock_of(reader.zone, directive.fallback_zone)
    texts = read_json(row.bundle)["texts"] if row.bundle else {}
    tongue = chosen([reader.locale], language)
    return Sent(
        lineage=row.lineage,
        title=directive.title,
        issuer=directive.issuer,
        issued_at=row.issued_at or 0,
        digest=row.bundle_digest,
        approvals=len(signed),
        over=lineage.ended_at is not None or row.state is not State.ISSUED,
        halted=lineage.halted_at is not None,
        zone=zone,
        notices=tuple(_letter(texts, one, reader, tongue, zone, code, lineage.ground) for one in rows),
        leaf=leaf,
        public_text=directive.public_text["rescinded" if lineage.ended_at is not None else "issued"] or "",
        vendor_asked=directive.vendor["contacted"] or "",
        vendor_said=directive.vendor["statement"] or "",
    )


def proof_of(leaf: int) -> str:
    """The ``.tlog-proof`` text of the entry, for whoever was told of it."""
    return ledger.proof(leaf)


def _letter(
    texts: dict[str, str], row: tellings.SentRow, reader: Reader, tongue: str, zone: str, code: str, ground: str
) -> Letter:
    text, language = text_of(texts, row.kind, tongue) or ("", SOURCE)
    masked = replace(reader, name=words.say(language, _NAME), login="", devices=(("", words.say(language, _DEVICE), None),))
    envelope = compose.Envelope("", "", row.at or 0, row.stated_due, code, ground)
    filled = compose.filled_text(text.replace("{devices}", words.say(language, _DEVICE)), language, masked, envelope, zone)
    subject, _, body = filled.partition("\n")
    return Letter(row.kind, row.at, language, subject.partition(":")[2].strip(), body.strip())


_leaves: dict[str, int] = {}


def _leaf(digest: str, issued_at: Instant) -> int | None:
    """Where the ledger says that the bundle was issued. Found once: a leaf never moves."""
    if digest not in _leaves:
        for row in tree.of_instant(issued_at):
            entry = decode(row.entry)
            if row.leaf is not None and entry.kind in ("issued", "superseded") and entry.about.get("bundle") == digest:
                _leaves[digest] = row.leaf
    return _leaves.get(digest)
