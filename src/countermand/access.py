"""Who may do what: one (role, action) table, asked by every flow and read before anything else happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from countermand.core.errors import Refused
from countermand.core.instants import Instant


class Role(StrEnum):
    ADMINISTRATOR = "administrator"  # accounts, keys, sources
    AUTHOR = "author"
    APPROVER = "approver"
    OPERATOR = "operator"  # runs it, holds the stop button
    HELPDESK = "helpdesk"
    AUDITOR = "auditor"
    SYSTEM = "system"  # the worker; never a person


@dataclass(frozen=True, slots=True)
class Actor:
    name: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, and the one reading of the clock that the whole act uses. Every flow takes it first."""

    actor: Actor
    now: Instant
    drill: bool = False


SYSTEM = Actor("system", frozenset({Role.SYSTEM}))

_ADMINISTRATOR, _AUTHOR, _APPROVER = Role.ADMINISTRATOR, Role.AUTHOR, Role.APPROVER
_OPERATOR, _HELPDESK, _SYSTEM = Role.OPERATOR, Role.HELPDESK, Role.SYSTEM

#: action → the roles that may. Whatever stops an order may be done by everyone who could have given it, and the worker.
TABLE: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        # the way forward
        "write": frozenset({_AUTHOR}),
        "propose": frozenset({_AUTHOR}),
        "approve": frozenset({_APPROVER}),
        "issue": frozenset({_OPERATOR}),
        "supersede": frozenset({_OPERATOR}),
        "resume": frozenset({_OPERATOR}),
        "open-ring": frozenset({_SYSTEM}),
        "tell": frozenset({_OPERATOR, _SYSTEM}),  # promises that follow from an issue
        # the way back
        "withdraw": frozenset({_AUTHOR, _APPROVER, _OPERATOR}),
        "halt": frozenset({_ADMINISTRATOR, _AUTHOR, _APPROVER, _OPERATOR, _SYSTEM}),
        "rescind": frozenset({_ADMINISTRATOR, _AUTHOR, _APPROVER, _OPERATOR}),
        "correct": frozenset({_ADMINISTRATOR, _AUTHOR, _APPROVER, _OPERATOR, _SYSTEM}),  # the rest of a rescission
        # carve-outs
        "exempt": frozenset({_AUTHOR, _OPERATOR, _HELPDESK}),
        "agree-exemption": frozenset({_APPROVER}),
        "end-exemption": frozenset({_AUTHOR, _APPROVER, _OPERATOR}),
        "protect": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "agree-protection": frozenset({_ADMINISTRATOR, _APPROVER, _OPERATOR}),
        "watch": frozenset({_AUTHOR, _OPERATOR}),
        "agree-watch": frozenset({_APPROVER}),
        # the fleet
        "import": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "ingest": frozenset({_OPERATOR, _SYSTEM}),
        "release": frozenset({_OPERATOR}),
        "attest": frozenset({_OPERATOR, _HELPDESK}),
        "handover": frozenset({_OPERATOR}),
        "undo-handover": frozenset({_ADMINISTRATOR, _AUTHOR, _APPROVER, _OPERATOR}),
        # the house
        "operator": frozenset({_ADMINISTRATOR}),
        "gate": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "doctor": frozenset({_ADMINISTRATOR, _OPERATOR, _SYSTEM}),
        "backup": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "restore": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "upgrade": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "keys": frozenset({_ADMINISTRATOR}),
        "deliver": frozenset({_OPERATOR, _SYSTEM}),
        "bounce": frozenset({_OPERATOR, _HELPDESK, _SYSTEM}),  # a bounce only ever takes a telling back
        "sweep": frozenset({_OPERATOR, _SYSTEM}),
        "publish": frozenset({_OPERATOR, _SYSTEM}),
        "seal": frozenset({_OPERATOR, _SYSTEM}),
        # looking
        "read": frozenset(Role),
        "read-person": frozenset({_OPERATOR, _HELPDESK}),
        "audit": frozenset({_ADMINISTRATOR, Role.AUDITOR, _OPERATOR}),
    }
)


def allowed(actor: Actor, action: str) -> bool:
    """True if one of the actor's roles may do this. An action that is not in the table is a programming error (KeyError)."""
    return not actor.roles.isdisjoint(TABLE[action])


def require(actor: Actor, action: str) -> None:
    """Refused ``not-allowed`` unless the actor may do this; the refusal names the roles that may."""
    if not allowed(actor, action):
        roles = " or ".join(sorted(TABLE[action] - {Role.SYSTEM}))
        raise Refused("not-allowed", actor=actor.name, action=action, roles=roles or Role.SYSTEM)
