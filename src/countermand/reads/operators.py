"""Who an operator is: by token, and the list of accounts."""

from countermand.access import Actor, Role
from countermand.core.errors import Refused
from countermand.store import operators
from countermand.store.operators import Operator

__all__ = ["Operator", "accounts", "actor_of"]


def actor_of(token: str) -> Actor:
    """Whoever this token names. Refused ``not-signed-in`` without one, ``unknown-token`` if it names no active operator."""
    if not token:
        raise Refused("not-signed-in")
    found = operators.by_token(token)
    if found is None:
        raise Refused("unknown-token")
    return Actor(found.name, frozenset(Role(role) for role in found.roles))


def accounts() -> list[Operator]:
    """Every account, closed ones too, by name."""
    return operators.every()
