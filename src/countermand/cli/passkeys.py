"""``countermand operator invite``, ``passkeys`` and ``forget``: how operators come to sign in at the console."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.dry import would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.operations.passkeys import PasskeyView

Name = Annotated[str, typer.Argument(help="The account's name.")]


@command("invite", ["countermand operator invite carla"])
def invite(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Make a link with which the holder of an account makes a passkey for it, once, within three days.

    Also for whoever has lost theirs. Approvals with the new passkey count after a waiting time.
    """
    from countermand.operations import passkeys

    done = session.call(passkeys.invite_operator, name, dry_run)
    words = f"{would(dry_run)}The link for {name}, shown this once; it works until {session.moment(done.expires)}:"
    session.show(done, lambda made: f"{words}\n{made.url}".rstrip())


@command("passkeys", ["countermand operator passkeys", "countermand operator passkeys --of carla"])
def passkeys_(
    session: Session, of: Annotated[str, typer.Option(help="The account whose; an administrator's to ask.")] = ""
) -> None:
    """List passkeys: your own, or as an administrator everybody's."""
    from countermand.operations import passkeys

    found = session.every(lambda after: session.call(passkeys.list_passkeys, of, after))
    session.show(found, lambda rows: _passkeys(session, rows))


@command("forget", ["countermand operator forget 3"])
def forget(
    session: Session,
    number: Annotated[int, typer.Argument(help="The passkey's number, as `operator passkeys` shows it.")],
    dry_run: DryRun = False,
) -> None:
    """Remove a passkey that was lost or is not used any more: your own, or as an administrator anybody's."""
    from countermand.operations import passkeys

    done = session.call(passkeys.remove_passkey, number, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}The passkey {made.number} of {made.operator} is removed.")


def _passkeys(session: Session, found: "list[PasskeyView]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (one.number, one.operator, one.label, session.moment(one.counts_from), session.moment(one.used) if one.used else "never")
        for one in found
    ]
    return table(["number", "operator", "name", "approves from", "signed in"], rows)
