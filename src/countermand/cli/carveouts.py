"""Releases from an order: ``countermand exempt`` and ``countermand protect``; and ``countermand watch`` for single apps."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import moments
from countermand.cli.command import DryRun, command, group
from countermand.cli.documents import Id
from countermand.cli.dry import rehearsed, would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.reads.carveouts import Exemption

Target = Annotated[str, typer.Argument(help="person:LOGIN, device:KIND:VALUE (such as device:serial:F1) or group:NAME.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The number that `propose` printed and `list` shows.")]
Ground = Annotated[str, typer.Option(help="One of the grounds that the directive lists.")]
Until = Annotated[str, typer.Option(metavar="TIME", help=f"When it ends: {moments.HOW}.")]
Login = Annotated[str, typer.Argument(help="The login that mail is asked for with.")]


@command(
    "propose",
    [
        "countermand exempt propose no-tiktok person:ann --ground security-research --until 90d",
        "countermand exempt propose no-tiktok device:serial:F2LX1 --ground law-enforcement --until 2021-01-17",
    ],
)
def propose(session: Session, directive: Id, target: Target, ground: Ground, until: Until, dry_run: DryRun = False) -> None:
    """Propose to release a person, a device or a group from a directive; it holds once somebody else agrees."""
    from countermand.flows.exempt import exempt

    act = session.act()
    made = rehearsed(dry_run, exempt)(act, directive, target, ground, moments.instant(until, act.now, "--until"))
    session.show(made, lambda done: f"{would(dry_run)}Exemption {done.pk} is proposed, until {session.moment(done.until)}.")
    if not dry_run:
        session.say(f"Next, by somebody else: countermand exempt agree {made.pk}")


@command("agree", ["countermand exempt agree 12"])
def agree(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Agree to a proposed exemption: it holds from now on."""
    from countermand.flows.exempt import agree_exemption

    devices = rehearsed(dry_run, agree_exemption)(session.act(), number)
    session.show({"exemption": number, "devices": devices}, lambda _: f"{would(dry_run)}{devices:,} devices are exempt.")


@command("end", ["countermand exempt end 12"])
def end(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """End an exemption, or the proposal of one, now. Whoever was told and still has the app may lose mail."""
    from countermand.flows.exempt import end_exemption

    devices = rehearsed(dry_run, end_exemption)(session.act(), number)
    session.show({"exemption": number, "devices": devices}, lambda _: f"{would(dry_run)}{devices:,} devices are exempt no more.")


@command("list", ["countermand exempt list no-tiktok"])
def exemptions(session: Session, directive: Id) -> None:
    """List the exemptions from a directive, ended ones too."""
    from countermand.reads import carveouts

    session.show(carveouts.exemptions_of(session.act(), directive), lambda found: _exemptions(session, found))


@command("propose", ["countermand protect propose break-glass --why 'last way in'"])
def protect(session: Session, login: Login, why: Annotated[str, typer.Option(help="Why it may never lose mail.")]) -> None:
    """Propose that a login can never be denied: break-glass accounts, mail administrators, services."""
    from countermand.flows.protect import protect as propose_protection

    name = propose_protection(session.act(), login, why)
    session.show({"login": name}, lambda _: f"Protecting {name} is proposed.")
    session.say(f"Next, by somebody else: countermand protect agree {name}")


@command("agree", ["countermand protect agree break-glass"])
def agree_protection(session: Session, login: Login, dry_run: DryRun = False) -> None:
    """Agree: the login is protected from now on, at every gate."""
    from countermand.flows import protect as protecting

    devices = rehearsed(dry_run, protecting.agree_protection)(session.act(), login)
    session.show({"login": login, "devices": devices}, lambda _: f"{would(dry_run)}{login} is protected: {devices:,} devices.")


@command("end", ["countermand protect end break-glass"])
def end_protection(session: Session, login: Login, dry_run: DryRun = False) -> None:
    """Propose to end a protection, or agree to somebody else's proposal to."""
    from countermand.flows import protect as protecting

    ended = rehearsed(dry_run, protecting.end_protection)(session.act(), login)
    words = f"{login} is protected no more." if ended else f"{login} stays protected until somebody else runs the same command."
    session.show({"login": login, "ended": ended}, lambda _: would(dry_run) + words)


@command("list", ["countermand protect list"])
def protections(session: Session) -> None:
    """List the protected logins, and the proposals."""
    from countermand.cli.render import table
    from countermand.reads import carveouts

    columns = ["login", "why", "proposed by", "agreed by", "end proposed by"]
    session.show(
        carveouts.protections(session.act()),
        lambda found: table(columns, [(p.login, p.why, p.proposed_by, p.agreed_by, p.end_proposed_by) for p in found]),
    )


@command("propose", ["countermand watch propose ios:com.example.game --purpose 'advisory 17' --until 30d"])
def watch(
    session: Session,
    app: Annotated[str, typer.Argument(help="ios:ID or android:ID, letter for letter.")],
    purpose: Annotated[str, typer.Option(help="What it is watched for.")],
    until: Until,
) -> None:
    """Propose to keep an app id of personal devices although no live directive names it, for a purpose, until a time."""
    from countermand.flows.watch import watch as propose_watch

    act = session.act()
    number = propose_watch(act, app, purpose, moments.instant(until, act.now, "--until"))
    session.show({"watch": number, "app": app}, lambda _: f"Watching {app} is proposed as number {number}.")
    session.say(f"Next, by somebody else: countermand watch agree {number}")


@command("agree", ["countermand watch agree 3"])
def agree_watch(session: Session, number: Number) -> None:
    """Agree: reports that arrive from now on keep this id."""
    from countermand.flows import watch as watching

    watching.agree_watch(session.act(), number)
    session.show({"watch": number}, lambda _: f"Number {number} is watched.")


@command("end", ["countermand watch end 3"])
def end_watch(session: Session, number: Number) -> None:
    """Watch an app id no longer."""
    from countermand.flows import watch as watching

    watching.end_watch(session.act(), number)
    session.show({"watch": number}, lambda _: f"Number {number} is watched no more.")


@command("list", ["countermand watch list"])
def watched(session: Session) -> None:
    """List the watched app ids, and the proposals."""
    from countermand.cli.render import table
    from countermand.reads import carveouts

    columns = ["number", "app", "purpose", "until", "proposed by", "agreed by"]
    session.show(
        carveouts.watched(session.act()),
        lambda found: table(
            columns, [(w.pk, w.app, w.purpose, session.moment(w.until), w.proposed_by, w.agreed_by) for w in found]
        ),
    )


EXEMPT = group("exempt", "Exemptions: approved, time-limited releases from one directive.", propose, agree, end, exemptions)
PROTECT = group(
    "protect",
    "Protected accounts: logins that no directive can ever deny.",
    protect,
    agree_protection,
    end_protection,
    protections,
)
WATCH = group("watch", "The watch list: app ids kept of personal devices for a purpose.", watch, agree_watch, end_watch, watched)


def _exemptions(session: Session, found: "list[Exemption]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (
            one.pk,
            one.kind,
            one.target,
            one.ground,
            session.moment(one.until),
            one.proposed_by,
            one.agreed_by,
            session.moment(one.ended_at),
        )
        for one in found
    ]
    return table(["number", "kind", "of", "ground", "until", "proposed by", "agreed by", "ended"], rows)
