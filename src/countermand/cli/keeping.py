"""``countermand backup`` and ``restore``: one file, and the way back from it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.dry import would
from countermand.cli.session import Session

if TYPE_CHECKING:
    from countermand.flows.backup import BackedUp
    from countermand.flows.backup import Foreseen as ToBeBackedUp
    from countermand.flows.restore import Foreseen, Restored
    from countermand.flows.upgrade import Upgraded

#: What the catalogue of errors calls: not possible now.
_SOMETHING_TO_DO = 4

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
WithKeys = Annotated[
    bool, typer.Option("--with-keys", help="Put the private keys in, in the clear. Then guard the file as you guard them.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Put it in the place of the database that is there.")]


@command("backup", ["countermand backup /srv/backup/countermand-2020-07-10.backup", "countermand backup FILE --dry-run"])
def backup(session: Session, file: File, with_keys: WithKeys = False, dry_run: DryRun = False) -> None:
    """Write everything that a restore needs into one file, while everything runs, and read it back to be sure.

    Private keys stay out unless --with-keys: keep `keys/` of the state directory elsewhere, once.
    """
    act = session.act()
    config = session.open()
    from countermand.flows.backup import backup as write
    from countermand.flows.backup import foresee

    if dry_run:
        session.show(foresee(act, config, file, with_keys=with_keys), _to_be_backed_up)
        return
    with session.progress("Backing up") as tick:
        done = write(act, config, file, with_keys=with_keys, tick=tick)
    session.show(done, _backed_up)


@command("restore", ["countermand restore countermand-2020-07-10.backup --dry-run", "countermand restore FILE --replace"])
def restore(session: Session, file: File, replace: Replace = False, dry_run: DryRun = False) -> None:
    """Begin again from a backup, under a new epoch: every issued directive halted, nothing sent, until people resume it.

    Stop `serve` and the worker first. You act as the operator whom COUNTERMAND_TOKEN names in the backup.
    """
    session.here()
    from countermand.flows.restore import foresee
    from countermand.flows.restore import restore as begin_again

    if dry_run:
        session.show(foresee(session.config, file, replace=replace), lambda found: _foreseen(session, found))
        return
    with session.progress("Restoring") as tick:
        done = begin_again(session.config, file, os.environ.get("COUNTERMAND_TOKEN", ""), replace=replace, tick=tick)
    session.show(done, lambda made: _restored(session, made))


Check = Annotated[bool, typer.Option("--check", help="Only say what would be done; exit with 4 if there is something.")]
Back = Annotated[
    bool, typer.Option("--back", help="Take the last version's changes back, before an older program is put in place.")
]


@command("upgrade", ["countermand upgrade --check", "countermand upgrade", "countermand upgrade --back"])
def upgrade(session: Session, check: Check = False, back: Back = False) -> None:
    """Bring the tables to this version of the program, or one version back. Make a backup, stop `serve` and the worker first."""
    session.here()
    from countermand.flows.upgrade import upgrade as bring

    done = bring(session.config, check=check, back=back)
    session.show(done, _upgraded)
    if check and done.steps:
        raise typer.Exit(_SOMETHING_TO_DO)


def _upgraded(done: "Upgraded") -> str:
    if not done.steps:
        return f"Nothing to do: the tables are at {done.now}."
    verb = ("taken back" if done.back else "applied") if done.done else ("to be taken back" if done.back else "to be applied")
    return "\n".join([f"{verb}: {step}" for step in done.steps] + [f"The tables are at {done.now}."])


def _to_be_backed_up(found: "ToBeBackedUp") -> str:
    return f"{would(True)}{found.rows:,} rows and {len(found.keys)} files of keys would go to {found.file}."


def _backed_up(done: "BackedUp") -> str:
    keys = "with the private keys: guard it as you guard them" if done.secrets else "without private keys: keep those elsewhere"
    return f"{done.file} is written and read back: {done.rows:,} rows, {done.bytes:,} bytes, {keys}.\nSHA-256 {done.digest}"


def _foreseen(session: Session, found: "Foreseen") -> str:
    lines = [
        f"{would(True)}{found.rows:,} rows of {found.origin} as of {session.moment(found.made)}, epoch {found.epoch}, written by "
        f"Countermand {found.program}. Every byte is as it was written.",
        "Every issued directive would be halted and nothing sent, until people resume it.",
    ]
    if found.over:
        lines.append("The database that is there would be kept under another name.")
    return "\n".join(lines)


def _restored(session: Session, done: "Restored") -> str:
    lines = [f"Restored as of {session.moment(done.made)}, in epoch {done.epoch}. Nobody is denied, and nothing is sent."]
    if done.kept is not None:
        lines.append(f"The database that was there is kept as {done.kept}.")
    lines += [
        f"Halted: {name}. Rescind it if it was; or have it approved (`approve --resume`) and resumed." for name in done.halted
    ]
    lines += [f"{count:,} notices of {name} wait: see `countermand release list`." for name, count in done.notices.items()]
    if done.approvals:
        lines.append(f"{done.approvals} approvals of what was not issued are void.")
    lines.append("What was decided since is not in it: look at exemptions, protected logins and closed accounts first.")
    lines.append("Then start `countermand serve` and the worker; gates fetch the new epoch by themselves.")
    return "\n".join(lines)
