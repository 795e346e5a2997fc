"""Who may do what: one (role, action) table, asked by every flow and read before anything else happens."""

from dataclasses import dataclass
from enum import StrEnum

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
