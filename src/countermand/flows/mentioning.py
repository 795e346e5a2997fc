"""What a staged load says of devices that are known, or that several looks speak of, as sources would have said it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from countermand.core.apps import App
from countermand.core.coverage import Grade, Report
from countermand.core.devices import Enrollment, Identity, Ownership, Platform
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.visibility import visible
from countermand.flows.staged import Table, app_rows, lists
from countermand.flows.staging import JUST_LOOKED, Positions, Staged
from countermand.lib.parquet import NO_TIME
from countermand.sources.devices_parquet import KINDS, Longs

#: (number of a source, what it says) about one device, the device row's own source first.
Said = list[tuple[int, Mention]]
#: (number of a source, time) → app ids.
_Looks = Mapping[tuple[int, Instant], frozenset[str]]
_AT_ONCE = 2_000


def mentions(path: Path, positions: Positions, staged: Staged, ids: list[str], done: int) -> Iterator[Said]:
    """What is said of each of these devices, without the first ``done`` of them."""
    wanted: Longs = np.flatnonzero(~positions.plain)[done:]
    if not len(wanted):
        return
    groups = (wanted + staged.hint) // BLOCK_SIZE
    table = Table(path)
    for group in np.unique(groups).tolist():
        here = wanted[groups == group]
        looks = _looks(path, group, here, positions, ids)
        for start in range(0, len(here), _AT_ONCE):
            part = here[start : start + _AT_ONCE]
            rows = lists(table.at(part))
            for at, position in enumerate(part.tolist()):
                yield _said(rows, at, int(positions.source[position]), looks(position), staged.sources)


def _looks(path: Path, group: int, wanted: Longs, positions: Positions, ids: list[str]) -> Any:
    """Position → what was seen there, by source and time; the device row's own look is there also when it saw nothing."""
    parts = [[column[np.isin(batch[0], wanted)] for column in batch] for batch in app_rows(path, group)]
    nothing = [np.empty(0, np.int64)] * 4
    position, code, when, source = map(np.concatenate, zip(*(parts or [nothing]), strict=True))
    order = np.argsort(position, kind="stable")
    position, code, when, source = position[order], code[order], when[order], source[order]
    lows, highs = np.searchsorted(position, wanted), np.searchsorted(position, wanted, "right")
    rows_of = dict(zip(wanted.tolist(), zip(lows.tolist(), highs.tolist(), strict=True), strict=True))

    def of(one: int) -> _Looks:
        low, high = rows_of[one]
        found: dict[tuple[int, Instant], set[str]] = {}
        if positions.when[one] != NO_TIME:
            found[int(positions.source[one]), int(positions.when[one])] = set()
        for row in zip(source[low:high].tolist(), when[low:high].tolist(), code[low:high].tolist(), strict=True):
            apps = found.setdefault(row[:2], set())
            if row[2] != JUST_LOOKED:
                apps.add(ids[row[2]])
        return {key: frozenset(apps) for key, apps in found.items()}

    return of


def _said(rows: Mapping[str, list[Any]], at: int, own: int, looks: _Looks, sources: list[str]) -> Said:
    numbers = [own, *sorted({number for number, _ in looks} - {own})]
    return [(number, _mention(rows, at, sources[number], _of_source(looks, number))) for number in numbers]


def _of_source(looks: _Looks, number: int) -> list[tuple[Instant, frozenset[str]]]:
    return sorted((at, apps) for (source, at), apps in looks.items() if source == number)


def _mention(rows: Mapping[str, list[Any]], at: int, source: str, looks: list[tuple[Instant, frozenset[str]]]) -> Mention:
    platform, enrollment = Platform(rows["platform"][at]), Enrollment(rows["enrollment"][at])
    coverage = visible(enrollment)
    return Mention(
        identities=tuple(Identity(kind, rows[kind.value][at]) for kind in KINDS if rows[kind.value][at]),
        platform=platform,
        login=rows["login"][at],
        model=rows["model"][at],
        ownership=Ownership(rows["ownership"][at]),
        enrollment=enrollment,
        reads_mail=bool(rows["reads_mail"][at]),
        enrolled=True,
        seen_at=max((seen for seen, _ in looks), default=None),
        reports=tuple(
            Report(source, seen, Grade.INVENTORY, coverage, frozenset(App(platform, app) for app in apps)) for seen, apps in looks
        ),
    )
