"""Changing what an account may do. More takes two people and a waiting time, and until it is over anybody who could have agreed
can stop it; less takes one, at once.

An account is opened with no role at all: the roles that it is opened for are a change like any other.
"""

from collections.abc import Collection

from countermand.access import Act, Role, require
from countermand.core.errors import Refused
from countermand.core.forms import not_found
from countermand.core.instants import Instant
from countermand.core.rails import Rails
from countermand.lib import clock
from countermand.store import log, operators
from countermand.store.operators import Operator, Wanted
from countermand.store.unit import unit

_PEOPLE = frozenset(Role) - {Role.SYSTEM}


def change_roles(act: Act, name: str, roles: Collection[Role]) -> Operator:
    """Give an account these roles instead of those that it has. Only fewer hold at once; anything else waits for a second person.

    Refused ``not-found``, ``unknown-role``, ``roles-by-provider``, ``roles-as-before``, ``last-administrator``."""
    require(act.actor, "operator")
    with unit():
        account, wanted = known(name), words_of(roles)
        if account.provided:
            raise Refused("roles-by-provider", name=name)
        if wanted == account.roles and account.wanted is None:
            raise Refused("roles-as-before", name=name)
        if wanted <= account.roles:
            keep_an_administrator(account, wanted)
            operators.set_roles(name, wanted, account.may_approve_from)
            log.append("operator-roles-changed", act, _about(name, wanted) | {"before": sorted(account.roles)})
        else:
            operators.want(account, Wanted(wanted, act.actor.name))
            log.append("operator-roles-proposed", act, _about(name, wanted) | {"before": sorted(account.roles)})
        return known(name)


def agree_roles(act: Act, name: str, *, rails: Rails) -> Instant:
    """Agree to somebody else's proposal for somebody else's account. Returns when the roles hold: after
    ``rails.new_operator_wait``, by real time. Approvals of whoever becomes an approver count from then on.

    Refused ``not-found``, ``agreed-already``, ``own-work``."""
    require(act.actor, "agree-operator")
    with unit():
        account, wanted = _wanted(name)
        if wanted.since is not None:
            raise Refused("agreed-already", agreed=wanted.agreed_by)
        for who, did in ((wanted.proposed_by, "proposed"), (name, "is to get")):
            if act.actor.name == who:
                raise Refused("own-work", actor=who, did=did, action="agree to")
        since = clock.now() + rails.new_operator_wait
        operators.want(account, Wanted(wanted.roles, wanted.proposed_by, act.actor.name, since))
        if Role.APPROVER in wanted.roles - account.roles:
            operators.waits(name, act.now + rails.new_operator_wait)
        log.append("operator-roles-agreed", act, _about(name, wanted.roles) | {"since": since})
    return since


def stop_roles(act: Act, name: str) -> Operator:
    """Stop a change of roles that does not hold yet, agreed to or not. Refused ``not-found``."""
    require(act.actor, "agree-operator")
    with unit():
        account, wanted = _wanted(name)
        operators.set_roles(name, account.roles, account.may_approve_from)
        log.append("operator-roles-stopped", act, _about(name, wanted.roles))
        return known(name)


def known(name: str) -> Operator:
    """The account, if it is not closed. Refused ``not-found``."""
    found = operators.find(name)
    if found is None or not found.active:
        raise not_found("operator", name, [one.name for one in operators.every() if one.active])
    return found


def words_of(roles: Collection[Role]) -> frozenset[str]:
    """The roles as rows keep them. Refused ``unknown-role``."""
    listed = ", ".join(sorted(_PEOPLE))
    for role in roles:
        if role not in _PEOPLE:
            raise Refused("unknown-role", role=str(role), known=listed)
    if not roles:
        raise Refused("unknown-role", role="", known=listed)
    return frozenset(Role(role).value for role in roles)


def keep_an_administrator(account: Operator, roles: frozenset[str]) -> None:
    """Refused ``last-administrator`` if nobody would be left to let anybody in."""
    others = (one for one in operators.every() if one.active and one.name != account.name)
    leaves = Role.ADMINISTRATOR in account.roles - roles
    if leaves and not any(Role.ADMINISTRATOR in one.roles for one in others):
        raise Refused("last-administrator", name=account.name)


def _wanted(name: str) -> tuple[Operator, Wanted]:
    account = known(name)
    if account.wanted is None:
        raise not_found("change of roles of", name, [one.name for one in operators.every() if one.wanted])
    return account, account.wanted


def _about(name: str, roles: frozenset[str]) -> dict[str, object]:
    return {"operator": name, "roles": sorted(roles)}
