"""Narrower, expiring tokens of accounts."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.flows.tokens import token_add, token_revoke
from countermand.operations.operation import Call, operation
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import operators
from countermand.reads.operators import ApiToken


@dataclass(frozen=True, slots=True)
class NewToken:
    """``token``: shown this once; a digest is all that is stored."""

    number: int
    label: str
    scopes: tuple[str, ...]
    expires: Instant
    token: str


@dataclass(frozen=True, slots=True)
class Revoked:
    number: int
    operator: str
    label: str


@operation("GET", "/tokens", "token")
def list_tokens(call: Call, after: str = "", limit: int = USUAL) -> Page[ApiToken]:
    """One's own narrower tokens, ended ones too; for an administrator everybody's."""
    return page(operators.tokens_of(call.act), lambda one: one.number, after, limit)


@operation("POST", "/tokens", "token", secret=True)
def add_token(call: Call, label: str, scopes: list[str], lifetime: int) -> NewToken:
    """Make a token for one's own account that may do less and ends by itself; the answer holds it, this once.

    ``scopes``: read, help, audit, write, approve, operate, scim, stop, administer; ``lifetime``: milliseconds."""
    made, text = token_add(call.act, label, scopes, lifetime)
    return NewToken(made.number, made.label, made.scopes, made.expires, text)


@operation("POST", "/tokens/{number}/revoke", "token")
def revoke_token(call: Call, number: int) -> Revoked:
    """Revoke a token at once: one's own, or as an administrator anybody's."""
    gone = token_revoke(call.act, number)
    return Revoked(gone.number, gone.operator, gone.label)


OPERATIONS = (list_tokens, add_token, revoke_token)
