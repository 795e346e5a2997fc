"""Amending: when the catalogue has moved, the text in force becomes the next draft, whose selectors are expanded anew when it
is proposed. Nothing widens before people have signed it and their people have been told."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.bundle import Bundle
from countermand.core.drift import Drift
from countermand.core.errors import Refused
from countermand.core.lifecycle import State
from countermand.flows import impact
from countermand.store import directives, log
from countermand.store.directives import VersionRow
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Amended:
    """The draft that was written, of the version that it ``amends``, and the ids that it will mean beyond those and less."""

    lineage: str
    number: int
    amends: int
    added: tuple[str, ...]
    gone: tuple[str, ...]


def amend(act: Act, name: str) -> Amended:
    """Write the text in force as the next draft, because its selectors mean other ids by now. Refused ``not-found``,
    ``nothing-issued``, ``catalogue-unmoved``, and ``draft-waits`` where a newer text waits already: it is expanded anew when
    it is proposed again."""
    require(act.actor, "write")
    row, moved = _moved(act, name)
    with unit():
        now, newest = directives.issued(name), directives.newest(name)
        if now is None or now.pk != row.pk:
            raise Refused("bundle-changed", digest=row.bundle_digest)
        if newest.state in (State.DRAFT, State.PROPOSED):
            raise Refused("draft-waits", name=name, number=newest.number, state=newest.state.value)
        made = directives.add_version(name, newest.number + 1, row.text, dict(row.document), row.digest, act.actor.name, act.now)
        about = {"lineage": name, "version": made.number, "digest": row.digest, "voided": 0, "amends": row.number}
        log.append("written", act, {**about, "added": len(moved.added), "gone": len(moved.gone)})
    return Amended(name, made.number, row.number, tuple(sorted(map(str, moved.added))), tuple(sorted(map(str, moved.gone))))


def _moved(act: Act, name: str) -> tuple[VersionRow, Drift]:
    directives.newest(name)
    row = directives.issued(name)
    if row is None:
        raise Refused("nothing-issued", name=name)
    moved = impact.drift(Bundle.opened(row.bundle), act.now)
    if not moved:
        raise Refused("catalogue-unmoved", name=name)
    return row, moved
