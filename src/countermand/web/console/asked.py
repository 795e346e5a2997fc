"""What a browser was asked and has not answered yet: kept in its signed session, for a few minutes, one per purpose."""

import base64
import secrets

from django.http import HttpRequest

from countermand.core.errors import Refused
from countermand.core.instants import MINUTE
from countermand.lib import clock

_LIVES = 10 * MINUTE
_KEY = "asked at the console"


def challenge(request: HttpRequest, purpose: str) -> bytes:
    """A new question."""
    made = secrets.token_bytes(32)
    keep(request, purpose, [base64.b64encode(made).decode()])
    return made


def answered(request: HttpRequest, purpose: str) -> bytes:
    """The question, once. Refused ``sign-in-failed``."""
    return base64.b64decode(kept(request, purpose, 1)[0])


def keep(request: HttpRequest, purpose: str, values: list[str]) -> None:
    request.session[_KEY] = {**request.session.get(_KEY, {}), purpose: [clock.now(), *values]}


def kept(request: HttpRequest, purpose: str, count: int) -> list[str]:
    """What was kept, once: who comes back a second time, or after too long, finds nothing. Refused ``sign-in-failed``."""
    waiting = dict(request.session.get(_KEY, {}))
    found = waiting.pop(purpose, None)
    request.session[_KEY] = waiting
    if not isinstance(found, list) or len(found) != count + 1 or clock.now() - found[0] > _LIVES:
        raise Refused("sign-in-failed", why="it was not begun here, or too long ago")
    return [str(value) for value in found[1:]]
