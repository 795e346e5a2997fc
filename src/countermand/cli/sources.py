"""``countermand source``: letting systems post what they see, and what could not be read of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command, group
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.events import NewSource
    from countermand.reads.waiting import EventRow

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The event's number, from `source events`.")]


@command("add", ["countermand source add nanomdm"])
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What the source is called; it stands in the address it posts to.")],
    kind: Annotated[str, typer.Option(help="What it posts: nanomdm.")] = "nanomdm",
) -> None:
    """Let a source post its events, and print its secret, once."""
    from countermand.flows.events import source_add

    act = session.act()
    config = session.config
    made = source_add(act, config.state_dir, name, kind)
    session.show(made, lambda done: _added(done, config.control.url))


@command("events", ["countermand source events"])
def every(session: Session) -> None:
    """List events that could not be taken, and why. Everything else was taken as it came."""
    from countermand.operations import events

    found = session.every(lambda after: session.call(events.list_events, after))
    session.show(found, lambda rows: _events(session, rows))


@command("take", ["countermand source take 4"])
def take(session: Session, number: Number) -> None:
    """Try once more to take an event, as it was posted."""
    from countermand.operations import events

    session.show(session.call(events.take_event, number), lambda done: f"Event {done.number} of {done.source} is taken.")


@command("drop", ["countermand source drop 4"])
def drop(session: Session, number: Number) -> None:
    """Throw an event away."""
    from countermand.operations import events

    session.show(session.call(events.drop_event, number), lambda done: f"Event {done.number} of {done.source} is thrown away.")


FAMILY = group("source", "Systems that post what they see on devices.", add, every, take, drop)


def _added(made: "NewSource", url: str) -> str:
    scheme, _, rest = url.partition("://")
    return "\n".join(
        [
            f"{made.name} may post. Its secret, shown this once: {made.secret}",
            f"NanoMDM: -webhook-url {scheme}://{made.name}:{made.secret}@{rest}/api/v1/sources/{made.name}/events",
        ]
    )


def _events(session: Session, found: "list[EventRow]") -> "RenderableType":
    from countermand.cli.render import table

    return table(
        ["number", "from", "since", "code", "why"],
        [(e.number, e.source, session.moment(e.at), e.code, e.why) for e in found],
        empty="Every event that came could be taken.",
    )
