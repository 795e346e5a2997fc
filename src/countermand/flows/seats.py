"""Signing in at the console, and out: by a passkey, which needs nobody else's machine, or by the identity provider.

A seat ends by itself when nobody did anything for a while, and some hours after it was opened whatever was done. What opens
it is one answer to one question that was asked here.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from countermand.access import Act, Actor, Role
from countermand.core.errors import Refused
from countermand.core.instants import MINUTE, Instant
from countermand.core.rails import Rails
from countermand.lib import clock
from countermand.lib import passkeys as lib
from countermand.lib.passkeys import NotVerified, Place
from countermand.store import log, operators, passkeys, seats
from countermand.store.passkeys import Passkey
from countermand.store.unit import aside, unit

#: How exactly it is kept when somebody was last active: a row is not written for every page.
_GRAIN = MINUTE


@dataclass(frozen=True, slots=True)
class Taken:
    """``secret``: what the browser shows from now on, which is kept nowhere."""

    operator: str
    secret: str


def sit_by_passkey(answer: str, challenge: bytes, at: Place, now: Instant) -> Taken:
    """Sign in with a passkey. Refused ``sign-in-failed`` whatever is wrong, so that a stranger learns nothing."""
    key, counter = used_now(answer, challenge, at)
    with unit():
        account = operators.find(key.operator)
        if account is None or not account.active or not passkeys.used(key.number, key.counter, counter, now):
            raise Refused("sign-in-failed", why="the passkey is not one of ours")
        means = seats.PASSKEY if key.counts_from <= now else seats.NEW_PASSKEY
        return _sit(Act(Actor(account.name, frozenset()), now), challenge, means)


def used_now(answer: str, challenge: bytes, at: Place) -> tuple[Passkey, int]:
    """The passkey that answered the challenge here, and its counter now. Refused ``sign-in-failed``."""
    try:
        key = passkeys.find(lib.credential_of(answer))
        if key is None:
            raise NotVerified("not one of ours")
        return key, lib.counted(at, key.public_key, answer, challenge, key.counter)
    except NotVerified as wrong:
        raise Refused("sign-in-failed", why="the passkey is not one of ours") from wrong


def sit_by_provider(name: str, roles: Collection[str], nonce: str, now: Instant, *, rails: Rails) -> Taken:
    """Sign in as the identity provider says. ``roles``: what the groups that it names are worth here.

    An account that was opened by hand keeps its own roles. Others are opened when somebody comes with a role, and have from
    then on what the provider says; approvals of whoever became an approver that way wait as those of a new account do.
    Refused ``no-account``."""
    given = frozenset(roles)
    with unit():
        account = operators.find(name)
        act = Act(Actor(name, frozenset()), now)
        if account is None:
            if not given or name in (Role.SYSTEM, "init") or not operators.fits(name):
                raise Refused("no-account", name=name[:64])
            _open(act, name, given, rails)
        elif not account.active or (account.provided and not given):
            raise Refused("no-account", name=name[:64])
        elif account.provided and given != account.roles:
            _change(act, account, given, rails)
        return _sit(act, nonce.encode(), seats.PROVIDER)


def still_there(number: int, seen: Instant, now: Instant) -> None:
    """Somebody did something. Nothing is written if they just did."""
    if now - seen >= _GRAIN:
        with aside():
            seats.seen(number, now)


def leave(act: Act, number: int) -> None:
    """Sign out."""
    with unit():
        seats.leave(number, clock.now())
        log.append("signed-out", act, {"operator": act.actor.name})


def _sit(act: Act, question: bytes, means: str) -> Taken:
    secret = secrets.token_urlsafe(32)
    if not seats.open_(act.actor.name, secret, hashlib.sha256(question).hexdigest(), means, clock.now()):
        raise Refused("sign-in-failed", why="this answer was used before")
    log.append("signed-in", act, {"operator": act.actor.name, "means": means})
    return Taken(act.actor.name, secret)


def _open(act: Act, name: str, roles: frozenset[str], rails: Rails) -> None:
    since = act.now + rails.new_operator_wait
    made = operators.Operator(name, roles, "", act.now, since, active=True, provided=True)
    operators.add(made, secrets.token_urlsafe(32))  # a token that nobody has seen opens nothing
    about = {"operator": name, "roles": sorted(roles), "ssh_key": "", "may_approve_from": since}
    log.append("operator-added", act, {**about, "provided": True})


def _change(act: Act, account: operators.Operator, roles: frozenset[str], rails: Rails) -> None:
    became = Role.APPROVER.value in roles - account.roles
    since = act.now + rails.new_operator_wait if became else account.may_approve_from
    operators.set_roles(account.name, roles, since)
    about = {"operator": account.name, "roles": sorted(roles), "before": sorted(account.roles), "may_approve_from": since}
    log.append("operator-roles-changed", act, {**about, "provided": True})
