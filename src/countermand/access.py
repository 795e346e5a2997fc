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
    OBSERVER = "observer"  # the works council: what is ordered and how many it concerns, and nobody in particular
    SYSTEM = "system"  # the worker; never a person


class Scope(StrEnum):
    """What a token can be narrowed to; the account's own token has them all."""

    READ = "read"  # looking, but at nobody in particular
    HELP = "help"  # single people and devices: looking them up, and what they say
    AUDIT = "audit"
    WRITE = "write"  # what authors do
    APPROVE = "approve"  # what approvers do; approvals of directives ask for a signature beside it
    OPERATE = "operate"
    SCIM = "scim"  # a directory's provisioning: people and groups, and nothing else
    STOP = "stop"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Actor:
    """``scopes``: what the token that names the actor was narrowed to; None for the account's own."""

    name: str
    roles: frozenset[Role]
    scopes: frozenset[Scope] | None = None


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
        "import": frozenset({_ADMINISTRATOR, _OPERATOR, _SYSTEM}),
        "erase": frozenset({_ADMINISTRATOR}),  # a person who has left, for good
        "provision": frozenset({_ADMINISTRATOR, _OPERATOR}),  # people and groups, by a directory
        "ingest": frozenset({_OPERATOR, _SYSTEM}),
        "release": frozenset({_OPERATOR}),
        "attest": frozenset({_OPERATOR, _HELPDESK}),
        "link": frozenset({_OPERATOR}),  # two devices are one: what was seen on the one counts for the other
        "unblock": frozenset({_OPERATOR, _HELPDESK}),  # mail back for a day, and answers to employees
        "handover": frozenset({_OPERATOR}),
        "undo-handover": frozenset({_ADMINISTRATOR, _AUTHOR, _APPROVER, _OPERATOR}),
        "work-lever": frozenset({_OPERATOR, _SYSTEM}),
        "enable-lever": frozenset({_ADMINISTRATOR, _APPROVER, _OPERATOR}),  # two of them
        "undo-lever": frozenset({_ADMINISTRATOR, _AUTHOR, _APPROVER, _OPERATOR}),
        # the house
        "operator": frozenset({_ADMINISTRATOR}),
        "agree-operator": frozenset({_ADMINISTRATOR, _APPROVER, _OPERATOR}),  # roles for an account that others proposed
        "token": frozenset(Role) - {_SYSTEM},  # one's own; an administrator sees and revokes everybody's
        "own-keys": frozenset(Role) - {_SYSTEM},  # passkeys, as tokens
        "gate": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "doctor": frozenset({_ADMINISTRATOR, _OPERATOR, _SYSTEM}),
        "backup": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "restore": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "upgrade": frozenset({_ADMINISTRATOR, _OPERATOR}),
        "keys": frozenset({_ADMINISTRATOR}),
        "subscribe": frozenset({_ADMINISTRATOR}),  # who is told, as machines are, what happened
        "signal": frozenset({_OPERATOR, _SYSTEM}),
        "lever": frozenset({_ADMINISTRATOR}),  # what enforces beside us, and its secrets
        "deliver": frozenset({_OPERATOR, _SYSTEM}),
        "bounce": frozenset({_OPERATOR, _HELPDESK, _SYSTEM}),  # a bounce only ever takes a telling back
        "sweep": frozenset({_OPERATOR, _SYSTEM}),
        "publish": frozenset({_OPERATOR, _SYSTEM}),
        "seal": frozenset({_OPERATOR, _SYSTEM}),
        # looking
        "oversee": frozenset(Role),  # orders, what they would do and did, in numbers; who decided what
        "read": frozenset(Role) - {Role.OBSERVER},
        "read-person": frozenset({_OPERATOR, _HELPDESK}),
        "audit": frozenset({_ADMINISTRATOR, Role.AUDITOR, _OPERATOR}),
        "oversee-ledger": frozenset({_ADMINISTRATOR, Role.AUDITOR, _OPERATOR, Role.OBSERVER}),  # what was done, not to whom
    }
)


#: scope → the actions of TABLE that a token needs it for. Every action stands once.
SCOPES: Mapping[Scope, frozenset[str]] = MappingProxyType(
    {
        Scope.READ: frozenset({"oversee", "read"}),
        Scope.HELP: frozenset({"read-person", "attest", "unblock", "bounce"}),
        Scope.AUDIT: frozenset({"audit", "oversee-ledger"}),
        Scope.WRITE: frozenset({"write", "propose", "exempt", "watch"}),
        Scope.APPROVE: frozenset({"approve", "agree-exemption", "agree-protection", "agree-watch", "agree-operator"}),
        Scope.OPERATE: frozenset(
            {
                "issue", "supersede", "resume", "open-ring", "tell", "end-exemption", "protect", "import", "ingest", "release",
                "link", "handover", "doctor", "deliver", "sweep", "publish", "seal", "signal",
                "work-lever", "enable-lever",
            }
        ),
        Scope.STOP: frozenset({"withdraw", "halt", "rescind", "correct", "undo-handover", "undo-lever"}),
        Scope.SCIM: frozenset({"provision"}),
        Scope.ADMINISTER: frozenset(
            {"operator", "erase", "gate", "token", "own-keys", "backup", "restore", "upgrade", "keys", "subscribe", "lever"}
        ),
    }
)  # fmt: skip
_SCOPE_OF = {action: scope for scope, actions in SCOPES.items() for action in actions}


def scope_of(action: str) -> Scope:
    """The scope that a token needs for an action. KeyError for one that SCOPES does not list."""
    return _SCOPE_OF[action]


def allowed(actor: Actor, action: str) -> bool:
    """True if one of the actor's roles may do this, and the token is wide enough. An action that is not in the table is a
    programming error (KeyError)."""
    return not actor.roles.isdisjoint(TABLE[action]) and (actor.scopes is None or scope_of(action) in actor.scopes)


def require(actor: Actor, action: str) -> None:
    """Refused ``not-allowed`` unless the actor may do this, naming the roles that may; ``token-too-narrow`` if only the token
    stands in the way."""
    if not allowed(actor, action):
        if not actor.roles.isdisjoint(TABLE[action]):
            raise Refused("token-too-narrow", actor=actor.name, action=action, scope=scope_of(action))
        roles = " or ".join(sorted(TABLE[action] - {Role.SYSTEM}))
        raise Refused("not-allowed", actor=actor.name, action=action, roles=roles or Role.SYSTEM)
