"""Passkeys of operators as rows, and the links by which the first one is made."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import models
from countermand.store.operators import token_digest


@dataclass(frozen=True, slots=True)
class Passkey:
    """``number`` names it to people. ``public_key``: as lib.passkeys writes it; ``counts_from``: when approvals made with it
    begin to count."""

    number: int
    operator: str
    label: str
    credential: str
    public_key: str
    counter: int
    added: Instant
    counts_from: Instant
    used: Instant | None
    removed_at: Instant | None


@dataclass(frozen=True, slots=True)
class Invitation:
    operator: str
    first: bool
    made: Instant
    expires: Instant


def add(
    operator: str, label: str, credential: str, public_key: str, counter: int, added: Instant, counts_from: Instant
) -> Passkey:
    row = models.Passkey.objects.create(
        operator=operator,
        label=label,
        credential=credential,
        public_key=public_key,
        counter=counter,
        added=added,
        counts_from=counts_from,
    )
    return _passkey(row)


def find(credential: str) -> Passkey | None:
    """The passkey with this id, unless it was removed."""
    row = models.Passkey.objects.filter(credential=credential, removed_at=None).first()
    return _passkey(row) if row else None


def numbered(number: int) -> Passkey | None:
    row = models.Passkey.objects.filter(pk=number).first()
    return _passkey(row) if row else None


def of(operator: str) -> list[Passkey]:
    """Those that an account can use, oldest first."""
    return [_passkey(row) for row in models.Passkey.objects.filter(operator=operator, removed_at=None).order_by("pk")]


def every() -> list[Passkey]:
    """Those of all accounts, oldest first."""
    return [_passkey(row) for row in models.Passkey.objects.filter(removed_at=None).order_by("pk")]


def used(number: int, before: int, counter: int, at: Instant) -> bool:
    """It signed, and counted on from ``before`` to ``counter``. False if somebody else was faster."""
    found = models.Passkey.objects.filter(pk=number, counter=before, removed_at=None)
    return found.update(counter=counter, used=at) == 1


def remove(number: int, at: Instant) -> None:
    models.Passkey.objects.filter(pk=number).update(removed_at=at)


def invite(operator: str, secret: str, made: Instant, expires: Instant, *, first: bool) -> None:
    """A new link; an earlier one of the same account opens nothing any more."""
    models.Invitation.objects.filter(operator=operator, used_at=None).update(expires=made)
    models.Invitation.objects.create(operator=operator, digest=token_digest(secret), first=first, made=made, expires=expires)


def invitation(secret: str, now: Instant) -> Invitation | None:
    """The link, if it can still be used."""
    row = models.Invitation.objects.filter(digest=token_digest(secret), used_at=None, expires__gt=now).first()
    return Invitation(row.operator, row.first, row.made, row.expires) if row else None


def use_invitation(secret: str, now: Instant) -> bool:
    """Once: True for whoever is first."""
    found = models.Invitation.objects.filter(digest=token_digest(secret), used_at=None, expires__gt=now)
    return found.update(used_at=now) == 1


def _passkey(row: models.Passkey) -> Passkey:
    return Passkey(
        row.pk,
        row.operator,
        row.label,
        row.credential,
        row.public_key,
        row.counter,
        row.added,
        row.counts_from,
        row.used,
        row.removed_at,
    )
