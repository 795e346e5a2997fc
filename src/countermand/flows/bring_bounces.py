"""Bring what mail servers sent back: each report is one short write of its own, so a mailbox in which other mail lies too
is read to its end, and what was not taken from it is said message by message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from countermand.access import Act, require
from countermand.core.errors import Refused, Where
from countermand.flows.bounce import of, take_back
from countermand.flows.files import Progress, chunks, silent
from countermand.notices import bounces
from countermand.notices.bounces import Report
from countermand.notices.returning import NOWHERE, Returning
from countermand.store.returned import Sent
from countermand.store.unit import reading

#: Messages of a Maildir that one turn of the worker takes.
_AT_ONCE = 200


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


def bring_bounces(
    act: Act, paths: Sequence[Path], returning: Returning = NOWHERE, *, dry_run: bool = False, progress: Progress = silent
) -> CameBack:
    """Take back the telling of everyone whose notice came back. Files, mbox files or Maildirs; reading them again changes
    nothing. A dry run says how many are ours. Refused ``unreadable-file`` before anything is written."""
    require(act.actor, "bounce")
    for path in paths:
        next(bounces.messages(path), None)  # a name that is wrong is said before anything is taken from another
    found = CameBack()
    for part in chunks(_read(paths, returning)):
        found = _take(act, part, found, returning, dry_run=dry_run)
        progress(len(part))
    return found


def take_from(act: Act, maildir: Path, returning: Returning) -> CameBack:
    """What a mail server put into a Maildir since the last time: each message is taken and then moved to ``cur``, as read. One
    whose hand-over is not settled yet stays where it is."""
    require(act.actor, "bounce")
    found = CameBack()
    for file in bounces.arrived(maildir, _AT_ONCE):
        done = _take(act, list(_read([file], returning)), CameBack(), returning, dry_run=False)
        if any(one.code == "report-early" for one in done.passed_over):
            continue
        bounces.have_read(file)
        found = _sum(found, done)
    return found


def _read(paths: Sequence[Path], returning: Returning) -> Iterator[tuple[Where, Report | Refused]]:
    for path in paths:
        for number, raw in enumerate(bounces.messages(path), 1):
            where = Where(file=path.name, field=f"message {number}")
            try:
                yield where, bounces.parse(raw, returning)
            except Refused as wrong:
                yield where, Refused(wrong.code, where, **wrong.params)


def _take(
    act: Act, part: Sequence[tuple[Where, Report | Refused]], so_far: CameBack, returning: Returning, *, dry_run: bool
) -> CameBack:
    failed: dict[tuple[str, str], tuple[Where, Report]] = {}
    passed: list[Refused] = []
    underway = 0
    for where, read in part:
        if isinstance(read, Refused):
            passed.append(read)
        elif read.failed:
            failed[read.message_id, read.tag] = (where, read)
        else:
            underway += 1
    reports = [report for _, report in failed.values()]
    with reading():
        notices = of(reports, returning)
    ours: dict[int, tuple[Sent, Report]] = {}
    for (where, report), notice in zip(failed.values(), notices, strict=True):
        if isinstance(notice, Refused):
            passed.append(Refused(notice.code, where, **notice.params))
        else:
            ours[notice.id] = (notice, report)
    new = [pair for pair in ours.values() if not pair[0].bounced]
    done = [] if dry_run else [take_back(act, notice, report.why) for notice, report in new]
    return _sum(
        so_far,
        CameBack(
            messages=len(part),
            bounced=len(new),
            already=len(ours) - len(new),
            untold=tuple(one.login for one in done if one.untold),
            underway=underway,
            passed_over=tuple(passed),
        ),
    )


def _sum(one: CameBack, other: CameBack) -> CameBack:
    return CameBack(*(getattr(one, part.name) + getattr(other, part.name) for part in fields(CameBack)))
