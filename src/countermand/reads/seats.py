"""Who is signed in at the console, and with which passkeys an account can be."""

from dataclasses import dataclass

from countermand.access import Act, Actor, Role, Scope, allowed, require
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib import clock
from countermand.store import operators, passkeys, seats
from countermand.store.passkeys import Passkey

_NEW = frozenset({Scope.READ, Scope.STOP})

__all__ = ["Here", "Passkey", "here", "ids_of", "passkeys_of"]


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who is signed in; ``means`` as store.seats names them."""

    number: int
    actor: Actor
    means: str
    opened: Instant
    seen: Instant


def here(secret: str, idle: int, longest: int) -> Here:
    """Whose seat this is. Refused ``not-signed-in`` if it is nobody's, or over: left, idle for too long, or opened too long ago.

    INVARIANT: administering takes a passkey: whoever runs the identity provider does not run this house. A passkey that does not
    count yet looks and stops, and does nothing else: whoever let somebody in is not that somebody."""
    found = seats.find(secret) if secret else None
    now = clock.now()
    if found is None or found.left_at is not None or now - found.seen > idle or now - found.opened > longest:
        raise Refused("not-signed-in")
    account = operators.find(found.operator)
    if account is None or not account.active:
        raise Refused("not-signed-in")
    roles = frozenset(Role(role) for role in account.roles)
    if found.means == seats.PROVIDER:
        roles -= {Role.ADMINISTRATOR}
    scopes = _NEW if found.means == seats.NEW_PASSKEY else None
    return Here(found.number, Actor(account.name, roles, scopes), found.means, found.opened, found.seen)


def passkeys_of(act: Act, name: str = "") -> list[Passkey]:
    """One's own; as an administrator those of the account named, or of all."""
    require(act.actor, "own-keys")
    if not allowed(act.actor, "operator"):
        return passkeys.of(act.actor.name)
    return passkeys.of(name) if name else passkeys.every()


def ids_of(name: str) -> list[str]:
    """The ids of an account's credentials, for a browser to choose from."""
    return [one.credential for one in passkeys.of(name)]
