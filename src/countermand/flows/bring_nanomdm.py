"""Bring NanoMDM's events: files as its webhook was posted, one event each or one per line; and what was asked of devices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core.coverage import Coverage
from countermand.core.errors import Refused, RefusedMany, Where
from countermand.flows import asking, ingest
from countermand.flows.files import Brought, Progress, paced, silent
from countermand.sources import nanomdm
from countermand.sources.nanomdm import Event
from countermand.store import asked, log, reporters
from countermand.store.unit import reading, unit


def bring_nanomdm(
    act: Act,
    paths: Sequence[Path],
    *,
    source: str = "nanomdm",
    dry_run: bool = False,
    progress: Progress = silent,
    hold: Holdbacks = Holdbacks(),  # noqa: B008  # frozen
) -> Brought:
    """Take webhook events from files, in the order of NanoMDM's clock, each once. RefusedMany with every event that cannot
    be read; nothing is written then. Reports of a flood wait, as they would if they came one at a time."""
    require(act.actor, "import")
    events = nanomdm.in_order(_read(act, paths, source))
    if dry_run:
        return Brought(len(events))
    added = moved = surfaced = 0
    doubts: list[Refused] = []
    for part in paced(iter(events)):
        with unit():
            row = reporters.named(source, "nanomdm")
            taken = ingest.take(
                act, row, [event.mention for event in part], complete=False, may_add=True, confirmed=False, hold=hold
            )
            asking.listen(act, source, [event.word for event in part if event.word])
        added, moved, surfaced = added + taken.added, moved + taken.moved, surfaced + taken.surfaced
        doubts += [taken.doubt] if taken.doubt else []
        progress(len(part))
    return Brought(len(events), added, 0, moved, surfaced, tuple(doubts))


def ask(act: Act, enrolments: Sequence[str], query: str, coverage: Coverage) -> None:
    """Remember what a command asks of these enrolments before it is sent: a full list ``EVERYTHING``, a named query the apps
    it names, a managed-only one ``NOTHING``."""
    require(act.actor, "ingest")
    with unit():
        for enrolment in enrolments:
            asked.remember(enrolment, query, coverage, act.now)
        log.append("apps-asked", act, {"query": query, "devices": len(enrolments)})


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that is remembered. ``apps``: the ids that its answer could show; None for every one."""

    query: str
    enrolments: int
    apps: tuple[str, ...] | None


def ask_by(act: Act, command: Path, enrolments: Sequence[str]) -> Asked:
    """``ask`` with the command's own file, as it will be enqueued. Refused ``command-unfit``, ``nobody-asked``,
    ``unreadable-file``."""
    require(act.actor, "ingest")
    query, coverage = nanomdm.parse_command(_bytes(command))
    wanted = sorted({one.strip() for one in enrolments if one.strip()})
    if not wanted:
        raise Refused("nobody-asked")
    ask(act, wanted, query, coverage)
    return Asked(query, len(wanted), None if coverage.apps is None else tuple(sorted(app.id for app in coverage.apps)))


def _read(act: Act, paths: Sequence[Path], source: str) -> list[Event]:
    found: list[Event] = []
    problems: list[Refused] = []
    with reading():
        for path in paths:
            for number, text in enumerate(nanomdm.split(_bytes(path)), 1):
                try:
                    event = nanomdm.parse(text, source, act.now, asked.coverage_of)
                except Refused as wrong:
                    problems.append(Refused(wrong.code, Where(file=path.name, line=number), **wrong.params))
                    continue
                found += [event] if event else []
    if problems:
        raise RefusedMany(problems)
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise Refused("unreadable-file", path=str(path), why=wrong.strerror or str(wrong)) from wrong
