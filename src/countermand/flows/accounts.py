"""Setting up a house and its accounts: keys, the first operators, and whoever an administrator adds.

A token is printed once and stored as a digest. An account that was added may do nothing until a second person agreed to its
roles and a waiting time is over (flows.roles); one that was given another key waits before its approvals count. So nobody can
appoint an approver and issue in the same hour, nor anybody at all alone.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from countermand.access import Act, Actor, Role, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.guardrails import Rails
from countermand.core.instants import Instant, iso
from countermand.flows.passkeys import invited
from countermand.flows.roles import keep_an_administrator, known, words_of
from countermand.lib import clock, keys, sshsig
from countermand.store import feed, installation, log, operators, passkeys, seats
from countermand.store.installation import Installation
from countermand.store.operators import Wanted
from countermand.store.setup import create_tables, make_room, open_store
from countermand.store.unit import unit

#: The installation's own keys, each in ``<state_dir>/keys/<name>.key``.
KEYS = ("root", "feed", "ledger")
_PEOPLE = frozenset(Role) - {Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class First:
    """One of the first operators. ``ssh_key``: a line of a .pub file, '' for none yet."""

    name: str
    roles: frozenset[Role]
    ssh_key: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What ``init`` made: a token per first operator, shown this once; the files of the keys; and per first operator what a
    link ends with by which they make their passkey, once (flows.passkeys)."""

    tokens: Mapping[str, str]
    keys: Mapping[str, Path]
    links: Mapping[str, str]


def key_file(state_dir: Path, name: str) -> Path:
    """Where one of the installation's KEYS is."""
    return state_dir / "keys" / f"{name}.key"


def init(config: Config, firsts: Sequence[First], *, drill: bool = False, starts_at: Instant | None = None) -> Made:
    """Set up an empty database, its keys and its first operators. Whether it is a drill is fixed here for ever.

    ``starts_at``: in a drill, the instant that its clock shows now. Refused ``already-set-up``, ``first-operators``
    (fewer than two, all with the same roles, or no administrator), and what ``operator_add`` refuses.
    """
    _check_firsts(firsts)
    make_room(config.database)
    open_store(config.database)
    create_tables()
    if installation.load() is not None:
        raise Refused("already-set-up", path=config.database)
    real = clock.now()
    now = starts_at if drill and starts_at is not None else real
    files = {name: key_file(config.state_dir, name) for name in KEYS}
    for file in files.values():
        _make_key(file)
    act = Act(Actor("init", _PEOPLE), now, drill)
    with unit():
        installation.create(Installation(drill, config.origin, 1, now, now - real))
        log.append("installed", act, {"origin": config.origin, "drill": drill, "epoch": 1})
        tokens = {first.name: _add(act, first.name, first.roles, first.ssh_key, now) for first in firsts}
        links = {first.name: invited(first.name, first=True).secret for first in firsts}
        feed.mark("logins")
    return Made(tokens, files, links)


def operator_add(act: Act, name: str, roles: Collection[Role], ssh_key: str = "", *, rails: Rails) -> str:
    """Open an account; returns its token, which is shown this once. It has the roles when somebody else agreed to them
    (``flows.roles.agree_roles``) and ``rails.new_operator_wait`` is over.

    Refused ``operator-exists``, ``operator-name``, ``unknown-role``, ``ssh-key-unusable``, ``ssh-key-elsewhere``.
    """
    require(act.actor, "operator")
    with unit():
        return _add(act, name, roles, ssh_key, act.now + rails.new_operator_wait, by=act.actor.name)


def operator_key(act: Act, name: str, ssh_key: str, *, rails: Rails) -> Instant:
    """Register another SSH key for an account. Returns when its approvals count again: a key is as good as the account."""
    require(act.actor, "operator")
    with unit():
        known(name)
        key = _key(ssh_key, name)
        since = act.now + rails.new_operator_wait
        operators.set_key(name, key, since)
        log.append("operator-key-changed", act, {"operator": name, "ssh_key": sshsig.fingerprint(key), "may_approve_from": since})
    return since


def operator_close(act: Act, name: str) -> None:
    """Close an account: its token opens nothing, and approvals that it gave to what is not issued yet do not count.
    Refused ``last-administrator``."""
    require(act.actor, "operator")
    with unit():
        keep_an_administrator(known(name), frozenset())
        operators.close(name)
        seats.leave_all(name, clock.now())
        log.append("operator-closed", act, {"operator": name})


def may_approve(name: str, now: Instant) -> operators.Operator:
    """The account, if it can approve now. Whoever opens accounts and sets keys approves nothing, whatever other roles the
    account has: one person would be as good as two. Refused ``administrator-approves``, ``no-registered-key``,
    ``operator-too-new``."""
    found = known(name)
    if Role.ADMINISTRATOR in found.roles:
        raise Refused("administrator-approves", actor=name)
    if not found.ssh_key and not passkeys.of(name):
        raise Refused("no-registered-key", actor=name)
    if now < found.may_approve_from:
        raise Refused("operator-too-new", actor=name, since=iso(found.may_approve_from))
    return found


def _add(act: Act, name: str, roles: Collection[Role], ssh_key: str, may_approve_from: Instant, *, by: str = "") -> str:
    """``by``: who wants it to have these roles; '' = it has them, because the house begins with it."""
    if not operators.fits(name) or name == Role.SYSTEM:
        raise Refused("operator-name", name=name)
    if operators.find(name) is not None:
        raise Refused("operator-exists", name=name)
    words = words_of(roles)
    key = _key(ssh_key, name) if ssh_key else ""
    token = secrets.token_urlsafe(32)
    has, wanted = (frozenset[str](), Wanted(words, by)) if by else (words, None)
    operators.add(operators.Operator(name, has, key, act.now, may_approve_from, active=True, wanted=wanted), token)
    about = {
        "operator": name,
        "roles": sorted(words),
        "ssh_key": sshsig.fingerprint(key) if key else "",
        "may_approve_from": may_approve_from,
    }
    log.append("operator-added", act, about)
    return token


def _key(text: str, name: str) -> str:
    key = sshsig.public_key(text)
    other = operators.by_key(key)
    if other is not None and other.name != name:
        raise Refused("ssh-key-elsewhere", name=other.name)
    return key


def _check_firsts(firsts: Sequence[First]) -> None:
    administered = any(Role.ADMINISTRATOR in first.roles for first in firsts)
    if len({first.name for first in firsts}) < 2 or len({first.roles for first in firsts}) < 2 or not administered:
        raise Refused("first-operators")


def _make_key(file: Path) -> None:
    """A key file that an interrupted ``init`` left behind is as good as a new one."""
    try:
        keys.load_or_create(file)
    except keys.BadKeyFile as bad:
        raise Refused(bad.code, file=bad.path) from bad
