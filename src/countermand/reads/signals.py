"""Subscribers as they are now, and lines of the ledger for a SIEM."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.ledger.entry import decode
from countermand.signals.event import event
from countermand.signals.siem import FORMS
from countermand.store import subscribers, tree
from countermand.store.unit import reading

_PAGE = 500


@dataclass(frozen=True, slots=True)
class SubscriberView:
    """``state``: new, told, behind, failing or paused; ``waits``: entries that it has not heard."""

    name: str
    kind: str
    url: str
    form: str
    only: tuple[str, ...]
    hide_actors: bool
    state: str
    next: int
    waits: int
    told_at: Instant | None
    fault: str


@dataclass(frozen=True, slots=True)
class Lines:
    """``next``: the leaf with which the following page begins; None when this is the last."""

    lines: tuple[str, ...]
    next: int | None


def all_subscribers(act: Act) -> list[SubscriberView]:
    """Every subscriber, by name."""
    require(act.actor, "audit")
    last = tree.last()
    size = last.size if last else 0
    return [_view(one, size) for one in subscribers.every()]


def lines(act: Act, origin: str, form: str, start: int = 0, limit: int = _PAGE, *, hide_actors: bool = False) -> Lines:
    """Sealed entries from leaf ``start`` on, a line each. Refused ``unknown-choice``."""
    require(act.actor, "audit")
    if form not in FORMS:
        raise Refused("unknown-choice", what="form", name=form, known=", ".join(FORMS))
    end = start + min(max(limit, 1), _PAGE)
    with reading():
        last = tree.last()
        size = last.size if last else 0
        rows = list(tree.sealed(start, min(end, size)))
    made = (event(origin, row.leaf or 0, decode(row.entry), hide_actor=hide_actors) for row in rows)
    return Lines(tuple(FORMS[form](one) for one in made), end if end < size else None)


def _view(one: subscribers.Subscriber, size: int) -> SubscriberView:
    if one.paused_at is not None:
        state = "paused"
    elif one.fault:
        state = "failing"
    elif one.position < size:
        state = "behind"
    else:
        state = "told" if one.told_at is not None else "new"
    return SubscriberView(
        name=one.name,
        kind=one.kind,
        url=one.url,
        form=one.form,
        only=one.only,
        hide_actors=one.hide_actors,
        state=state,
        next=one.position,
        waits=max(size - one.position, 0),
        told_at=one.told_at,
        fault=one.fault,
    )
