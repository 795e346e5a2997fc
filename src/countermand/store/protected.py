"""Protected logins as rows, and the sets that follow from them. Two people make one, two people end it."""

from dataclasses import dataclass

from countermand.core import facts
from countermand.core.instants import Instant
from countermand.store import audience, models, sets


@dataclass(frozen=True, slots=True)
class Protected:
    """A login that can never be denied, once ``agreed_by`` somebody and until ``ended_at``. ``end_proposed_by``: who wants
    to end it; '' = nobody."""

    pk: int
    login: str
    why: str
    proposed_by: str
    proposed_at: Instant
    agreed_by: str
    end_proposed_by: str

    @property
    def holds(self) -> bool:
        return bool(self.agreed_by)


def find(login: str) -> Protected | None:
    """The entry of this login that has not ended, proposed or holding."""
    row = models.ProtectedLogin.objects.filter(login=login, ended_at=None).first()
    return _protected(row) if row else None


def every() -> list[Protected]:
    """All entries that have not ended, by login."""
    return [_protected(row) for row in models.ProtectedLogin.objects.filter(ended_at=None).order_by("login")]


def propose(login: str, why: str, by: str, at: Instant) -> None:
    models.ProtectedLogin.objects.create(login=login, why=why, proposed_by=by, proposed_at=at)


def agree(pk: int, by: str, at: Instant) -> None:
    models.ProtectedLogin.objects.filter(pk=pk).update(agreed_by=by, agreed_at=at)


def propose_end(pk: int, by: str, at: Instant) -> None:
    models.ProtectedLogin.objects.filter(pk=pk).update(end_proposed_by=by, end_proposed_at=at)


def end(pk: int, at: Instant) -> None:
    models.ProtectedLogin.objects.filter(pk=pk).update(ended_at=at)


def flip(login: str, *, protect: bool) -> tuple[int | None, list[int]]:
    """Move the person and the person's devices into the protected sets, or out; returns their ordinals. A login that
    nobody in the directory has is protected at the gates all the same."""
    person = models.Person.objects.filter(login=login, active=True).values_list("ordinal", flat=True).first()
    if person is None:
        return None, []
    devices = [device for device, _ in audience.devices_of([person])]
    name: frozenset[str] = frozenset({facts.PROTECTED})
    move: tuple[frozenset[str], frozenset[str]] = (frozenset(), name) if protect else (name, frozenset())
    sets.flip(sets.PEOPLE, {person: move})
    sets.flip(sets.DEVICES, dict.fromkeys(devices, move))
    return person, devices


def _protected(row: models.ProtectedLogin) -> Protected:
    return Protected(row.pk, row.login, row.why, row.proposed_by, row.proposed_at, row.agreed_by, row.end_proposed_by)
