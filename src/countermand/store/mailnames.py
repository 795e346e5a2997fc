"""The names that gates know: which (login, kind, value) belongs to which device, which logins are whose, which are
protected. Only kinds by which a gate can recognise a device; devices without an owner have no name there. A pair that its
person disowned leads to ``disowned.ORDINAL``, whosever the device is."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from django.db.models import Q, QuerySet

from countermand.core import disowned
from countermand.core.devices import MAIL_KINDS
from countermand.core.facts import BLOCK_SIZE
from countermand.core.languages import spoken
from countermand.store import models

_KINDS = sorted(kind.value for kind in MAIL_KINDS)
_CHUNK = 400
_ROWS = 5_000

#: (login, kind, value)
Pair = tuple[str, str, str]


def devices() -> Iterator[tuple[Pair, int]]:
    """Every name and its device's ordinal, read as they are needed."""
    return _read(_named(), set(disowned_pairs()))


def devices_in(block: int) -> Iterator[tuple[Pair, int]]:
    """The same of one block of devices."""
    inside = {"device_id__gte": block * BLOCK_SIZE, "device_id__lt": (block + 1) * BLOCK_SIZE}
    cut = set(disowned_pairs(models.Objection.objects.filter(**inside)))
    return _read(_named().filter(**inside), cut)


def _read(named: QuerySet[models.Identity], cut: set[Pair]) -> Iterator[tuple[Pair, int]]:
    rows = named.values_list("device__owner__login", "kind", "value", "device_id").iterator(chunk_size=_ROWS)
    for login, kind, value, ordinal in rows:
        if (login, kind, value) not in cut:
            yield (login, kind, value), ordinal
    yield from ((pair, disowned.ORDINAL) for pair in sorted(cut))


def disowned_pairs(said: QuerySet[models.Objection] | None = None) -> Iterator[Pair]:
    """The names of every pair that its person disowned, all of the device's names."""
    rows = models.Objection.objects.all() if said is None else said
    cuts = rows.filter(cut_at__isnull=False, mended_at=None).values_list("person__login", "device_id")
    whose: dict[int, list[str]] = {}
    for login, device in cuts:
        whose.setdefault(device, []).append(login)
    wanted = sorted(whose)
    for start in range(0, len(wanted), _CHUNK):
        names = models.Identity.objects.filter(kind__in=_KINDS, device_id__in=wanted[start : start + _CHUNK])
        for kind, value, device in names.values_list("kind", "value", "device_id"):
            yield from ((login, kind, value) for login in whose[device])


def belonging(pairs: Collection[Pair]) -> dict[Pair, int]:
    """Those of these names that belong to a device of that login now."""
    found: dict[Pair, int] = {}
    wanted = sorted(set(pairs))
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        values = {value for _, _, value in part}
        rows = _named().filter(value__in=values).values_list("device__owner__login", "kind", "value", "device_id")
        found.update(((login, kind, value), ordinal) for login, kind, value, ordinal in rows)
        said = models.Objection.objects.filter(device__in=models.Identity.objects.filter(value__in=values).values("device"))
        found.update((pair, disowned.ORDINAL) for pair in disowned_pairs(said))
    return {pair: found[pair] for pair in wanted if pair in found}


class Owner(NamedTuple):
    """Whose login it is."""

    login: str
    ordinal: int
    locale: str

    @property
    def language(self) -> str:
        """In what they are spoken to; '' for the house's language."""
        return spoken(self.locale) if self.locale else ""


def people() -> Iterator[Owner]:
    """Everybody who is active."""
    return _owners(models.Person.objects.filter(active=True))


def people_in(block: int) -> Iterator[Owner]:
    return _owners(
        models.Person.objects.filter(active=True, ordinal__gte=block * BLOCK_SIZE, ordinal__lt=(block + 1) * BLOCK_SIZE)
    )


def active(logins: Collection[str]) -> Iterator[Owner]:
    """Those of these logins that are somebody's now."""
    wanted = sorted(set(logins))
    for start in range(0, len(wanted), _CHUNK):
        yield from _owners(models.Person.objects.filter(active=True, login__in=wanted[start : start + _CHUNK]))


def _owners(found: QuerySet[models.Person]) -> Iterator[Owner]:
    return (Owner(*row) for row in found.values_list("login", "ordinal", "locale").iterator(chunk_size=_ROWS))


def protected() -> list[str]:
    """The logins that can never be denied: agreed by a second person, and not ended."""
    return sorted(set(_protected().values_list("login", flat=True)))


def protected_among(logins: Collection[str]) -> frozenset[str]:
    return frozenset(_in_chunks(logins, lambda part: _protected().filter(login__in=part).values_list("login", "id")))


def _named() -> QuerySet[models.Identity]:
    return models.Identity.objects.filter(kind__in=_KINDS, device__owner__isnull=False)


def _protected() -> QuerySet[models.ProtectedLogin]:
    return models.ProtectedLogin.objects.filter(~Q(agreed_by=""), ended_at=None)


def _in_chunks(logins: Collection[str], rows: Callable[[list[str]], Iterable[tuple[str, int]]]) -> dict[str, int]:
    wanted = sorted(set(logins))
    return {login: number for start in range(0, len(wanted), _CHUNK) for login, number in rows(wanted[start : start + _CHUNK])}
