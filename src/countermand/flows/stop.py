"""Stopping: withdraw, halt, rescind. One person, one small write, and nothing that it waits for: it locks the directive alone."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from countermand.access import Act, require
from countermand.core import lifecycle
from countermand.core.errors import Refused
from countermand.core.lifecycle import EndGround
from countermand.core.outcomes import Halted, Rescinded
from countermand.store import directives, feed, log, room
from countermand.store.directives import VersionRow
from countermand.store.unit import aside

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def withdraw(act: Act, name: str) -> int:
    """Take back a draft or a proposal; returns its number. What was issued is rescinded, not withdrawn (``wrong-state``)."""
    require(act.actor, "withdraw")
    with aside():
        directives.decide(name)
        row = directives.newest(name)
        directives.set_state(row.pk, lifecycle.after(row.state, "withdraw"))
        log.append("withdrawn", act, {"lineage": name, "version": row.number})
    return row.number


def even_when_full(flow: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Stopping must not wait for room on the disk: what is kept for it is spent."""

    @wraps(flow)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return flow(*args, **kwargs)
        except Refused as refused:
            if refused.code != "disk-full" or not room.spend():
                raise
        return flow(*args, **kwargs)

    return run


@even_when_full
def halt(act: Act, name: str) -> Halted:
    """Nobody is denied by this directive, and nobody hears of it, until it is resumed. Refused ``not-found``,
    ``wrong-state``."""
    require(act.actor, "halt")
    with aside():
        directives.decide(name)
        _in_force(name, "halt")
        already = directives.known(name).halted_at is not None
        if not already:
            directives.halt(name, act.now)
            log.append("halted", act, {"lineage": name})
            feed.mark("lineage", name)
    return Halted(name, already)


@even_when_full
def rescind(act: Act, name: str, ground: EndGround | str) -> Rescinded:
    """End the directive for good: every denial is lifted and every waiting notice void by this one write. Corrections are
    promised afterwards (telling.rescind_all). Refused ``not-found``, ``wrong-state``, ``unknown-ground``."""
    require(act.actor, "rescind")
    if ground not in set(EndGround):
        raise Refused("unknown-ground", ground=str(ground), known=", ".join(EndGround))
    with aside():
        directives.decide(name)
        _in_force(name, "rescind")
        halted = directives.known(name).halted_at is not None
        directives.end(name, EndGround(ground).value, act.now)
        log.append("rescinded", act, {"lineage": name, "ground": EndGround(ground).value})
        feed.mark("lineage", name)
    # Only now is counted what it undid, and loaded what that takes: nobody waits for a figure.
    from countermand.flows.undone import undone

    return undone(name, EndGround(ground), act.now, halted=halted)


def _in_force(name: str, verb: str) -> VersionRow:
    """The issued version; else the refusal that the table has for what the newest one is."""
    row = directives.issued(name) or directives.newest(name)
    lifecycle.after(row.state, verb)
    return row
