"""``countermand signal``: machines that are told what the ledger records, by signed webhook, by syslog, or as lines in a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.session import Session, read_text
from countermand.cli.streams import RECEIVERS, STREAMS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.signal import Tried
    from countermand.flows.subscribe import NewSubscriber
    from countermand.reads.signals import SubscriberView

Name = Annotated[str, typer.Argument(help="The subscriber's name, from `signal list`.")]
Form = Annotated[str, typer.Option("--form", help="What each line is: ocsf or cef.")]
Hide = Annotated[bool, typer.Option("--hide-actors", help='Say "operator" instead of the names of those who acted.')]


@command(
    "add",
    [
        "countermand signal add hooks https://hooks.example.org/countermand",
        "countermand signal add siem tls://siem.example.internal:6514 --kind syslog --form cef --hide-actors",
    ],
)
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What the subscriber is called.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="https://HOST/PATH, or tls://HOST:PORT for syslog.")],
    kind: Annotated[str, typer.Option(help="How it is told: webhook or syslog.")] = "webhook",
    form: Annotated[str, typer.Option("--form", help="What a syslog message says: ocsf or cef.")] = "",
    only: Annotated[list[str] | None, typer.Option("--only", metavar="KIND", help="Only this kind of entry; as often.")] = None,
    hide_actors: Hide = False,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret, if the receiver gave one out: whsec_…; else one is made.")
    ] = None,
    begins: Annotated[
        int | None, typer.Option("--from", metavar="LEAF", help="Begin with this leaf of the ledger; default: what comes next.")
    ] = None,
) -> None:
    """Tell a machine what the ledger records, in its order, each entry at least once. A webhook's secret is printed once.

    Entries name people and devices by salted commitments only. Webhooks are signed as Standard Webhooks says.
    """
    from countermand.flows.subscribe import subscriber_add

    act = session.act()
    secret = read_text(secret_file).strip() if secret_file else ""
    made = subscriber_add(
        act,
        session.config.state_dir,
        name,
        kind,
        address,
        form=form,
        only=only or (),
        hide_actors=hide_actors,
        secret=secret,
        begins=begins,
    )
    session.show(made, _added)


@command("list", ["countermand signal list"])
def listed(session: Session) -> None:
    """List the subscribers: how far each has been told, and what is wrong."""
    from countermand.operations import signals

    found = session.every(lambda after: session.call(signals.list_subscribers, after))
    session.show(found, lambda rows: _subscribers(session, rows))


@command("test", ["countermand signal test hooks"])
def test(session: Session, name: Name) -> None:
    """Send a subscriber one event that says it is a test. Exit 4 if it does not arrive."""
    from countermand.operations import signals

    done = session.call(signals.test_subscriber, name)
    session.show(done, _tried)
    if not done.arrived:
        raise typer.Exit(4)


@command("pause", ["countermand signal pause hooks"])
def pause(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Tell a subscriber nothing until it is resumed. What it misses waits for it."""
    from countermand.operations import signals

    done = session.call(signals.pause_subscriber, name, dry_run)
    session.show(done, lambda one: f"{would(dry_run)}{one.name} is paused before leaf {one.next:,}.")


@command("resume", ["countermand signal resume hooks"])
def resume(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Tell a paused subscriber what it missed, and go on."""
    from countermand.operations import signals

    done = session.call(signals.resume_subscriber, name, dry_run)
    session.show(done, lambda one: f"{would(dry_run)}{one.name} is told from leaf {one.next:,} on.")


@command("replay", ["countermand signal replay hooks --from 0"])
def replay(
    session: Session,
    name: Name,
    leaf: Annotated[int, typer.Option("--from", metavar="LEAF", help="The first leaf of the ledger that it hears again.")],
    dry_run: DryRun = False,
) -> None:
    """Tell a subscriber everything again from a leaf on, each event under the id that it had."""
    from countermand.operations import signals

    done = session.call(signals.replay_subscriber, name, leaf, dry_run)
    session.show(done, lambda one: f"{would(dry_run)}{one.name} is told from leaf {one.next:,} on.")


@command("remove", ["countermand signal remove hooks"])
def remove(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Tell a subscriber nothing more, and forget its secret."""
    from countermand.operations import signals

    session.show(
        session.call(signals.remove_subscriber, name, dry_run), lambda one: f"{would(dry_run)}{one.name} is told nothing more."
    )


@command("lines", ["countermand signal lines --form ocsf > audit.jsonl", "countermand signal lines --form cef --from 1200"])
def lines(
    session: Session,
    form: Form = "ocsf",
    start: Annotated[int, typer.Option("--from", metavar="LEAF", help="The first leaf of the ledger.")] = 0,
    hide_actors: Hide = False,
) -> None:
    """Print the ledger's sealed entries for a SIEM, a line each. With --json: all lines, and the leaf to go on with."""
    from countermand.operations import signals

    made: list[str] = []
    at: int | None = start
    while at is not None:
        got = session.call(signals.ledger_lines, form, at, 500, hide_actors)
        made += got.lines
        at = got.next
    session.show({"lines": made, "next": start + len(made)}, lambda _: "\n".join(made))


FAMILY = group(
    "signal",
    "Machines that are told what happened: signed webhooks, syslog, lines for a SIEM.",
    add, listed, test, pause, resume, replay, remove, lines,
)  # fmt: skip
FAMILY.add_typer(RECEIVERS)
FAMILY.add_typer(STREAMS)


def _added(made: "NewSubscriber") -> str:
    words = [f"{made.name} is told from leaf {made.begins:,} on. Try it: countermand signal test {made.name}"]
    if made.secret:
        words.append(f"Its secret, shown this once: {made.secret}")
    return "\n".join(words)


def _subscribers(session: Session, found: "list[SubscriberView]") -> "RenderableType":
    from countermand.cli.render import page, table

    rows = [(one.name, one.kind, one.url, one.state, one.next, one.waits, session.moment(one.told_at)) for one in found]
    columns = ["subscriber", "kind", "address", "", "next leaf", "waits", "last told"]
    return page(
        table(columns, rows, empty="Nobody is told; add somebody: countermand signal add"),
        *(f"{one.name}: {one.fault}" for one in found if one.fault),
    )


def _tried(done: "Tried") -> str:
    return f"{done.id} arrived at {done.name}." if done.arrived else f"{done.id} did not arrive at {done.name}: {done.fault}"
