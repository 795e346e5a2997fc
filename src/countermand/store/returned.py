"""Notices that were handed over and came back: finding them by their Message-ID, and what still stands without them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from countermand.core.instants import FOREVER, Instant
from countermand.core.notices import TELLING, Kind
from countermand.store import bulk, models
from countermand.store.outbox import Mark


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice that was handed over. ``version``: its version's row; ``number``: that version's number within its directive;
    ``bounced``: it came back before."""

    id: int
    version: int
    number: int
    lineage: str
    person: int
    login: str
    kind: Kind
    occurrence: str
    bounced: bool


_HANDED = (Mark.ACCEPTED, Mark.UNKNOWN, Mark.BOUNCED)


def sent(message_ids: Sequence[str]) -> dict[str, Sent]:
    """Message-ID → the notice that was handed over under it, for those that were. Scans once for many of them."""
    found: dict[str, Sent] = {}
    for start in range(0, len(message_ids), bulk.PARAMETERS):
        part = message_ids[start : start + bulk.PARAMETERS]
        handed = models.Notice.objects.filter(message_id__in=part, state__in=_HANDED)
        found |= {row[0]: _sent(row) for row in handed.values_list(*_SENT)}
    return found


def sent_as(notice: int) -> Sent:
    """The notice with this key, as it is now."""
    return _sent(models.Notice.objects.values_list(*_SENT).get(pk=notice))


_SENT = (
    "message_id", "id", "version_id", "version__number", "version__lineage_id",
    "person_id", "person__login", "kind", "state", "occurrence",
)  # fmt: skip


def _sent(row: tuple[Any, ...]) -> Sent:
    _, pk, version, number, lineage, person, login, kind, state, occurrence = row
    return Sent(pk, version, number, lineage, person, login, Kind(kind), occurrence, state == Mark.BOUNCED)


@dataclass(frozen=True, slots=True)
class Named:
    """A notice by its row's number. ``sent`` is None while it is not settled whether it was handed over, or if it was not;
    ``early``: the first of the two."""

    name: tuple[int, int, str, str]
    sent: Sent | None
    early: bool


def by_row(rows: Sequence[int]) -> dict[int, Named]:
    """Row → what it is, for those that there are."""
    found: dict[int, Named] = {}
    for start in range(0, len(rows), bulk.PARAMETERS):
        part = rows[start : start + bulk.PARAMETERS]
        for row in models.Notice.objects.filter(pk__in=part).values_list(*_SENT):
            _, pk, version, _, _, person, _, kind, state, occurrence = row
            made = _sent(row) if state in _HANDED else None
            found[pk] = Named((version, person, kind, occurrence), made, state in (Mark.PROMISED, Mark.CLAIMED))
    return found


def bounced(notice: int, why: str, at: Instant) -> None:
    """It came back. That it may have reached its person stands: a bounce can be wrong, and a correction too many harms nobody."""
    models.Notice.objects.filter(pk=notice).update(state=Mark.BOUNCED.value, answer=why, settled_at=at)


def other_hand_over(of: Sent) -> tuple[Instant, Instant] | None:
    """(due, at) of another accepted telling notice of the same version to the same person; the first one counts."""
    kinds = sorted(kind.value for kind in TELLING)
    others = models.Notice.objects.filter(
        version=of.version, person=of.person, kind__in=kinds, occurrence="", state=Mark.ACCEPTED
    )
    row = others.exclude(pk=of.id).order_by("settled_at").values_list("stated_due", "settled_at").first()
    return None if row is None else (FOREVER if row[0] is None else row[0], row[1] or 0)
