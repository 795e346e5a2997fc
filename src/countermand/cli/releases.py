"""``countermand release``: what was held back, and what a person decides about it."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import rehearsed, would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.ingest import Taken
    from countermand.reads.waiting import HeldRow

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The batch's number, from `release list`.")]


@command("list", ["countermand release list"])
def every(session: Session) -> None:
    """List what was held back: a flood, a source that suddenly says less, a first sync."""
    act = session.act()
    from countermand.reads import waiting

    session.show(waiting.batches(act), lambda rows: _batches(session, rows))


@command("show", ["countermand release show 4"])
def show(session: Session, number: Number) -> None:
    """Show one batch: what it is, from whom, why it waits."""
    act = session.act()
    from countermand.reads import waiting

    session.show(waiting.batch(act, number), lambda row: _batches(session, [row]))


@command("apply", ["countermand release apply 4 --dry-run", "countermand release apply 4"])
def apply(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Take a batch as if it had never been held. What came meanwhile stays what it is."""
    act = session.act()
    from countermand.flows.release import release

    session.show(rehearsed(dry_run, release)(act, number), lambda taken: would(dry_run) + _taken(number, taken))


@command("drop", ["countermand release drop 4"])
def drop(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Throw a batch away."""
    act = session.act()
    from countermand.flows import release

    dropped = rehearsed(dry_run, release.drop)(act, number)
    session.show(dropped, lambda row: f"{would(dry_run)}Batch {row.pk} of {row.source} is thrown away.")


FAMILY = group("release", "What was held back until a person has looked at it.", every, show, apply, drop)


def _taken(number: int, taken: "Taken") -> str:
    counts = f"{taken.devices:,} devices, {taken.added:,} of them new; {taken.moved:,} changed"
    return f"Batch {number} is taken: {counts}. Watched apps newly seen: {taken.surfaced:,}."


def _batches(session: Session, rows: "list[HeldRow]") -> "RenderableType":
    from countermand.cli.render import table
    from countermand.reads import waiting

    shown = [(row.pk, session.moment(row.at), row.kind, row.source, waiting.why(row)) for row in rows]
    return table(["number", "since", "what", "from", "why"], shown)
