"""What people say of one device (``countermand attest`` and parts of ``device``), and ``countermand doctor`` for all of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.dry import rehearsed, would
from countermand.cli.session import Session
from countermand.core.errors import Refused, Where

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.core.apps import App
    from countermand.core.devices import Identity
    from countermand.flows.doctor import Findings

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
    act = session.act()
    from countermand.flows.attest import attest as record

    rehearsed(dry_run, record)(act, device, [_app(one) for one in app])
    session.show({"device": device, "apps": app}, lambda _: f"{would(dry_run)}The statement about {device} is recorded.")


@command("retire", ["countermand device retire F2LX1 --why 'replaced by F9KK2'"])
def retire(
    session: Session, device: Device, why: Annotated[str, typer.Option(help="Why, for the ledger.")], dry_run: DryRun = False
) -> None:
    """Declare a device replaced or retired: out of every scope, its evidence void, its names free for another."""
    act = session.act()
    from countermand.flows.attest import device_retire

    rehearsed(dry_run, device_retire)(act, device, why)
    session.show({"device": device, "retired": True}, lambda _: f"{would(dry_run)}{device} is retired.")


@command("bind", ["countermand device bind F2LX1 eas:ApplF2LX1"])
def bind(
    session: Session,
    device: Device,
    identity: Annotated[str, typer.Argument(help="KIND:VALUE, a name under which mail was asked for.")],
    dry_run: DryRun = False,
) -> None:
    """Say that a name seen at a gate is this device's, so that the device is registered."""
    act = session.act()
    from countermand.flows.attest import device_bind

    rehearsed(dry_run, device_bind)(act, device, _identity(identity))
    session.show({"device": device, "identity": identity}, lambda _: f"{would(dry_run)}{identity} is {device}.")


@command("mail-removed", ["countermand device mail-removed F2LX1", "countermand device mail-removed F2LX1 --back"])
def mail_removed(
    session: Session,
    device: Device,
    back: Annotated[bool, typer.Option("--back", help="Mail is on the device again.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Record its owner's word that mail is gone from a device: complied, where the directive takes that."""
    act = session.act()
    from countermand.flows.attest import mail_removed as record

    rehearsed(dry_run, record)(act, device, removed=not back)
    words = "has mail again" if back else "has no mail any more"
    session.show({"device": device, "mail_removed": not back}, lambda _: f"{would(dry_run)}{device} {words}, says its owner.")


@command("doctor", ["countermand doctor", "countermand doctor --repair"])
def doctor(
    session: Session,
    repair: Annotated[bool, typer.Option("--repair", help="Where sets and rows differ, let the rows win.")] = False,
) -> None:
    """Rebuild every derived set from the rows and compare. Exits with 6 if anything differs and was not repaired."""
    act = session.act()
    from countermand.flows.doctor import doctor as examine

    with session.progress("Comparing sets with rows") as tick:
        found = examine(act, repair=repair, progress=tick)
    session.show(found, _findings)
    if found.differences and not found.repaired:
        raise typer.Exit(_DIFFERS)


def _app(text: str) -> "App":
    from countermand.core.apps import App
    from countermand.core.devices import Platform

    platform, _, app_id = text.partition(":")
    if platform not in set(Platform) or not app_id:
        raise Refused("app-form", Where(field="--app"), app=text)
    return App(Platform(platform), app_id)


def _identity(text: str) -> "Identity":
    from countermand.core.devices import Identity, IdentityKind

    kind, _, value = text.partition(":")
    if kind not in set(IdentityKind) or not value:
        raise Refused("identity-form", identity=text, known=", ".join(IdentityKind))
    return Identity(IdentityKind(kind), value)


def _findings(found: "Findings") -> "RenderableType":
    from countermand.cli.render import page, table

    rows = [(one.space, one.block, one.name, one.missing, one.extra) for one in found.differences]
    if not rows:
        return f"{found.blocks:,} blocks compared: every set is what the rows say."
    verdict = "repaired" if found.repaired else "not repaired; `countermand doctor --repair` lets the rows win"
    return page(
        table(["space", "block", "set", "missing", "extra"], rows),
        f"{found.blocks:,} blocks compared, {len(rows):,} sets differ: {verdict}.",
    )
