"""How far the words of a directive have come: who was told, what still waits, and what one person was told."""

from countermand.core.instants import Instant
from countermand.core.people import normal_login
from countermand.store import hearing


def told(name: str) -> int:
    """How many people were told of the directive."""
    return hearing.told(name)


def due_of(name: str, login: str) -> Instant | None:
    """The due that a person was last told; None if they were not told."""
    dues = hearing.dues(name, normal_login(login))
    return dues[max(dues)] if dues else None


def notices(name: str) -> dict[str, dict[str, int]]:
    """Kind of notice → state → how many."""
    found: dict[str, dict[str, int]] = {}
    for (kind, state), count in sorted(hearing.by_state(name).items()):
        found.setdefault(kind, {})[state] = count
    return found


def waiting(name: str, kind: str) -> int:
    """How many notices of this kind are still on their way out."""
    return hearing.waiting(name, kind)
