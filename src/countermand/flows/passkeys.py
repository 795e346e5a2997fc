"""Passkeys of accounts: a link lets one person make the first one, and whoever has one makes others.

A passkey is as good as the account, so a new one waits as a new account does: until then it approves nothing, and whoever signs
in with it can look, and stop an order. So an administrator who makes a link for somebody else's account, and keeps it, has
nothing of theirs for a day in which they see it. Only a link that was made together with the house lets its passkey count at
once: nothing can have been waiting to be approved.
"""

import secrets
from dataclasses import dataclass

from countermand.access import Act, Actor, Role, allowed, require
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, Instant
from countermand.core.rails import Rails
from countermand.flows.roles import known
from countermand.lib import clock
from countermand.lib import passkeys as lib
from countermand.lib.passkeys import NotVerified, Place
from countermand.store import log, operators, passkeys, seats
from countermand.store.passkeys import Invitation, Passkey
from countermand.store.seats import NEW_PASSKEY, PASSKEY
from countermand.store.unit import unit

#: How long a link opens something.
LINK_LIVES = 72 * HOUR
_LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Invited:
    """``secret``: what the link ends with, shown this once."""

    operator: str
    secret: str
    expires: Instant


def invite(act: Act, name: str) -> Invited:
    """A link with which whoever holds it makes a passkey for this account, once. Earlier links of the account are void.

    Refused ``not-found``."""
    require(act.actor, "operator")
    with unit():
        known(name)
        made = invited(name, first=False)
        log.append("passkey-invited", act, {"operator": name})
    return made


def invited(name: str, *, first: bool) -> Invited:
    """The link alone, in the caller's unit, whose entry says so. ``first``: the house is being set up."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    passkeys.invite(name, secret, now, now + LINK_LIVES, first=first)
    return Invited(name, secret, now + LINK_LIVES)


def invitation(secret: str) -> Invitation:
    """Whose link this is. Refused ``link-void``."""
    found = passkeys.invitation(secret, clock.now())
    if found is None:
        raise Refused("link-void")
    return found


def enrol(secret: str, label: str, answer: str, challenge: bytes, at: Place, now: Instant, *, rails: Rails) -> Passkey:
    """Make the passkey that a link lets one make. ``answer`` and ``challenge``: what the browser made of which question.

    Refused ``link-void``, ``passkey-not-made``, ``passkey-elsewhere``."""
    link = invitation(secret)
    made = _made(at, answer, challenge)
    with unit():
        if not passkeys.use_invitation(secret, clock.now()):
            raise Refused("link-void")
        account = known(link.operator)
        since = account.may_approve_from if link.first else now + rails.new_operator_wait
        return _add(Act(_named(account), now), label, made, since)


def add(act: Act, label: str, answer: str, challenge: bytes, at: Place, *, rails: Rails) -> Passkey:
    """Another passkey for the actor's own account. Refused as ``enrol`` does."""
    require(act.actor, "own-keys")
    made = _made(at, answer, challenge)
    with unit():
        known(act.actor.name)
        return _add(act, label, made, act.now + rails.new_operator_wait)


def remove(act: Act, number: int) -> Passkey:
    """Remove a passkey: one's own, or as an administrator anybody's. Approvals of what is not issued yet that were made with it
    do not count any more; whoever is signed in with one of this account's is signed out. Refused ``not-found``."""
    require(act.actor, "own-keys")
    with unit():
        found = passkeys.numbered(number)
        mine = found is not None and found.operator == act.actor.name
        if found is None or found.removed_at is not None or not (mine or allowed(act.actor, "operator")):
            raise Refused("not-found", what="passkey", name=str(number), nearest="see `countermand operator passkeys`")
        passkeys.remove(number, act.now)
        if not mine:
            seats.leave_all(found.operator, clock.now(), PASSKEY, NEW_PASSKEY)
        log.append("passkey-removed", act, {"operator": found.operator, "passkey": lib.fingerprint(found.public_key)})
    return found


def _add(act: Act, label: str, made: lib.New, since: Instant) -> Passkey:
    if passkeys.find(made.credential) is not None:
        raise Refused("passkey-elsewhere")
    shown = "".join(char for char in label if char.isprintable()).strip()[:_LONGEST_LABEL] or "passkey"
    found = passkeys.add(act.actor.name, shown, made.credential, made.public_key, made.counter, act.now, since)
    about = {"operator": act.actor.name, "passkey": lib.fingerprint(made.public_key), "counts_from": since}
    log.append("passkey-added", act, about)
    return found


def _made(at: Place, answer: str, challenge: bytes) -> lib.New:
    try:
        return lib.made(at, answer, challenge)
    except NotVerified as wrong:
        raise Refused("passkey-not-made", why=str(wrong)) from wrong


def _named(account: operators.Operator) -> Actor:
    return Actor(account.name, frozenset(Role(role) for role in account.roles))
