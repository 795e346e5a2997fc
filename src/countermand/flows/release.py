"""Release or drop: what a person decides about a batch that was held back."""

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core.errors import Refused
from countermand.core.mentions import from_plain
from countermand.flows import bring_ldap, ingest, leaving, sync
from countermand.flows.connect import known
from countermand.flows.ingest import Taken
from countermand.store import directives, held, log, reporters, restored
from countermand.store.held import HeldRow
from countermand.store.unit import rehearsing, unit


def release(act: Act, number: int) -> Taken:
    """Take a held batch as if it had not been held. What came meanwhile counts as what it is: presence is folded by
    observation time, so a device that showed itself clean later stays clean. Refused ``not-found``."""
    require(act.actor, "release")
    if held.kind_of(number) == leaving.KIND:
        return _let_leave(act, number)
    with unit():
        row, payload = held.take(number)
        if row.kind == bring_ldap.HELD:
            raise Refused("ldap-confirm")
        if row.kind == restored.KIND:
            return _let_notices_go(act, row)
        if row.kind == sync.HELD:
            return _let_set_in(act, row)
        source = reporters.named(row.source, row.source)
        mentions = [from_plain(plain) for plain in payload]
        whole_set = row.why != "flood"
        taken = ingest.take(act, source, mentions, complete=whole_set, may_add=True, confirmed=True, hold=Holdbacks())
        held.decided(number, act.actor.name, act.now, released=True)
        log.append("released", act, {"held": number, "why": row.why, "devices": len(mentions)})
    return taken


def release_all(act: Act, source: str) -> tuple[int, ...]:
    """Release whatever waits of a source, each by itself; returns the numbers. Refused ``not-found`` for a source that there is
    not."""
    require(act.actor, "release")
    name = known(source).name
    numbers = tuple(row.pk for row in held.waiting() if row.source == name)
    for number in numbers:
        release(act, number)
    return numbers


def _let_notices_go(act: Act, row: HeldRow) -> Taken:
    """The corrections of a rescinded directive, which a restore set aside. Those of one in force leave when it is resumed,
    which takes more than one person: Refused ``resume-instead``."""
    if directives.known(row.source).ended_at is None:
        raise Refused("resume-instead", name=row.source)
    restored.let_go(row.source, act.actor.name, act.now)
    directives.corrected(row.source, -1, done=False)  # the worker promises what is missing; nobody gets a second one
    log.append("released", act, {"held": row.pk, "why": row.why, "notices": row.counts["count"]})
    return Taken(0, 0, 0, 0, 0, {}, notices=int(row.counts["count"]))


def _let_set_in(act: Act, row: HeldRow) -> Taken:
    """A source's whole set, which waits in parts: the worker, or the next sync of it, takes them one by one."""
    sync.let_in(act, row.source)
    held.decided(row.pk, act.actor.name, act.now, released=True)
    log.append("released", act, {"held": row.pk, "why": row.why, "devices": row.counts["count"]})
    return Taken(int(row.counts["count"]), 0, 0, 0, 0, {})


def _let_leave(act: Act, number: int) -> Taken:
    """People who waited to leave a carve-out or the directory: in parts, so that nothing waits for thousands of them."""
    row, _ = held.take(number)
    moved = leaving.let_go(act, row)
    if not rehearsing():
        leaving.end_held_nesting(act, row)
        with unit():
            held.take(number)
            held.decided(number, act.actor.name, act.now, released=True)
            log.append("released", act, {"held": number, "why": row.why})
    return Taken(moved, 0, 0, moved, 0, {})


def drop(act: Act, number: int) -> HeldRow:
    """Throw a held batch away. Refused ``not-found``."""
    require(act.actor, "release")
    with unit():
        row, _ = held.take(number)
        if row.kind == sync.HELD:
            sync.throw_away(row.source)
        elif row.kind == leaving.KIND:
            leaving.keep(row)
        held.decided(number, act.actor.name, act.now, released=False)
        log.append("dropped", act, {"held": number, "why": row.why})
    return row
