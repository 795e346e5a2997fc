"""``countermand signal receiver`` and ``countermand signal stream``: OpenID Shared Signals, and who listens to them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.receivers import NewReceiver
    from countermand.flows.stream_trial import Pushed
    from countermand.flows.streams import Held
    from countermand.reads.streams import ReceiverView, StreamView

Name = Annotated[str, typer.Argument(help="The receiver's name, from `signal receiver list`.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="What the receiver is told of why.")]


@command(
    "add",
    [
        "countermand signal receiver add sailpoint --audience https://tenant.example.org",
        "countermand signal receiver add okta --audience https://house.okta.example --okta "
        "--push https://house.okta.example/security/api/v1/security-events",
    ],
)
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What the receiver is called; its client id.")],
    audience: Annotated[str, typer.Option("--audience", metavar="TEXT", help="What the receiver calls itself (aud).")],
    shape: Annotated[
        str, typer.Option("--subject", help="Whom events are about: complex (device and person), device, or user (mail address).")
    ] = "complex",
    device: Annotated[
        str,
        typer.Option("--device", metavar="KIND", help="Name devices by this: serial, udid, entra, google, ...; default: ours."),
    ] = "",
    revokes: Annotated[bool, typer.Option("--session-revoked", help="It may ask for session-revoked as well.")] = False,
    push: Annotated[
        str, typer.Option("--push", metavar="URL", help="Push tokens there, for a receiver that makes no stream itself.")
    ] = "",
    authorization: Annotated[
        Path | None,
        typer.Option("--authorization-file", metavar="FILE", help="With --push: what goes into the Authorization header."),
    ] = None,
    okta: Annotated[bool, typer.Option("--okta", help="Put the subject inside the event as well, as Okta wants it.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="It may look at its stream, and not manage it.")] = False,
) -> None:
    """Let a receiver of Shared Signals in. Its secret, with which it gets tokens and makes its stream, is printed once.

    It is told which devices an order denies now, and which no longer: `device-compliance-change`.
    """
    from countermand.core.caep import Shape, Wording
    from countermand.core.errors import Refused
    from countermand.flows.receivers import receiver_add

    act = session.act()
    if shape not in set(Shape):
        raise Refused("unknown-choice", what="subject", name=shape, known=", ".join(Shape))
    said = read_text(authorization).strip() if authorization else ""
    wording = Wording(audience, Shape(shape), device, revokes, okta)
    made = receiver_add(act, session.config, name, wording, read_only=read_only, push=push, authorization=said)
    session.show(made, _let_in)


@command("list", ["countermand signal receiver list"])
def receivers(session: Session) -> None:
    """List the receivers: what each may ask for, and how its subjects are named."""
    from countermand.operations import streams

    found = session.every(lambda after: session.call(streams.list_receivers, after))
    session.show(found, _receivers)


@command("rotate", ["countermand signal receiver rotate sailpoint"])
def rotate(session: Session, name: Name) -> None:
    """Give a receiver another secret, printed once. The old one opens nothing any more, nor do the tokens that it got."""
    from countermand.flows.receivers import receiver_rotate

    act = session.act()
    session.show(receiver_rotate(act, session.config, name), _let_in)


@command("revoke", ["countermand signal receiver revoke sailpoint"])
def revoke(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Tell a receiver nothing more, and let it ask nothing. Its stream is gone, with all that waited."""
    from countermand.operations import streams

    session.show(
        session.call(streams.revoke_receiver, name, dry_run), lambda one: f"{would(dry_run)}{one.name} is told nothing more."
    )


@command("list", ["countermand signal stream list"])
def listed(session: Session) -> None:
    """List the streams: what each receiver holds of how many, what waits, and what is wrong."""
    from countermand.operations import streams

    found = session.every(lambda after: session.call(streams.list_streams, after))
    session.show(found, lambda rows: _streams(session, rows))


@command("pause", ['countermand signal stream pause okta --reason "moving house"'])
def pause(session: Session, name: Name, reason: Reason = "", dry_run: DryRun = False) -> None:
    """Tell a receiver nothing, but that its stream is paused. The last word about each subject waits."""
    from countermand.operations import streams

    _held(session, session.call(streams.pause_stream, name, reason, dry_run), dry_run)


@command("resume", ["countermand signal stream resume okta"])
def resume(session: Session, name: Name, reason: Reason = "", dry_run: DryRun = False) -> None:
    """Tell a receiver what is true now, and go on."""
    from countermand.operations import streams

    _held(session, session.call(streams.resume_stream, name, reason, dry_run), dry_run)


@command("verify", ["countermand signal stream verify sailpoint"])
def verify(session: Session, name: Name) -> None:
    """Send a verification event in its turn, pushed or fetched."""
    from countermand.operations import streams

    _held(session, session.call(streams.verify_stream, name), False)


@command("test", ["countermand signal stream test sailpoint"])
def test(session: Session, name: Name) -> None:
    """Push one verification event now, whatever waits. Exit 4 if it does not arrive."""
    from countermand.operations import streams

    done = session.call(streams.test_stream, name)
    session.show(done, _tried)
    if not done.arrived:
        raise typer.Exit(4)


@command("recall", ["countermand signal stream recall okta --dry-run"])
def recall(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Tell a receiver anew of everybody whom an order speaks to, where what it holds cannot be trusted: after a loss on its
    side."""
    from countermand.operations import streams

    _held(session, session.call(streams.recall_stream, name, dry_run), dry_run)


RECEIVERS = group("receiver", "Receivers of OpenID Shared Signals: who may have a stream.", add, receivers, rotate, revoke)
STREAMS = group(
    "stream", "Streams of OpenID Shared Signals: what receivers are told.", listed, pause, resume, verify, test, recall
)


def _let_in(made: "NewReceiver") -> str:
    words = [f"{made.name} is let in. Its receiver begins with {made.metadata}"]
    if made.secret:
        words.append(f"Its client id is {made.name}; its secret, shown this once: {made.secret}")
    else:
        words.append(f"Try whether tokens arrive: countermand signal stream test {made.name}")
    return "\n".join(words)


def _receivers(found: "list[ReceiverView]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (
            one.name,
            one.audience,
            one.shape,
            one.device or "ours",
            "may ask" if one.revokes else "no",
            " ".join(one.scopes) if one.asks else "-",
            "yes" if one.stream else "no",
        )
        for one in found
    ]
    columns = ["receiver", "audience", "subject", "device's name", "session-revoked", "scopes", "stream"]
    return table(columns, rows, empty="Nobody is let in: countermand signal receiver add")


def _streams(session: Session, found: "list[StreamView]") -> "RenderableType":
    from countermand.cli.render import page, table

    rows = [
        (one.receiver, one.delivery, one.status, one.told, one.waits, one.refused, session.moment(one.delivered_at))
        for one in found
    ]
    columns = ["receiver", "", "status", "held not compliant", "waits", "refused", "last taken"]
    return page(
        table(columns, rows, empty="No receiver has made a stream."),
        *(f"{one.receiver}: {one.fault}" for one in found if one.fault),
    )


def _held(session: Session, done: "Held", dry_run: bool) -> None:
    session.show(done, lambda one: f"{would(dry_run)}the stream of {one.receiver} is {one.status}; {one.waits:,} wait.")


def _tried(done: "Pushed") -> str:
    return (
        f"A verification arrived at {done.receiver}." if done.arrived else f"It did not arrive at {done.receiver}: {done.fault}"
    )
