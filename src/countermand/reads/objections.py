"""What employees said against orders and nobody has answered yet, for the human who does."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.instants import Instant
from countermand.store import directory, objections
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


def waiting(act: Act) -> list[Waiting]:
    """The oldest first. Refused ``not-allowed``."""
    require(act.actor, "read-person")
    with reading():
        found = objections.waiting()
        logins = directory.logins({one.person for one in found})
    return [
        Waiting(one.pk, one.kind, logins[one.person], one.device, one.lineage, one.words, one.at, act.now - one.at)
        for one in found
    ]
