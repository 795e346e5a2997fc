"""Tokens by which a service account proves who it is (OpenID Connect Core 1.0, 2), signed with keys that its issuer publishes
(RFC 7517)."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from countermand.core.instants import HOUR, MINUTE, Instant
from countermand.lib import clock
from countermand.lib.http import Response, Unreachable
from countermand.lib.read_json import read_json

#: Keys are fetched anew after so long; and for a key that is not among them, or after a failure, no sooner than this.
_KEPT, _AGAIN = HOUR, MINUTE
_LEEWAY = 60


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose token is believed: made by one of these ``issuers``, for this audience alone, for the account with this address."""

    issuers: Sequence[str]
    audience: str
    account: str


class PublishedKeys:
    """The keys at one address. ``fetch``: asks for them, once. Strangers can present any key's name, so what is not there is not
    looked for more often than once a minute."""

    def __init__(self, fetch: Callable[[], Response]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._found: dict[str, jwt.PyJWK] = {}
        self._fetched: Instant | None = None
        self._tried: Instant | None = None
        self._why = ""

    def key(self, name: str) -> jwt.PyJWK | None:
        """The key of this name; None if it is not published. Unreachable, if nobody can say."""
        with self._lock:
            now = clock.steady()
            stale = self._fetched is None or now - self._fetched >= _KEPT
            if (stale or name not in self._found) and (self._tried is None or now - self._tried >= _AGAIN):
                self._tried, self._why = now, ""
                try:
                    self._found = _keys(self._fetch())
                    self._fetched, stale = now, False
                except Unreachable as away:
                    self._why = str(away)
            if stale:
                raise Unreachable(self._why or "its keys were not found a moment ago")
            return self._found.get(name)


def is_token(text: str) -> bool:
    """Whether it has the form of a signed token."""
    return text.count(".") == 2


def proves(token: str, expected: Expected, keys: PublishedKeys) -> bool:
    """Whether the token is what is expected, and holds now. No key is fetched for what says otherwise. Unreachable."""
    try:
        head, said = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
        if not _fits(said, expected) or not isinstance(name := head.get("kid"), str):
            return False
        key = keys.key(name)
        if key is None:
            return False
        sure = jwt.decode(
            token, key, ["RS256"], {"require": ["exp", "iat", "iss", "aud"]}, audience=expected.audience, leeway=_LEEWAY
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False
    return _fits(sure, expected)


def _fits(said: dict[str, Any], expected: Expected) -> bool:
    """Also that the issuer vouches for the address, and that nobody else is meant as well."""
    whose = (said.get("email"), said.get("email_verified"), said.get("aud"))
    return whose == (expected.account, True, expected.audience) and said.get("iss") in expected.issuers


def _keys(answer: Response) -> dict[str, jwt.PyJWK]:
    """Name → key. Unreachable for an answer without any."""
    if answer.status != 200:
        raise Unreachable(f"it answered {answer.status}")
    try:
        found = jwt.PyJWKSet.from_dict(read_json(answer.body)).keys
    except (jwt.PyJWTError, ValueError, AttributeError) as wrong:
        raise Unreachable("it answered without keys") from wrong
    return {key.key_id: key for key in found if key.key_id}
