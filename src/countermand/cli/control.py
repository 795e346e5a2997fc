"""The way forward and the way back: issue, supersede, resume; halt, rescind, withdraw."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import stopping
from countermand.cli.command import DryRun, command
from countermand.cli.documents import Id
from countermand.cli.dry import would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from countermand.flows.issue import Resumed
    from countermand.operations.forward import Going

Expected = Annotated[
    int | None, typer.Option("--expected-people", min=0, help="The number of people, known from another source than this fleet.")
]
Acknowledged = Annotated[
    int | None, typer.Option("--acknowledge-peak", min=0, help="The most denials in one hour that you have seen and accept.")
]
Ground = Annotated[str, typer.Option("--ground", help="sent-in-error, changed or expired; the correction says which.")]
_WHY_TOLD_STOPPED = {
    "halted": "It is halted: the rest is not told.",
    "over": "It was rescinded or superseded meanwhile: the rest is not told.",
    "audience-grew": "The audience has grown beyond what was approved: the rest waits for a person.",
}


@command(
    "issue",
    [
        "countermand issue no-tiktok --expected-people 4980 --dry-run",
        "countermand issue no-tiktok --expected-people 4980 --acknowledge-peak 212",
    ],
)
def issue(session: Session, directive: Id, expected: Expected = None, peak: Acknowledged = None, dry_run: DryRun = False) -> None:
    """Issue an approved directive and promise its notices. A halt in the middle returns at once; issuing again goes on."""
    from countermand.operations import forward

    _going_on(session, session.call(forward.issue, directive, expected, peak, dry_run), dry_run)


@command("supersede", ["countermand supersede no-tiktok --expected-people 4980"])
def supersede(
    session: Session, directive: Id, expected: Expected = None, peak: Acknowledged = None, dry_run: DryRun = False
) -> None:
    """Put the newest approved version in place of the one in force: an extension, other apps, another scope."""
    from countermand.operations import forward

    _going_on(session, session.call(forward.supersede, directive, expected, peak, dry_run), dry_run)


@command("resume", ["countermand resume no-tiktok --expected-people 4980"])
def resume(
    session: Session, directive: Id, expected: Expected = None, peak: Acknowledged = None, dry_run: DryRun = False
) -> None:
    """Lift a halt, with the approvals that `approve --resume` gave; nobody is denied before the minimum notice has passed."""
    from countermand.operations import forward

    done = session.call(forward.resume, directive, expected, peak, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}{_resumed(session, made)}")


@command("halt", ["countermand halt no-tiktok"])
def halt(session: Session, directive: Id, dry_run: DryRun = False) -> None:
    """Stop: from now nobody is denied by this directive and nobody hears of it, until several people resume it."""
    stopping.halt(session, directive, dry_run)


@command(
    "rescind",
    ["countermand rescind no-tiktok --ground sent-in-error", "countermand rescind no-tiktok --ground changed --dry-run"],
)
def rescind(session: Session, directive: Id, ground: Ground, dry_run: DryRun = False) -> None:
    """Take an order back for good: every denial lifted and every waiting notice void, by one write; then the corrections."""
    stopping.rescind(session, directive, ground, dry_run)


@command("withdraw", ["countermand withdraw no-tiktok"])
def withdraw(session: Session, directive: Id, dry_run: DryRun = False) -> None:
    """Take back a draft or a proposal that was never issued."""
    from countermand.operations import back

    done = session.call(back.withdraw, directive, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}Version {made.number} of {made.directive} is withdrawn.")


def _going_on(session: Session, made: "Going", dry_run: bool) -> None:
    """Say what was issued, once its notices are promised."""
    from countermand.operations import forward

    if not dry_run:
        with session.progress("Promising notices", made.people) as tick:
            while (told := session.call(forward.tell, made.directive)).more:
                tick(told.promised)
        made = replace(made, promised=told.done, waiting=told.total - told.done, why=told.why)
    session.show(made, lambda done: f"{would(dry_run)}{_going(done)}")


def _going(made: "Going") -> str:
    from countermand.core.wording import many

    lines = [f"Version {made.number} of {made.directive} is issued to {made.people:,} people (at most {made.ceiling:,})."]
    if made.replaced:
        lines.append(f"It takes the place of version {made.replaced}.")
    lines.append(f"{made.promised:,} notices are promised, {made.waiting:,} wait; the worker hands them over.")
    lines.append(f"At most {many(made.peak, 'device')} can lose mail in any one hour.")
    if made.why:
        lines.append(_WHY_TOLD_STOPPED.get(made.why, made.why))
    return "\n".join(lines)


def _resumed(session: Session, made: "Resumed") -> str:
    return f"Version {made.number} of {made.lineage} is resumed; nobody is denied before {session.moment(made.not_before)}."
