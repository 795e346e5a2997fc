"""Bring what mail servers sent back: each report is one short write of its own, so a mailbox in which other mail lies too
is read to its end, and what was not taken from it is said message by message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from countermand.access import Act, require
from countermand.core.errors import Refused, Where
from countermand.flows.bounce import take_back
from countermand.flows.files import Progress, chunks, silent
from countermand.notices import bounces
from countermand.notices.bounces import Report
from countermand.store import returned
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class CameBack:
    """``messages`` read; ``bounced``: notices newly known to have come back, ``already``: known before. ``untold``: logins
    that no longer count as told. ``underway``: reports of mail that is late or was delivered. ``passed_over``: why nothing
    was taken from the others, each with its place."""

    messages: int = 0
    bounced: int = 0
    already: int = 0
    untold: tuple[str, ...] = ()
    underway: int = 0
    passed_over: tuple[Refused, ...] = ()


def bring_bounces(act: Act, paths: Sequence[Path], *, dry_run: bool = False, progress: Progress = silent) -> CameBack:
    """Take back the telling of everyone whose notice came back. Files, mbox files or Maildirs; reading them again changes
    nothing. A dry run says how many are ours. Refused ``unreadable-file`` before anything is written."""
    require(act.actor, "bounce")
    for path in paths:
        next(bounces.messages(path), None)  # a name that is wrong is said before anything is taken from another
    found = CameBack()
    for part in chunks(_read(paths)):
        found = _take(act, part, found, dry_run=dry_run)
        progress(len(part))
    return found


def _read(paths: Sequence[Path]) -> Iterator[tuple[Where, Report | Refused]]:
    for path in paths:
        for number, raw in enumerate(bounces.messages(path), 1):
            where = Where(file=path.name, field=f"message {number}")
            try:
                yield where, bounces.parse(raw)
            except Refused as wrong:
                yield where, Refused(wrong.code, where, **wrong.params)


def _take(act: Act, part: Sequence[tuple[Where, Report | Refused]], so_far: CameBack, *, dry_run: bool) -> CameBack:
    failed: dict[str, tuple[Where, Report]] = {}
    passed: list[Refused] = []
    underway = 0
    for where, read in part:
        if isinstance(read, Refused):
            passed.append(read)
        elif read.failed:
            failed[read.message_id] = (where, read)
        else:
            underway += 1
    with reading():
        ours = returned.sent(list(failed))
    passed += [Refused("report-not-ours", where, name=name) for name, (where, _) in failed.items() if name not in ours]
    new = [name for name, notice in ours.items() if not notice.bounced]
    done = [] if dry_run else [take_back(act, ours[name], failed[name][1].why) for name in new]
    return replace(
        so_far,
        messages=so_far.messages + len(part),
        bounced=so_far.bounced + len(new),
        already=so_far.already + len(ours) - len(new),
        untold=(*so_far.untold, *(one.login for one in done if one.untold)),
        underway=so_far.underway + underway,
        passed_over=(*so_far.passed_over, *passed),
    )
