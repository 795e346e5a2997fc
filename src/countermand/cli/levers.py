"""``countermand handover``: exact lists for whatever enforces where no gate of ours does."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.documents import Id
from countermand.cli.dry import rehearsed, would
from countermand.cli.session import Session
from countermand.core.handover import Format

if TYPE_CHECKING:
    from countermand.flows.handover import Handover

Form = Annotated[Format, typer.Option("--format", help="For whom the list is written.")]
Since = Annotated[int | None, typer.Option(metavar="N", help="The last receipt that was carried out, if not all were.")]
Undo = Annotated[bool, typer.Option("--undo", help="Take back everything that was ever handed over for this directive.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write the list there, not to standard output.")]


@command(
    "handover",
    [
        "countermand handover no-tiktok --format csv --output denied.csv",
        "countermand handover no-tiktok --format exchange-ps --since 3",
        "countermand handover no-tiktok --format exchange-ps --undo",
    ],
)
def handover(
    session: Session,
    directive: Id,
    form: Form,
    since: Since = None,
    undo: Undo = False,
    output: Output = None,
    dry_run: DryRun = False,
) -> None:
    """Print the changes that bring somebody else's list up to date, with a numbered receipt; --undo removes what we added."""
    from countermand.flows.handover import handover as hand_over

    done = rehearsed(dry_run, hand_over)(session.act(), directive, form, since=since, undo=undo)
    if output is not None and not dry_run:
        output.write_text(done.text, encoding="utf-8")
    if session.options.json:
        session.show(done, str)
        return
    if output is None:
        print(done.text, end="")
    typer.echo(would(dry_run) + _receipt(done), err=True)


def _receipt(done: "Handover") -> str:
    if done.receipt is None:
        return f"Nothing to say: the list of {done.lineage} is up to date with {done.held:,} entries."
    counts = f"{done.adds:,} added, {done.removes:,} removed, {done.held:,} on the list once it is carried out"
    unlisted = f"; {done.unlisted:,} devices have no name that this format carries" if done.unlisted else ""
    return f"Receipt {done.receipt} of {done.lineage}: {counts}{unlisted}."
