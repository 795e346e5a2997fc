"""What employees said against orders and nobody has answered yet, for the human who does."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.instants import Instant
from countermand.store import directory, objections
from countermand.store.objections import Objection
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class Waiting:
    """``waited``: milliseconds since it was said."""

    pk: int
    kind: str
    login: str
    device: int
    lineage: str
    words: str
    at: Instant
    waited: int
    answerer: str
    answer_by: Instant
    escalated: int
    cuts: bool


def waiting(act: Act) -> list[Waiting]:
    """The oldest first. Refused ``not-allowed``."""
    require(act.actor, "read-person")
    with reading():
        found = objections.waiting()
        logins = directory.logins({one.person for one in found})
    return [_waiting(one, logins[one.person], act.now) for one in found]


def _waiting(one: Objection, login: str, now: Instant) -> Waiting:
    return Waiting(
        pk=one.pk,
        kind=one.kind,
        login=login,
        device=one.device,
        lineage=one.lineage,
        words=one.words,
        at=one.at,
        waited=now - one.at,
        answerer=one.answerer,
        answer_by=one.answer_by,
        escalated=one.escalated,
        cuts=one.cuts,
    )
