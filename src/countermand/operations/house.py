"""The house: its accounts, and whether its sets are what its rows say."""

from dataclasses import dataclass, replace

from countermand.access import Role
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.flows import accounts
from countermand.flows import roles as changing
from countermand.flows.doctor import Findings
from countermand.flows.doctor import doctor as examine
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import condition, levers, operators
from countermand.reads.operators import Operator


@dataclass(frozen=True, slots=True)
class Token:
    """An account's token, shown this once."""

    operator: str
    token: str


@dataclass(frozen=True, slots=True)
class KeyChanged:
    operator: str
    may_approve_from: Instant


@dataclass(frozen=True, slots=True)
class Closed:
    operator: str
    active: bool


@operation("GET", "/operators", "read")
def list_operators(call: Call, after: str = "", limit: int = USUAL) -> Page[Operator]:
    """The accounts, closed ones too."""
    return page(operators.accounts(), lambda one: one.name, after, limit)


@operation("POST", "/operators", "operator", secret=True)
def add_operator(call: Call, name: str, roles: list[str], ssh_key: str = "", dry_run: bool = False) -> Token:
    """Open an account; the answer holds its token, which is shown this once. It may do nothing until a second person agreed to
    its roles and a waiting time is over.

    ``roles``: administrator, author, approver, operator, helpdesk, auditor, observer; ``ssh_key``: a line of a .pub file."""
    add = rehearsed(dry_run, accounts.operator_add)
    token = add(call.act, name, [role(word) for word in roles], ssh_key, rails=call.config.guard)
    return Token(name, "" if dry_run else token)


@dataclass(frozen=True, slots=True)
class RolesAgreed:
    """``since``: when the account has them, if nobody stops it before."""

    operator: str
    since: Instant


@operation("POST", "/operators/{name}/roles", "operator")
def change_roles(call: Call, name: str, roles: list[str], dry_run: bool = False) -> Operator:
    """Give an account these roles instead of those that it has. Fewer hold at once; anything else waits for a second person, and
    then for a waiting time (`guard.new_operator_wait`)."""
    return rehearsed(dry_run, changing.change_roles)(call.act, name, [role(word) for word in roles])


@operation("POST", "/operators/{name}/roles/agree", "agree-operator")
def agree_roles(call: Call, name: str, dry_run: bool = False) -> RolesAgreed:
    """Agree to the roles that somebody else proposed for somebody else's account. They hold after the waiting time."""
    return RolesAgreed(name, rehearsed(dry_run, changing.agree_roles)(call.act, name, rails=call.config.guard))


@operation("POST", "/operators/{name}/roles/stop", "agree-operator")
def stop_roles(call: Call, name: str, dry_run: bool = False) -> Operator:
    """Stop a change of roles that does not hold yet. The account keeps those that it has."""
    return rehearsed(dry_run, changing.stop_roles)(call.act, name)


@operation("POST", "/operators/{name}/key", "operator")
def change_key(call: Call, name: str, ssh_key: str, dry_run: bool = False) -> KeyChanged:
    """Register another SSH key for an account; its approvals count again after the waiting time."""
    return KeyChanged(name, rehearsed(dry_run, accounts.operator_key)(call.act, name, ssh_key, rails=call.config.guard))


@operation("POST", "/operators/{name}/close", "operator")
def close_operator(call: Call, name: str, dry_run: bool = False) -> Closed:
    """Close an account: its token opens nothing any more, and what it did keeps its name."""
    rehearsed(dry_run, accounts.operator_close)(call.act, name)
    return Closed(name, active=False)


@operation("POST", "/doctor", "doctor", again=True)
def doctor(call: Call, repair: bool = False) -> Findings:
    """Rebuild every derived set from the rows and compare; say which denied devices levers do not reach, and what runs out soon.
    ``repair``: where sets and rows differ, the rows win."""
    found = examine(call.act, repair=repair, progress=call.tick)
    return replace(found, unreached=levers.unreached(), running_out=condition.days_left(call.config))


OPERATIONS = (list_operators, add_operator, change_roles, agree_roles, stop_roles, change_key, close_operator, doctor)


def role(word: str) -> Role:
    """The role that somebody means. Refused ``unknown-role``."""
    try:
        return Role(word)
    except ValueError:
        known = ", ".join(one for one in Role if one is not Role.SYSTEM)
        raise Refused("unknown-role", role=word, known=known) from None
