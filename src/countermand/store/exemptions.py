"""Exemptions as rows, and the sets that follow from them. An exemption holds once a second person agreed, until its end.

Every exemption of a lineage that ends at the same instant is in one set, so a set is always rebuilt from all of them.
"""

from dataclasses import dataclass

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import Instant
from countermand.store import audience, models, sets


@dataclass(frozen=True, slots=True)
class Exemption:
    """``kind``: person, device or group; ``target``: login, "kind:value" of an identity, or group's name."""

    pk: int
    lineage: str
    kind: str
    target: str
    ground: str
    until: Instant
    proposed_by: str
    proposed_at: Instant
    agreed_by: str
    agreed_at: Instant | None
    ended_at: Instant | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a rebuilt set changed: ordinals of devices, and blocks of people."""

    devices: BitMap
    blocks_of_people: tuple[int, ...]


def propose(lineage: str, kind: str, target: str, ground: str, until: Instant, by: str, at: Instant) -> Exemption:
    row = models.Exemption.objects.create(
        lineage_id=lineage, kind=kind, target=target, ground=ground, until=until, proposed_by=by, proposed_at=at
    )
    return _exemption(row)


def find(pk: int) -> Exemption | None:
    row = models.Exemption.objects.filter(pk=pk).first()
    return _exemption(row) if row else None


def of_lineage(lineage: str) -> list[Exemption]:
    """Every exemption ever proposed, oldest first."""
    return [_exemption(row) for row in models.Exemption.objects.filter(lineage=lineage).order_by("pk")]


def of_person(login: str) -> list[Exemption]:
    """Every exemption ever proposed for this person alone, oldest first."""
    return [_exemption(row) for row in models.Exemption.objects.filter(kind="person", target=login).order_by("pk")]


def agree(pk: int, by: str, at: Instant) -> None:
    models.Exemption.objects.filter(pk=pk).update(agreed_by=by, agreed_at=at)


def end(pk: int, at: Instant) -> None:
    models.Exemption.objects.filter(pk=pk).update(ended_at=at)


def device_of(target: str) -> int | None:
    """The ordinal of the device that is named like this, "kind:value"; None if no source ever told of it."""
    kind, _, value = target.partition(":")
    return models.Identity.objects.filter(kind=kind, value=value).values_list("device_id", flat=True).first()


def person_of(login: str) -> int | None:
    """The ordinal of the person with this login, who must not have left."""
    return models.Person.objects.filter(login=login, active=True).values_list("ordinal", flat=True).first()


def group_exists(name: str) -> bool:
    return models.Group.objects.filter(pk=name).exists()


def rebuild(lineage: str, until: Instant) -> Changed:
    """Write the set of this lineage and end anew from the rows, in the caller's unit."""
    rows = models.Exemption.objects.filter(lineage=lineage, until=until, ended_at=None).exclude(agreed_at=None)
    holding = [(row.kind, row.target) for row in rows]
    groups = [facts.group(target) for kind, target in holding if kind == "group"]
    found = (person_of(target) for kind, target in holding if kind == "person")
    people = {ordinal for ordinal in found if ordinal is not None}
    named = (device_of(target) for kind, target in holding if kind == "device")
    devices = {ordinal for ordinal in named if ordinal is not None} | {device for device, _ in audience.devices_of(people)}
    name = facts.exempt(lineage, until)
    changed = _rewrite(sets.DEVICES, name, groups, devices)
    touched = _rewrite(sets.PEOPLE, name, groups, people)
    return Changed(changed, tuple(sorted({ordinal // BLOCK_SIZE for ordinal in touched})))


def _rewrite(space: str, name: str, groups: list[str], ordinals: set[int]) -> BitMap:
    """Make the set ``name`` hold exactly the groups' members and these ordinals; returns the ordinals that changed."""
    named: dict[int, BitMap] = {}
    for ordinal in ordinals:
        named.setdefault(ordinal // BLOCK_SIZE, BitMap()).add(ordinal % BLOCK_SIZE)
    changed = BitMap()
    for number in sets.blocks(space):
        block = sets.load(space, number, [name, *groups])
        after = block.union(groups) | named.get(number, BitMap())
        differs = block[name] ^ after
        if differs:
            sets.save(space, number, {name: after})
            changed |= BitMap([number * BLOCK_SIZE + offset for offset in differs])
    return changed


def _exemption(row: models.Exemption) -> Exemption:
    return Exemption(
        pk=row.pk,
        lineage=row.lineage_id,
        kind=row.kind,
        target=row.target,
        ground=row.ground,
        until=row.until,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        agreed_by=row.agreed_by,
        agreed_at=row.agreed_at,
        ended_at=row.ended_at,
    )
