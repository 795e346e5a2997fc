"""Who could not be told of an order: nobody of them is denied, and somebody has to find another way to them."""

from countermand.access import Act, require
from countermand.store import directives, untold
from countermand.store.untold import Untold

__all__ = ["Untold", "untold_of"]


def untold_of(act: Act, name: str, after: str, limit: int) -> list[Untold]:
    """By login, after this one. Refused ``not-found``; nobody if nothing is in force."""
    require(act.actor, "read-person")
    directives.known(name)
    version = directives.issued(name)
    return [] if version is None else untold.of(version.pk, after, limit)
