"""The way forward and the way back: issue, supersede, resume; halt, rescind, withdraw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.documents import Id
from countermand.cli.dry import rehearsed, would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from pyroaring import BitMap

    from countermand.access import Act
    from countermand.flows.issue import Issued, Resumed
    from countermand.flows.stop import Rescinded
    from countermand.flows.telling import Progress

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


@dataclass(frozen=True, slots=True)
class Going:
    """An issue or supersession as programs see it: numbers, and how far its notices are promised."""

    directive: str
    number: int
    people: int
    ceiling: int
    peak: int
    replaced: int | None
    promised: int
    waiting: int
    why: str


@command(
    "issue",
    [
        "countermand issue no-tiktok --expected-people 4980 --dry-run",
        "countermand issue no-tiktok --expected-people 4980 --acknowledge-peak 212",
    ],
)
def issue(session: Session, directive: Id, expected: Expected = None, peak: Acknowledged = None, dry_run: DryRun = False) -> None:
    """Issue an approved directive and promise its notices. A halt in the middle returns at once; issuing again goes on."""
    from countermand.flows import issue as issuing

    _forward(session, issuing.issue, directive, expected, peak, dry_run)


@command("supersede", ["countermand supersede no-tiktok --expected-people 4980"])
def supersede(
    session: Session, directive: Id, expected: Expected = None, peak: Acknowledged = None, dry_run: DryRun = False
) -> None:
    """Put the newest approved version in place of the one in force: an extension, other apps, another scope."""
    from countermand.flows import issue as issuing

    _forward(session, issuing.supersede, directive, expected, peak, dry_run)


@command("resume", ["countermand resume no-tiktok --expected-people 4980"])
def resume(
    session: Session, directive: Id, expected: Expected = None, peak: Acknowledged = None, dry_run: DryRun = False
) -> None:
    """Lift a halt, with the approvals that `approve --resume` gave; nobody is denied before the minimum notice has passed."""
    from countermand.flows import issue as issuing

    act = session.act()
    done = rehearsed(dry_run, issuing.resume)(act, directive, expected=expected, acknowledged=peak)
    session.show(done, lambda made: f"{would(dry_run)}{_resumed(session, made)}")


@command("halt", ["countermand halt no-tiktok"])
def halt(session: Session, directive: Id, dry_run: DryRun = False) -> None:
    """Stop: from now nobody is denied by this directive and nobody hears of it, until several people resume it."""
    from countermand.flows import stop

    done = rehearsed(dry_run, stop.halt)(session.act(), directive)
    words = "was halted already" if done.already else "is halted"
    session.show(done, lambda made: f"{would(dry_run)}{made.lineage} {words}. Every gate that hears the feed allows again.")


@command(
    "rescind",
    ["countermand rescind no-tiktok --ground sent-in-error", "countermand rescind no-tiktok --ground changed --dry-run"],
)
def rescind(session: Session, directive: Id, ground: Ground, dry_run: DryRun = False) -> None:
    """Take an order back for good: every denial lifted and every waiting notice void, by one write; then the corrections."""
    from countermand.flows import stop, telling

    act = session.act()
    done = rehearsed(dry_run, stop.rescind)(act, directive, ground)
    session.show(done, lambda made: f"{would(dry_run)}{_rescinded(made)}")
    if not dry_run:
        with session.progress("Promising corrections", done.corrections) as tick:
            telling.rescind_all(act, directive, lambda progress: tick(progress.promised))


@command("withdraw", ["countermand withdraw no-tiktok"])
def withdraw(session: Session, directive: Id, dry_run: DryRun = False) -> None:
    """Take back a draft or a proposal that was never issued."""
    from countermand.flows import stop

    number = rehearsed(dry_run, stop.withdraw)(session.act(), directive)
    done = {"directive": directive, "number": number}
    session.show(done, lambda _: f"{would(dry_run)}Version {number} of {directive} is withdrawn.")


def _forward(
    session: Session,
    flow: "Callable[..., Issued]",
    directive: str,
    expected: int | None,
    peak: int | None,
    dry_run: bool,
) -> None:
    act = session.act()
    issued = rehearsed(dry_run, flow)(act, directive, expected=expected, acknowledged=peak)
    told = None if dry_run else _tell(session, act, directive, issued.audience)
    people = len(issued.audience)
    promised, waiting = (told.done, told.total - told.done) if told else (0, people)
    going = Going(
        directive,
        issued.number,
        people,
        issued.ceiling,
        issued.peak,
        issued.replaced,
        promised,
        waiting,
        told.why if told else "",
    )
    session.show(going, lambda made: f"{would(dry_run)}{_going(made)}")


def _tell(session: Session, act: "Act", directive: str, audience: "BitMap") -> "Progress":
    from countermand.flows import telling

    with session.progress("Promising notices", len(audience)) as tick:
        return telling.issue_all(act, directive, audience, lambda progress: tick(progress.promised))


def _going(made: Going) -> str:
    lines = [f"Version {made.number} of {made.directive} is issued to {made.people:,} people (at most {made.ceiling:,})."]
    if made.replaced:
        lines.append(f"It takes the place of version {made.replaced}.")
    lines.append(f"{made.promised:,} notices are promised, {made.waiting:,} wait; the worker hands them over.")
    lines.append(f"At most {made.peak:,} devices lose mail in any one hour.")
    if made.why:
        lines.append(_WHY_TOLD_STOPPED.get(made.why, made.why))
    return "\n".join(lines)


def _resumed(session: Session, made: "Resumed") -> str:
    return f"Version {made.number} of {made.lineage} is resumed; nobody is denied before {session.moment(made.not_before)}."


def _rescinded(made: "Rescinded") -> str:
    return "\n".join(
        [
            f"{made.lineage} is rescinded ({made.ground}).",
            f"Undone: {made.lifted:,} denials lifted, {made.voided:,} waiting notices void.",
            f"Still on its way: {made.in_flight:,} notices just handed over, {made.corrections:,} corrections.",
        ]
    )
