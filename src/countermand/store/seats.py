"""Who is signed in at the console, as rows: the cookie's secret is kept as its digest."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from countermand.core.instants import Instant
from countermand.store import models
from countermand.store.operators import token_digest

#: By what somebody signed in: a passkey, one that does not count yet, or the identity provider.
PASSKEY, NEW_PASSKEY, PROVIDER = "passkey", "new passkey", "provider"
#: Seats that ended so long ago are forgotten when another is opened.
_KEPT = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Seat:
    """``means``: PASSKEY, NEW_PASSKEY or PROVIDER. Times are real, also in a drill."""

    number: int
    operator: str
    means: str
    opened: Instant
    seen: Instant
    left_at: Instant | None


def open_(operator: str, secret: str, opened_by: str, means: str, now: Instant) -> bool:
    """False if the question ``opened_by`` has opened one already."""
    models.Seat.objects.filter(seen__lt=now - _KEPT).delete()
    try:
        with transaction.atomic():
            models.Seat.objects.create(
                operator=operator, digest=token_digest(secret), opened_by=opened_by, means=means, opened=now, seen=now
            )
    except IntegrityError:
        return False
    return True


def find(secret: str) -> Seat | None:
    """Those that ended too."""
    row = models.Seat.objects.filter(digest=token_digest(secret)).first()
    return _seat(row) if row else None


def seen(number: int, now: Instant) -> None:
    models.Seat.objects.filter(pk=number, left_at=None).update(seen=now)


def leave(number: int, now: Instant) -> None:
    models.Seat.objects.filter(pk=number, left_at=None).update(left_at=now)


def leave_all(operator: str, now: Instant, *means: str) -> int:
    """Everywhere this account is signed in (by one of these means); returns how many seats ended."""
    found = models.Seat.objects.filter(operator=operator, left_at=None)
    return (found.filter(means__in=means) if means else found).update(left_at=now)


def _seat(row: models.Seat) -> Seat:
    return Seat(row.pk, row.operator, row.means, row.opened, row.seen, row.left_at)
