"""Releases from an order: ``countermand exempt`` and ``countermand protect``; and ``countermand watch`` for single apps."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import moments
from countermand.cli.command import DryRun, command, group
from countermand.cli.documents import Id
from countermand.cli.dry import would
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
    from countermand.operations import carveouts

    ends = moments.instant(until, session.now(), "--until")
    made = session.call(carveouts.exempt, directive, target, ground, ends, dry_run)
    session.show(made, lambda done: f"{would(dry_run)}Exemption {done.pk} is proposed, until {session.moment(done.until)}.")
    if not dry_run:
        session.say(f"Next, by somebody else: countermand exempt agree {made.pk}")


@command("agree", ["countermand exempt agree 12"])
def agree(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Agree to a proposed exemption: it holds from now on."""
    from countermand.operations import carveouts

    done = session.call(carveouts.agree_exemption, number, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}{made.devices:,} devices are exempt.")


@command("end", ["countermand exempt end 12"])
def end(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """End an exemption, or the proposal of one, now. Whoever was told and still has the app may lose mail."""
    from countermand.operations import carveouts

    done = session.call(carveouts.end_exemption, number, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}{made.devices:,} devices are exempt no more.")


@command("list", ["countermand exempt list no-tiktok"])
def exemptions(session: Session, directive: Id) -> None:
    """List the exemptions from a directive, ended ones too."""
    from countermand.operations import carveouts

    found = session.every(lambda after: session.call(carveouts.list_exemptions, directive, after))
    session.show(found, lambda rows: _exemptions(session, rows))


@command("propose", ["countermand protect propose break-glass --why 'last way in'"])
def protect(
    session: Session,
    login: Login,
    why: Annotated[str, typer.Option(help="Why it may never lose mail.")],
    dry_run: DryRun = False,
) -> None:
    """Propose that a login can never be denied: break-glass accounts, mail administrators, services."""
    from countermand.operations import carveouts

    done = session.call(carveouts.protect, login, why, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}Protecting {made.login} is proposed.")
    session.say(f"Next, by somebody else: countermand protect agree {done.login}")


@command("agree", ["countermand protect agree break-glass"])
def agree_protection(session: Session, login: Login, dry_run: DryRun = False) -> None:
    """Agree: the login is protected from now on, at every gate."""
    from countermand.operations import carveouts

    done = session.call(carveouts.agree_protection, login, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}{login} is protected: {made.devices:,} devices.")


@command("end", ["countermand protect end break-glass"])
def end_protection(session: Session, login: Login, dry_run: DryRun = False) -> None:
    """Propose to end a protection, or agree to somebody else's proposal to."""
    from countermand.operations import carveouts

    done = session.call(carveouts.end_protection, login, dry_run)
    gone, stays = "is protected no more.", "stays protected until somebody else runs the same command."
    session.show(done, lambda made: f"{would(dry_run)}{login} {gone if made.ended else stays}")


@command("list", ["countermand protect list"])
def protections(session: Session) -> None:
    """List the protected logins, and the proposals."""
    from countermand.cli.render import table
    from countermand.operations import carveouts

    columns = ["login", "why", "proposed by", "agreed by", "end proposed by"]
    session.show(
        session.every(lambda after: session.call(carveouts.list_protections, after)),
        lambda found: table(
            columns,
            [(p.login, p.why, p.proposed_by, p.agreed_by, p.end_proposed_by) for p in found],
            empty="No login is protected.",
        ),
    )


@command("propose", ["countermand watch propose ios:com.example.game --purpose 'advisory 17' --until 30d"])
def watch(
    session: Session,
    app: Annotated[str, typer.Argument(help="ios:ID or android:ID, letter for letter.")],
    purpose: Annotated[str, typer.Option(help="What it is watched for.")],
    until: Until,
    dry_run: DryRun = False,
) -> None:
    """Propose to keep an app id of personal devices although no live directive names it, for a purpose, until a time."""
    from countermand.operations import carveouts

    done = session.call(carveouts.watch, app, purpose, moments.instant(until, session.now(), "--until"), dry_run)
    session.show(done, lambda made: f"{would(dry_run)}Watching {app} is proposed as number {made.watch}.")
    session.say(f"Next, by somebody else: countermand watch agree {done.watch}")


@command("agree", ["countermand watch agree 3"])
def agree_watch(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Agree: reports that arrive from now on keep this id."""
    from countermand.operations import carveouts

    session.show(session.call(carveouts.agree_watch, number, dry_run), lambda _: f"{would(dry_run)}Number {number} is watched.")


@command("end", ["countermand watch end 3"])
def end_watch(session: Session, number: Number, dry_run: DryRun = False) -> None:
    """Watch an app id no longer."""
    from countermand.operations import carveouts

    session.show(
        session.call(carveouts.end_watch, number, dry_run), lambda _: f"{would(dry_run)}Number {number} is watched no more."
    )


@command("list", ["countermand watch list"])
def watched(session: Session) -> None:
    """List the watched app ids, and the proposals."""
    from countermand.cli.render import table
    from countermand.operations import carveouts

    columns = ["number", "app", "purpose", "until", "proposed by", "agreed by"]
    session.show(
        session.every(lambda after: session.call(carveouts.list_watches, after)),
        lambda found: table(
            columns,
            [(w.pk, w.app, w.purpose, session.moment(w.until), w.proposed_by, w.agreed_by) for w in found],
            empty="No app is watched beside those that directives name.",
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
    return table(
        ["number", "kind", "of", "ground", "until", "proposed by", "agreed by", "ended"],
        rows,
        empty="Nobody was ever exempt from it.",
    )
