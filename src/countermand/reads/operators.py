"""Who an operator is: by token, and the list of accounts."""

from countermand.access import Act, Actor, Role, Scope, allowed, require
from countermand.core.errors import Refused
from countermand.lib import clock
from countermand.store import operators, tokens
from countermand.store.operators import Operator
from countermand.store.tokens import ApiToken

__all__ = ["ApiToken", "Operator", "accounts", "actor_of", "tokens_of"]


def actor_of(token: str) -> Actor:
    """Whoever this token names: an account's own, or one of its narrower ones. Refused ``not-signed-in`` without one,
    ``unknown-token`` if it names no active operator or was revoked, ``token-expired``."""
    if not token:
        raise Refused("not-signed-in")
    found = operators.by_token(token)
    if found is not None:
        return Actor(found.name, _roles(found))
    narrow = tokens.by_token(token)
    owner = operators.find(narrow.operator) if narrow is not None and narrow.revoked_at is None else None
    if narrow is None or owner is None or not owner.active:
        raise Refused("unknown-token")
    if narrow.expires <= clock.now():
        raise Refused("token-expired", label=narrow.label)
    return Actor(owner.name, _roles(owner), frozenset(Scope(scope) for scope in narrow.scopes))


def name_of(token: str) -> str:
    """What a token is counted under, which says nothing of it: its digest."""
    return operators.token_digest(token)


def _roles(found: Operator) -> frozenset[Role]:
    return frozenset(Role(role) for role in found.roles)


def tokens_of(act: Act) -> list[ApiToken]:
    """One's own narrower tokens, revoked and expired ones too; for an administrator everybody's. Never the tokens themselves."""
    require(act.actor, "token")
    return tokens.every(None if allowed(act.actor, "operator") else act.actor.name)


def accounts() -> list[Operator]:
    """Every account, closed ones too, by name."""
    return operators.every()
