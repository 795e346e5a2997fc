"""Passkeys of accounts, with which operators sign in at the console and approve there."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.flows import passkeys
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import seats


@dataclass(frozen=True, slots=True)
class Link:
    """``url``: whoever opens it makes a passkey for the account, once; shown this once, and worth nothing after ``expires``."""

    operator: str
    url: str
    expires: Instant


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """``counts_from``: when approvals made with it begin to count; ``used``: when somebody last signed in with it."""

    number: int
    operator: str
    label: str
    added: Instant
    counts_from: Instant
    used: Instant | None


@dataclass(frozen=True, slots=True)
class Removed:
    number: int
    operator: str


@operation("POST", "/operators/{name}/invitation", "operator", secret=True)
def invite_operator(call: Call, name: str, dry_run: bool = False) -> Link:
    """Make a link with which the holder of an account makes a passkey for it, once. Earlier links of the account are void.

    Hand it over in person, or by a way that reaches nobody else. Approvals with the new passkey count after a waiting time."""
    made = rehearsed(dry_run, passkeys.invite)(call.act, name)
    return Link(name, "" if dry_run else call.config.link(made.secret), made.expires)


@operation("GET", "/passkeys", "own-keys")
def list_passkeys(call: Call, operator: str = "", after: str = "", limit: int = USUAL) -> Page[PasskeyView]:
    """One's own passkeys; for an administrator those of the ``operator`` named, or of everybody."""
    found = [
        PasskeyView(one.number, one.operator, one.label, one.added, one.counts_from, one.used)
        for one in seats.passkeys_of(call.act, operator)
    ]
    return page(found, lambda one: f"{one.number:012d}", after, limit)


@operation("POST", "/passkeys/{number}/remove", "own-keys")
def remove_passkey(call: Call, number: int, dry_run: bool = False) -> Removed:
    """Remove a passkey: one's own, or as an administrator anybody's. What it approved counts no more, unless it is issued."""
    return Removed(number, rehearsed(dry_run, passkeys.remove)(call.act, number).operator)


OPERATIONS = (invite_operator, list_passkeys, remove_passkey)
