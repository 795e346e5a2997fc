"""Narrower tokens: for programs, and for machines that need not do everything their owner may. Each is shown once, ends by
itself, and is worth nothing once its account is closed."""

import secrets
from collections.abc import Collection

from countermand.access import Act, Scope, allowed, require
from countermand.core.errors import Refused
from countermand.core.instants import DAY, MINUTE
from countermand.lib import clock
from countermand.store import log, tokens
from countermand.store.tokens import ApiToken
from countermand.store.unit import unit

#: Days that a token lives at most.
MOST_DAYS = 366


def token_add(act: Act, label: str, scopes: Collection[str], lifetime: int) -> tuple[ApiToken, str]:
    """Make a token for the actor's own account, ``lifetime`` in milliseconds; returns it with the text that is shown this once.

    Nobody makes one for somebody else. Refused ``token-makes-token`` (only the account's own token makes others),
    ``token-scopes``, ``token-lifetime``.
    """
    require(act.actor, "token")
    if act.actor.scopes is not None:
        raise Refused("token-makes-token")
    known = ", ".join(Scope)
    for word in scopes or [""]:
        if word not in set(Scope):
            raise Refused("token-scopes", scope=word, known=known)
    if not MINUTE <= lifetime <= MOST_DAYS * DAY:
        raise Refused("token-lifetime", most=MOST_DAYS)
    text = secrets.token_urlsafe(32)
    created = clock.now()
    with unit():
        made = tokens.add(act.actor.name, label[:100], frozenset(scopes), created, created + lifetime, text)
        about = {"token": made.number, "label": made.label, "scopes": list(made.scopes), "expires": made.expires}
        log.append("token-added", act, about)
    return made, text


def token_revoke(act: Act, number: int) -> ApiToken:
    """Revoke a token: one's own, or as an administrator anybody's. Refused ``not-found``."""
    require(act.actor, "token")
    with unit():
        found = tokens.find(number)
        if found is None or found.revoked_at is not None or not (_own(act, found) or allowed(act.actor, "operator")):
            raise Refused("not-found", what="token", name=str(number), nearest="see `countermand token list`")
        tokens.revoke(number, clock.now())
        log.append("token-revoked", act, {"token": number, "operator": found.operator})
    return found


def _own(act: Act, found: ApiToken) -> bool:
    return found.operator == act.actor.name
