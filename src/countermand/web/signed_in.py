"""Who is signed in: an employee by the identity provider, somebody of the help desk by their token.

A session is a signed cookie that ends with the working day. Signing in makes a new one, so that nobody can hand another
person a session beforehand.
"""

from django.http import HttpRequest

from countermand.access import Actor
from countermand.core.errors import Refused
from countermand.reads import operators

_PERSON, _TOKEN, _WAITING = "person", "token", "waiting"


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
    token = request.session.get(_TOKEN)
    if not isinstance(token, str):
        raise SignInFirst("/help-desk/sign-in/")
    try:
        return operators.actor_of(token)
    except Refused:
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
    request.session[_TOKEN] = token
    return actor


def sign_out(request: HttpRequest) -> None:
    request.session.flush()
