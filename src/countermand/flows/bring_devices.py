"""Bring devices: what MDM and mail systems know, from their exports. Each row goes the way of every report (flows.ingest)."""

from collections.abc import Callable, Iterator
from pathlib import Path

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core import holdback
from countermand.core import mapping as mappings
from countermand.core.devices import one_device
from countermand.core.errors import Refused
from countermand.core.mentions import Mention
from countermand.core.table import Problems
from countermand.flows import taking
from countermand.flows.files import Brought, Lines, Progress, chunks, paced, settle_doubts, silent
from countermand.sources import devices_csv, exchange
from countermand.sources.kinds import voice_of
from countermand.store import fleet, log, reporters
from countermand.store.reporters import SourceRow
from countermand.store.unit import reading, unit

#: (line, mention) of every good row; problems go where they are collected.
Parse = Callable[[Lines, Problems], Iterator[tuple[int, Mention]]]


def bring_devices(
    act: Act,
    path: Path,
    *,
    source: str = "devices-csv",
    whole: bool = True,
    dry_run: bool = False,
    confirmed: bool = True,
    progress: Progress = silent,
    hold: Holdbacks = Holdbacks(),  # noqa: B008  # frozen
    mapping: str = "",
) -> Brought:
    """Import a devices CSV, or another table with a ``mapping`` (core.mapping), as the word of
    ``source``. ``whole``: the file is all of its devices, and counts as a complete
    contact. ``confirmed`` and refusals as for people (flows.bring_people)."""

    def parse(lines: Lines, problems: Problems) -> Iterator[tuple[int, Mention]]:
        return devices_csv.parse(lines.read(), source, act.now, problems, lines.mapping)

    return _bring(
        act, Lines(path, mappings.parse(mapping, devices_csv.DEVICES.columns) if mapping else None), "devices-csv", source, parse,
        whole=whole, dry_run=dry_run, confirmed=confirmed, progress=progress, hold=hold,
    )  # fmt: skip


def bring_exchange(
    act: Act,
    path: Path,
    *,
    source: str = "exchange",
    whole: bool = True,
    dry_run: bool = False,
    confirmed: bool = True,
    progress: Progress = silent,
    hold: Holdbacks = Holdbacks(),  # noqa: B008  # frozen
) -> Brought:
    """Import an export of ``Get-MobileDevice``: who reads mail with what. It says nothing of apps."""

    def parse(lines: Lines, problems: Problems) -> Iterator[tuple[int, Mention]]:
        return exchange.parse(lines.read(), act.now, problems)

    return _bring(
        act, Lines(path), "exchange", source, parse,
        whole=whole, dry_run=dry_run, confirmed=confirmed, progress=progress, hold=hold,
    )  # fmt: skip


def _bring(
    act: Act, lines: Lines, kind: str, name: str, parse: Parse, *,
    whole: bool, dry_run: bool, confirmed: bool, progress: Progress, hold: Holdbacks,
) -> Brought:  # fmt: skip
    require(act.actor, "import")
    with unit():
        source = reporters.named(name, kind)
    checked = _check(act, lines, source, parse, looking=dry_run or not confirmed, whole=whole, hold=hold)
    if dry_run:
        return checked
    settle_doubts(checked.doubts, confirmed=confirmed)
    done = added = changed = moved = surfaced = 0
    for part in paced((mention for _, mention in parse(lines, lines.problems()))):
        with unit():
            drawn = taking.plan(act, name, part, may_add=True, voice=voice_of(source.kind))
            touched = taking.apply(act, name, drawn)
            about = {"source": name, "file": lines.digest, "from_row": done, "rows": len(part), "reports": drawn.reports}
            log.append("devices-imported", act, {**about, "added": drawn.added, "changed": drawn.changed, "moved": len(touched)})
        done, added, changed = done + len(part), added + drawn.added, changed + drawn.changed
        moved, surfaced = moved + len(touched), surfaced + sum(drawn.surfaced.values())
        progress(len(part))
    if whole:
        with unit():
            reporters.contacted(source, act.now, done)
            log.append("source-contacted", act, {"source": name, "devices": done})
    return Brought(done, added, changed, moved, surfaced, checked.doubts)


def _check(act: Act, lines: Lines, source: SourceRow, parse: Parse, *, looking: bool, whole: bool, hold: Holdbacks) -> Brought:
    """Read every row and refuse the file if one is wrong. ``looking``: count what it would do as well."""
    problems = lines.problems()
    rows = added = changed = surfaced = 0
    with reading():
        for part in chunks(parse(lines, problems)):
            _known_to_us(part, problems)
            rows += len(part)
            if looking:
                mentions = [mention for _, mention in part]
                drawn = taking.plan(act, source.name, mentions, may_add=True, voice=voice_of(source.kind))
                added, changed = added + drawn.added, changed + drawn.changed
                surfaced += sum(drawn.surfaced.values())
        problems.refuse_if_any()
        return Brought(rows, added, changed, 0, surfaced, tuple(doubts_of(act, source, rows, surfaced, whole, hold)))


def _known_to_us(part: list[tuple[int, Mention]], problems: Problems) -> None:
    """Rows that name nobody, or by one device's name another that it cannot be, are wrong."""
    people = taking.owners_of({mention.login for _, mention in part if mention.login})
    devices = fleet.find({identity for _, mention in part for identity in mention.identities})
    names = fleet.identities(set(devices.values()))
    for line, mention in part:
        if mention.login and mention.login not in people:
            problems.add("person-unknown", line, "login", login=mention.login)
        theirs = [identity for identity in mention.identities if identity in devices]
        if theirs and not one_device(mention.identities, *(names[devices[one]] for one in theirs)):
            mine = next((one for one in mention.identities if one != theirs[-1]), theirs[-1])
            problems.add("identity-elsewhere", line, str(theirs[-1].kind), identity=theirs[-1].value, other=mine.value)


def doubts_of(act: Act, source: SourceRow, rows: int, surfaced: int, whole: bool, hold: Holdbacks) -> Iterator[Refused]:
    """What asks for a second look about so many devices, and newly seen watched apps, from a source."""
    if whole and holdback.set_is_small(rows, source.last_count, hold.set_floor):
        yield Refused("set-small", source=source.name, count=rows, last=source.last_count)
    _, busiest = reporters.surfaced(source, act.now)
    limit = holdback.flood_limit(busiest, hold.presence_floor, hold.presence_factor)
    if surfaced > limit:
        yield Refused("flood", source=source.name, count=surfaced, limit=limit)
