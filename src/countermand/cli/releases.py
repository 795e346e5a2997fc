"""``countermand release``: what was held back, and what a person decides about it."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.operations.imports import Released
    from countermand.reads.waiting import HeldRow

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The batch's number, from `release list`.")]


@command("list", ["countermand release list"])
def every(session: Session) -> None:
    """List what was held back: a flood, a source that suddenly says less, a first sync."""
    from countermand.operations import imports

    found = session.every(lambda after: session.call(imports.list_held, after))
    session.show(found, lambda rows: _batches(session, rows))


@command("show", ["countermand release show 4"])
def show(session: Session, number: Number) -> None:
    """Show one batch: what it is, from whom, why it waits."""
    from countermand.operations import imports

    session.show(session.call(imports.show_held, number), lambda row: _batches(session, [row]))


@command("apply", ["countermand release apply 4 --dry-run", "countermand release apply 4"])
def apply(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Take a batch as if it had never been held. What came meanwhile stays what it is."""
    from countermand.operations import imports

    session.show(session.call(imports.release_held, number, dry_run), lambda taken: would(dry_run) + _taken(taken))


@command("drop", ["countermand release drop 4"])
def drop(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Throw a batch away."""
    from countermand.operations import imports

    dropped = session.call(imports.drop_held, number, dry_run)
    session.show(dropped, lambda row: f"{would(dry_run)}Batch {row.pk} of {row.source} is thrown away.")


FAMILY = group("release", "What was held back until a person has looked at it.", every, show, apply, drop)


def _taken(taken: "Released") -> str:
    if taken.notices:
        return f"{taken.notices:,} notices of batch {taken.number} may leave again."
    counts = f"{taken.devices:,} devices, {taken.added:,} of them new; {taken.moved:,} changed"
    return f"Batch {taken.number} is taken: {counts}. Watched apps newly seen: {taken.surfaced:,}."


def _batches(session: Session, rows: "list[HeldRow]") -> "RenderableType":
    from countermand.cli.render import table
    from countermand.reads import waiting

    shown = [(row.pk, session.moment(row.at), row.kind, row.source, waiting.why(row)) for row in rows]
    return table(["number", "since", "what", "from", "why"], shown, empty="Nothing waits for a person.")
