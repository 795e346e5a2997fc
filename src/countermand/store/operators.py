"""Operators' accounts as rows: who they are, the digest of their token, and the SSH key they sign with."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.lib import clock
from countermand.store import models

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Roles that an account is to have. ``since``: when they hold, in real time; None while nobody has agreed."""

    roles: frozenset[str]
    proposed_by: str
    agreed_by: str = ""
    since: Instant | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """One account. ``roles`` as words of ``access.Role``, those that it has now; ``ssh_key`` '' if none is registered;
    ``provided``: the identity provider opened it and says which roles it has; ``wanted``: roles that it does not have yet."""

    name: str
    roles: frozenset[str]
    ssh_key: str
    added: Instant
    may_approve_from: Instant
    active: bool
    provided: bool = False
    wanted: Wanted | None = None


def fits(name: str) -> bool:
    """Whether an account can have this name."""
    return _NAME.fullmatch(name) is not None


def token_digest(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def add(operator: Operator, token: str) -> None:
    models.Operator.objects.create(
        name=operator.name,
        roles=_joined(operator.roles),
        token_digest=token_digest(token),
        ssh_key=operator.ssh_key,
        added=operator.added,
        may_approve_from=operator.may_approve_from,
        active=operator.active,
        provided=operator.provided,
    )
    if operator.wanted is not None:
        want(operator, operator.wanted)


def find(name: str) -> Operator | None:
    row = models.Operator.objects.filter(name=name).first()
    return _operator(row) if row else None


def by_token(token: str) -> Operator | None:
    """The active operator whose token this is."""
    digest = token_digest(token)
    row = models.Operator.objects.filter(token_digest=digest, active=True).first()
    # The index compared byte by byte; whose token it is must not depend on anything but the whole digest.
    return _operator(row) if row is not None and hmac.compare_digest(row.token_digest, digest) else None


def by_key(ssh_key: str) -> Operator | None:
    row = models.Operator.objects.filter(ssh_key=ssh_key).first()
    return _operator(row) if row else None


def every() -> list[Operator]:
    """All accounts, by name."""
    return [_operator(row) for row in models.Operator.objects.order_by("name")]


def set_key(name: str, ssh_key: str, may_approve_from: Instant) -> None:
    models.Operator.objects.filter(name=name).update(ssh_key=ssh_key, may_approve_from=may_approve_from)


def set_roles(name: str, roles: frozenset[str], may_approve_from: Instant) -> None:
    """From now on; what else was wanted is not any more."""
    models.Operator.objects.filter(name=name).update(
        roles=_joined(roles), may_approve_from=may_approve_from, wanted_roles="", wanted_by="", agreed_by="", wanted_from=None
    )


def want(operator: Operator, wanted: Wanted) -> None:
    """Keep what the account is to have beside what it has."""
    models.Operator.objects.filter(name=operator.name).update(
        roles=_joined(operator.roles),
        wanted_roles=_joined(wanted.roles),
        wanted_by=wanted.proposed_by,
        agreed_by=wanted.agreed_by,
        wanted_from=wanted.since,
    )


def waits(name: str, may_approve_from: Instant) -> None:
    """Approvals of the account count from then on, and not sooner than they did."""
    models.Operator.objects.filter(name=name, may_approve_from__lt=may_approve_from).update(may_approve_from=may_approve_from)


def close(name: str) -> None:
    """The account may do nothing any more; what it did keeps its name."""
    models.Operator.objects.filter(name=name).update(active=False)


def _joined(roles: frozenset[str]) -> str:
    return " ".join(sorted(roles))


def _operator(row: models.Operator) -> Operator:
    """Roles whose time has come hold without a write: nothing has to run at that instant."""
    roles, wanted = frozenset(row.roles.split()), None
    if row.wanted_from is not None and row.wanted_from <= clock.now():
        roles = frozenset(row.wanted_roles.split())
    elif row.wanted_by:
        wanted = Wanted(frozenset(row.wanted_roles.split()), row.wanted_by, row.agreed_by, row.wanted_from)
    return Operator(row.name, roles, row.ssh_key, row.added, row.may_approve_from, row.active, row.provided, wanted)
