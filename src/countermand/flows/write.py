"""Writing a directive: a text becomes a draft; a changed text makes what was proposed a draft again, without approvals."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core import lifecycle, schema
from countermand.core.canonical import digest
from countermand.core.cautions import Caution, cautions
from countermand.core.errors import Refused
from countermand.core.instants import to_datetime
from countermand.core.lifecycle import State
from countermand.lib import yaml
from countermand.store import directives, log
from countermand.store.directives import VersionRow
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Written:
    """The draft. ``voided``: approvals that the edit made worthless; ``cautions`` of the text alone."""

    lineage: str
    number: int
    version: int
    digest: str
    voided: int
    cautions: tuple[Caution, ...]


def write(act: Act, text: str | bytes, file: str | None = None) -> Written:
    """Write a new directive, the next version of one, or another text for a draft. ``file`` names the place in refusals.

    Refused with every problem of the text; ``lineage-ended`` for what was rescinded.
    """
    require(act.actor, "write")
    read = yaml.load(text, file)
    directive = schema.read(read.plain, read.where)
    found = digest(dict(read.plain))
    kept = text if isinstance(text, str) else text.decode("utf-8-sig")
    with unit():
        directives.decide(directive.id)
        row, voided = _draft(act, directive.id, kept, dict(read.plain), found)
        about = {"lineage": directive.id, "version": row.number, "digest": found, "voided": voided}
        log.append("written", act, about)
    seen = cautions(directive, (), to_datetime(act.now).date())
    return Written(directive.id, row.number, row.pk, found, voided, seen)


def _draft(act: Act, name: str, text: str, document: dict[str, object], found: str) -> tuple[VersionRow, int]:
    """The draft's row, and how many approvals its edit voided."""
    lineage = directives.lineage(name)
    if lineage is None:
        directives.create(name, act.actor.name)
        return directives.add_version(name, 1, text, document, found, act.actor.name, act.now), 0
    if lineage.ended_at is not None:
        raise Refused("lineage-ended", name=name)
    newest = directives.newest(name)
    if newest.state not in (State.DRAFT, State.PROPOSED):
        row = directives.add_version(name, newest.number + 1, text, document, found, act.actor.name, act.now)
        return row, 0
    lifecycle.after(newest.state, "write")
    authors = newest.authors | {act.actor.name}
    voided = directives.rewrite(newest.pk, text, document, found, authors, act.actor.name, act.now)
    return directives.version(newest.pk), voided
