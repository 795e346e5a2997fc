"""Who is signed in: an employee by the identity provider, somebody of the help desk by their token.

A session is a signed cookie that ends with the working day. Signing in makes a new one, so that nobody can hand another
person a session beforehand.
"""

import base64
import hashlib

from django.conf import settings
from django.http import HttpRequest

from countermand.access import Actor
from countermand.core.errors import Refused
from countermand.lib.sealed import Unsealed, opened, seal
from countermand.reads import operators

_PERSON, _TOKEN, _WAITING = "person", "token", "waiting"
_PURPOSE = "token of a session"


class SignInFirst(Exception):
    """Nobody is signed in; ``path``: where to go for it."""

    def __init__(self, path: str) -> None:
        self.path = path


def employee(request: HttpRequest) -> int:
    """The person's ordinal. SignInFirst."""
    found = request.session.get(_PERSON)
    if not isinstance(found, int):
        raise SignInFirst("/sign-in/")
    return found


def is_employee(request: HttpRequest) -> bool:
    return isinstance(request.session.get(_PERSON), int)


def operator(request: HttpRequest) -> Actor:
    """The operator whose token signed in: asked anew each time, so that a revoked one is out. SignInFirst."""
    found = request.session.get(_TOKEN)
    if not isinstance(found, str):
        raise SignInFirst("/help-desk/sign-in/")
    try:
        return operators.actor_of(opened(_key(), _PURPOSE, base64.b64decode(found)))
    except (Refused, Unsealed, ValueError):  # revoked, of another key, or of a release that kept it otherwise
        request.session.flush()
        raise SignInFirst("/help-desk/sign-in/") from None


def wait(request: HttpRequest, state: str, nonce: str, verifier: str) -> None:
    """Somebody was sent to the identity provider with this question."""
    request.session[_WAITING] = [state, nonce, verifier]


def waited(request: HttpRequest) -> tuple[str, str, str] | None:
    """The question, once: what comes back a second time finds none."""
    found = request.session.pop(_WAITING, None)
    return tuple(found) if isinstance(found, list) and len(found) == 3 else None


def sign_in_employee(request: HttpRequest, person: int) -> None:
    request.session.flush()
    request.session[_PERSON] = person


def sign_in_operator(request: HttpRequest, token: str) -> Actor:
    """Refused as ``operators.actor_of`` does."""
    actor = operators.actor_of(token)
    request.session.flush()
    request.session[_TOKEN] = kept(token)
    return actor


def kept(token: str) -> str:
    """The token as a session keeps it."""
    return base64.b64encode(seal(_key(), _PURPOSE, token)).decode()


def _key() -> bytes:
    """A cookie is signed and not encrypted, and a token outlives the session: whoever reads the cookie must not have it."""
    return hashlib.sha256(f"{_PURPOSE} {settings.SECRET_KEY}".encode()).digest()


def sign_out(request: HttpRequest) -> None:
    request.session.flush()
