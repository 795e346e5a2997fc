"""``countermand keys``: the installation's own keys, how long they hold, and new ones in their place."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.keyring import Foreseen, Key

Root = Annotated[Path | None, typer.Option("--root", metavar="FILE", help="The private root key, if it is kept elsewhere.")]


@command("list", ["countermand keys list"])
def every(session: Session) -> None:
    """List the keys: which are in use and for what, since when, until when the root vouches for them or why they have no end,
    and whose private halves are on this machine."""
    act = session.act()
    config = session.open()
    from countermand.flows.keyring import listed

    session.show(listed(act, config), lambda found: _keys(session, found))


@command("feed", ["countermand keys rotate feed", "countermand keys rotate feed --root /media/usb/root.key"])
def feed(session: Session, root: Root = None, dry_run: DryRun = False) -> None:
    """Speak to gates with a new key from now on. Nobody touches a gate: the root's certificate comes with the feed."""
    act = session.act()
    config = session.open()
    from countermand.flows.keyring import foresee, rotate_feed

    if dry_run:
        session.show(foresee(act, config, "feed", root), _foreseen)
        return
    done = rotate_feed(act, config, root)
    session.show(done, lambda made: f"The feed's key is {made.public}, vouched for until {session.moment(made.until)}.")


@command("ledger", ["countermand keys rotate ledger", "countermand keys rotate ledger --root /media/usb/root.key"])
def ledger(session: Session, root: Root = None, dry_run: DryRun = False) -> None:
    """Sign checkpoints with a new key from now on. The key before it signs, as its last, the entry that names the new one."""
    act = session.act()
    config = session.open()
    from countermand.flows.keyring import foresee, rotate_ledger

    if dry_run:
        session.show(foresee(act, config, "ledger", root), _foreseen)
        return
    done = rotate_ledger(act, config, root)
    words = "Checkpoints are signed by this key now. Give its line to whoever verifies, beside the one they have:"
    session.show(done, lambda made: f"{words}\n{made.public}")


@command("signals", ["countermand keys rotate signals"])
def signals(session: Session, dry_run: DryRun = False) -> None:
    """Sign tokens of Shared Signals with a new key from now on. Receivers find it by themselves; the old one stays published
    for a day, and as long as anything sent under it waits for an answer."""
    act = session.act()
    config = session.open()
    from countermand.flows.set_keys import foresee, rotate

    if dry_run:
        session.show(
            foresee(act, config.state_dir), lambda one: f"{would(True)}another key would sign in the place of {one.before}."
        )
        return
    session.show(rotate(act, config.state_dir), lambda one: f"Tokens are signed by {one.kid} now.")


def _foreseen(found: "Foreseen") -> str:
    before = f"the place of {found.replaces}" if found.replaces else "use as the first"
    return f"{would(True)}a new {found.name} key, which the root vouches for, would be put in {before}."


FAMILY = group("keys", "The installation's own keys: root, feed, ledger, signals.", every)
FAMILY.add_typer(group("rotate", "Put a new key in the place of one in use.", feed, ledger, signals))


def _keys(session: Session, found: "list[Key]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (
            one.name,
            "in use" if one.in_use else "replaced",
            one.used_by,
            session.moment(one.created) if one.created else "-",
            session.moment(one.until) if one.until else one.endless or "-",
            "here" if one.here else "elsewhere",
            one.public,
        )
        for one in found
    ]
    return table(["key", "", "signs", "created", "vouched for until", "private half", "public half"], rows)
