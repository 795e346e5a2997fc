"""What requests with idempotency keys did: a row per key, written with the change itself."""

from dataclasses import dataclass

from django.db import IntegrityError

from countermand.core.instants import DAY, Instant
from countermand.store import models

#: How long a key is remembered.
KEPT = 7 * DAY


class Taken(Exception):
    """Somebody used the key just now."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key belongs to one actor and one operation. ``body_digest``: of everything that the request says."""

    actor: str
    operation: str
    key: str
    body_digest: str


def find(key: Key) -> tuple[str, str] | None:
    """(digest of the body, answer) of the request that used this key; the answer is '' if it is not known (yet)."""
    rows = models.Answered.objects.filter(actor=key.actor, operation=key.operation, key=key.key)
    return rows.values_list("body_digest", "answer").first()


def claim(key: Key, at: Instant) -> None:
    """Use the key, inside the unit of the change. Taken if it is used already: the unit then undoes itself."""
    models.Answered.objects.filter(at__lt=at - KEPT).delete()
    try:
        models.Answered.objects.create(actor=key.actor, operation=key.operation, key=key.key, body_digest=key.body_digest, at=at)
    except IntegrityError as known:
        raise Taken from known


def complete(key: Key, answer: str) -> None:
    """Keep the answer for whoever asks again."""
    models.Answered.objects.filter(actor=key.actor, operation=key.operation, key=key.key).update(answer=answer)
