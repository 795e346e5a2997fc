"""Levers as rows: how each is asked, how it stands, and its switch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from countermand.core.instants import Instant
from countermand.core.lever import Power, Switch
from countermand.store import models


@dataclass(frozen=True, slots=True)
class LeverRow:
    """``credential``: sealed, empty for one that a person carries."""

    pk: int
    name: str
    kind: str
    settings: Mapping[str, str]
    credential: bytes = field(repr=False)
    mark: str
    begun_at: Instant | None
    paused_at: Instant | None
    undoing: bool
    switch: Switch
    enable_proposed_by: str
    enabled_by: str
    walked_at: Instant | None
    named_at: Instant | None
    verified_at: Instant | None
    verified_to: int
    next_try: Instant
    failures: int
    fault: str
    rate: int

    @property
    def works(self) -> bool:
        """Whether entries are written to it."""
        return self.begun_at is not None and self.paused_at is None


def every() -> list[LeverRow]:
    """All, by name."""
    return [_row(row) for row in models.Lever.objects.order_by("name")]


def find(name: str) -> LeverRow | None:
    row = models.Lever.objects.filter(name=name).first()
    return _row(row) if row else None


def add(name: str, kind: str, settings: Mapping[str, str], credential: bytes, mark: str, at: Instant) -> None:
    words = json.dumps(dict(settings), sort_keys=True)
    models.Lever.objects.create(name=name, kind=kind, settings=words, credential=credential, mark=mark, added_at=at)


def remove(pk: int) -> None:
    models.Lever.objects.filter(pk=pk).delete()


def update(pk: int, **values: Any) -> None:
    """Change these columns of one lever."""
    models.Lever.objects.filter(pk=pk).update(**values)


def turned(pk: int, before: Switch, now: Switch) -> bool:
    """The switch was written; False, and nothing kept, if somebody else wrote it meanwhile."""
    found = models.Lever.objects.filter(pk=pk, power=before.power.value, armed=_lines(before), policy=before.policy)
    values = {"policy": now.policy, "power": now.power.value, "armed": _lines(now), "changed": now.changed}
    return bool(found.update(**values))


def failed(pk: int, fault: str, failures: int, next_try: Instant) -> None:
    models.Lever.objects.filter(pk=pk).update(fault=fault[:1000], failures=failures, next_try=next_try)


def _lines(switch: Switch) -> str:
    return "\n".join(sorted(switch.armed))


def _row(row: models.Lever) -> LeverRow:
    switch = Switch(row.policy, Power(row.power), frozenset(row.armed.split("\n")) - {""}, row.changed)
    return LeverRow(
        pk=row.pk,
        name=row.name,
        kind=row.kind,
        settings=json.loads(row.settings),
        credential=bytes(row.credential or b""),
        mark=row.mark,
        begun_at=row.begun_at,
        paused_at=row.paused_at,
        undoing=row.undoing,
        switch=switch,
        enable_proposed_by=row.enable_proposed_by,
        enabled_by=row.enabled_by,
        walked_at=row.walked_at,
        named_at=row.named_at,
        verified_at=row.verified_at,
        verified_to=row.verified_to,
        next_try=row.next_try,
        failures=row.failures,
        fault=row.fault,
        rate=row.rate,
    )
