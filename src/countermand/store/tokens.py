"""Narrower tokens of accounts as rows: whose, for what, until when, and the digest of each."""

import hmac
from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import models
from countermand.store.operators import token_digest


@dataclass(frozen=True, slots=True)
class ApiToken:
    """``number`` names it to people. ``expires`` is real time, also in a drill."""

    number: int
    operator: str
    label: str
    scopes: tuple[str, ...]
    created: Instant
    expires: Instant
    revoked_at: Instant | None


def add(operator: str, label: str, scopes: frozenset[str], created: Instant, expires: Instant, token: str) -> ApiToken:
    row = models.ApiToken.objects.create(
        operator=operator,
        label=label,
        scopes=" ".join(sorted(scopes)),
        token_digest=token_digest(token),
        created=created,
        expires=expires,
    )
    return _token(row)


def find(number: int) -> ApiToken | None:
    row = models.ApiToken.objects.filter(pk=number).first()
    return _token(row) if row else None


def by_token(token: str) -> ApiToken | None:
    """Expired and revoked ones too."""
    digest = token_digest(token)
    row = models.ApiToken.objects.filter(token_digest=digest).first()
    return _token(row) if row is not None and hmac.compare_digest(row.token_digest, digest) else None


def every(operator: str | None) -> list[ApiToken]:
    """Those of one account, or of all, oldest first."""
    rows = models.ApiToken.objects.order_by("pk")
    return [_token(row) for row in (rows if operator is None else rows.filter(operator=operator))]


def revoke(number: int, at: Instant) -> None:
    models.ApiToken.objects.filter(pk=number).update(revoked_at=at)


def _token(row: models.ApiToken) -> ApiToken:
    return ApiToken(row.pk, row.operator, row.label, tuple(row.scopes.split()), row.created, row.expires, row.revoked_at)
