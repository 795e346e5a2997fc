"""``countermand drill``: the founding case played on this machine, with real processes; the story itself is in cli.drill."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command
from countermand.cli.session import Session
from countermand.core.errors import Refused, Where

if TYPE_CHECKING:
    from countermand.cli.drill.cast import Cast

People = Annotated[int, typer.Option(min=50, help="How large the company is.")]
Seed = Annotated[int, typer.Option(help="Which company: the same seed tells the same story.")]
Sample = Annotated[int, typer.Option(min=10, help="How many phones ask for mail at the door; all are judged.")]
Folder = Annotated[
    Path | None,
    typer.Option(metavar="DIRECTORY", help="A new or empty directory for everything it makes; a temporary one by default."),
]


Database = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="An empty database on a server, postgresql://role@host:port/name; a file in the directory by default.",
    ),
]
OwnPeople = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Rehearse with your own people: a people CSV. Needs --own-devices.")
]
OwnDevices = Annotated[Path | None, typer.Option(metavar="FILE", help="Your own phones: a devices CSV.")]


@command(
    "drill",
    [
        "countermand drill",
        "countermand drill --people 50",
        "countermand drill --people 840000 --folder /var/tmp/drill",
        "countermand drill --database 'postgresql://countermand@/drill?host=/run/postgresql'",
        "countermand drill --own-people people.csv --own-devices devices.csv",
    ],
)
def drill(
    session: Session,
    people: People = 5_000,
    own_people: OwnPeople = None,
    own_devices: OwnDevices = None,
    seed: Seed = 2020,
    sample: Sample = 10_000,
    folder: Folder = None,
    database: Database = "",
) -> None:
    """Play the founding case: an order, its due, denials at a real nginx, and the way back. Nothing leaves the machine.

    Exits with 1 if anything that must hold did not.
    """
    from rich.console import Console

    from countermand.cli.drill import page
    from countermand.cli.drill.steps import Steps
    from countermand.cli.drill.story import Plan, play

    session.here()
    into = folder or Path(tempfile.mkdtemp(prefix="countermand-drill-"))
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise Refused("folder-occupied", Where(field="--folder"), path=into)
    cast = _cast(people, own_people, own_devices, seed)
    outcome = play(
        Plan(cast, seed, into.absolute(), sample, database), Steps(Console(highlight=False), quiet=session.options.json)
    )
    session.show(page.as_plain(outcome) if session.options.json else outcome, lambda _: page.draw(outcome))
    if not outcome.true:
        raise typer.Exit(1)


def _cast(people: int, own_people: Path | None, own_devices: Path | None, seed: int) -> "Cast":
    from countermand.cli.drill.cast import MadeUp, Own

    if (own_people is None) != (own_devices is None):
        raise Refused("drill-needs-both", Where(field="--own-people" if own_people is None else "--own-devices"))
    if own_people is None or own_devices is None:
        return MadeUp(people, seed)
    own = Own(own_people, own_devices)
    own.check()
    return own
