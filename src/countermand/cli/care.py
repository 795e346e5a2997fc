"""What people say of one device (``countermand attest`` and parts of ``device``), and ``countermand doctor`` for all of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.dry import would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.doctor import Findings
    from countermand.operations.devices import MaybeOne

#: What the catalogue of errors calls an integrity fault.
_DIFFERS = 6

Device = Annotated[str, typer.Argument(help="A serial number, or KIND:VALUE such as eas:ApplF2LX1.")]


@command("attest", ["countermand attest F2LX1 --app ios:com.zhiliaoapp.musically"])
def attest(
    session: Session,
    device: Device,
    app: Annotated[list[str], typer.Option(help="ios:ID or android:ID of an app that its owner says is gone.")],
    dry_run: DryRun = False,
) -> None:
    """Record its owner's statement that apps are gone from a device. It never clears what a machine saw."""
    from countermand.operations import devices

    done = session.call(devices.attest, device, app, dry_run)
    session.show(done, lambda _: f"{would(dry_run)}The statement about {device} is recorded.")


@command("retire", ["countermand device retire F2LX1 --why 'replaced by F9KK2'"])
def retire(
    session: Session, device: Device, why: Annotated[str, typer.Option(help="Why, for the ledger.")], dry_run: DryRun = False
) -> None:
    """Declare a device replaced or retired: out of every scope, its evidence void, its names free for another."""
    from countermand.operations import devices

    session.show(session.call(devices.retire, device, why, dry_run), lambda _: f"{would(dry_run)}{device} is retired.")


@command("bind", ["countermand device bind F2LX1 eas:ApplF2LX1"])
def bind(
    session: Session,
    device: Device,
    identity: Annotated[str, typer.Argument(help="KIND:VALUE, a name under which mail was asked for.")],
    dry_run: DryRun = False,
) -> None:
    """Say that a name seen at a gate is this device's, so that the device is registered."""
    from countermand.operations import devices

    session.show(session.call(devices.bind, device, identity, dry_run), lambda _: f"{would(dry_run)}{identity} is {device}.")


@command(
    "link",
    ["countermand device link --suggest", "countermand device link '#17' '#23'", "countermand device link F2LX1 eas:ApplF2LX1"],
)
def link(
    session: Session,
    device: Annotated[str, typer.Argument(help="A serial number, KIND:VALUE, or #17.")] = "",
    other: Annotated[str, typer.Argument(help="Another of the same phone.")] = "",
    suggest: Annotated[bool, typer.Option("--suggest", help="List what may be one phone; join nothing.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Say that two devices are one phone: it has the names and the evidence of both from then on.

    Sources that name a phone alike are joined without you. What is left are phones that the mail server knows by a name which no
    manager of phones was told; --suggest lists them by person, model and dates, for you to decide.
    """
    from countermand.operations import devices

    if suggest:
        session.show(session.call(devices.suggest_links), _links)
        return
    if not (device and other):
        raise typer.BadParameter("name two devices, or give --suggest")
    done = session.call(devices.link, device, other, dry_run)
    session.show(done, lambda one: f"{would(dry_run)}{device} and {other} are one device, #{one.joined}.")


@command("mail-removed", ["countermand device mail-removed F2LX1", "countermand device mail-removed F2LX1 --back"])
def mail_removed(
    session: Session,
    device: Device,
    back: Annotated[bool, typer.Option("--back", help="Mail is on the device again.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Record its owner's word that mail is gone from a device: complied, where the directive takes that."""
    from countermand.operations import devices

    words = "has mail again" if back else "has no mail any more"
    session.show(
        session.call(devices.mail_removed, device, not back, dry_run),
        lambda _: f"{would(dry_run)}{device} {words}, says its owner.",
    )


@command("mail-password", ["countermand device mail-password F2LX1", "countermand device mail-password F2LX1 --revoke"])
def mail_password(
    session: Session,
    device: Device,
    revoke: Annotated[bool, typer.Option("--revoke", help="End the one it has, and issue none.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --revoke: say what would end; change nothing.")] = False,
) -> None:
    """Issue a mail password to one device, shown this once; the one it had before ends. Dovecot knows it by its digest, from the
    file that `device mail-passwords` writes."""
    from countermand.operations import devices

    if revoke:
        ended = session.call(devices.revoke_mail_password, device, dry_run)
        session.show(ended, lambda one: f"{would(dry_run)}{one.ended} mail password of {device} ended.")
    else:
        issued = session.call(devices.issue_mail_password, device)
        session.show(issued, lambda one: one.password)


@command("mail-passwords", ["countermand device mail-passwords > /etc/dovecot/countermand-passwords"])
def mail_passwords(session: Session) -> None:
    """Print the file in which Dovecot finds the passwords that were issued to devices: digests, never a password."""
    from countermand.operations import devices

    found = session.call(devices.mail_passwords)
    if session.options.json:
        session.show(found, lambda _: "")
    else:
        print(found.text, end="")


@command("doctor", ["countermand doctor", "countermand doctor --repair"])
def doctor(
    session: Session,
    repair: Annotated[bool, typer.Option("--repair", help="Where sets and rows differ, let the rows win.")] = False,
) -> None:
    """Rebuild every derived set from the rows and compare. Exits with 6 if anything differs and was not repaired."""
    from countermand.operations import house

    with session.progress("Comparing sets with rows"):
        found = session.call(house.doctor, repair)
    session.show(found, _findings)
    if found.differences and not found.repaired:
        raise typer.Exit(_DIFFERS)


def _links(found: "tuple[MaybeOne, ...]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [(one.login, one.mail, one.device, one.model, one.likely, "; ".join(one.why), one.command) for one in found]
    columns = ["person", "name at the mail server", "device", "model", "", "why", "say so with"]
    return table(columns, rows, empty="Every name at the mail server is some managed device's, or nobody's who has one.")


def _findings(found: "Findings") -> "RenderableType":
    from countermand.cli.render import page, soon_over, table
    from countermand.core.wording import many

    rows = [(one.space, one.block, one.name, one.missing, one.extra) for one in found.differences]
    unreached = [
        f"{one.lever} does not reach {many(one.devices, 'denied device')}, {one.why}: {', '.join(one.first[:5])}"
        for one in found.unreached
    ]
    more = [*unreached, *soon_over(found.running_out)]
    if not rows:
        return "\n".join([f"{many(found.blocks, 'block')} compared: every set is what the rows say.", *more])
    verdict = "repaired" if found.repaired else "not repaired; `countermand doctor --repair` lets the rows win"
    return page(
        table(["space", "block", "set", "missing", "extra"], rows),
        f"{many(found.blocks, 'block')} compared; not as the rows say: {many(len(rows), 'set')}, {verdict}.",
        *more,
    )
