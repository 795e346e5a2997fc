"""``countermand import``: people, groups and devices from files. Nothing is written unless every row is good."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from countermand.flows.bring_nanomdm import Asked
    from countermand.operations.imports import Brought, CameBack, Loaded

File = Annotated[Path, typer.Argument(help="The file to import.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="You have seen the counts that asked for a second look.")]
Part = Annotated[bool, typer.Option("--part", help="The file is not everything there is, so what it leaves out means nothing.")]
Map = Annotated[
    Path | None, typer.Option("--map", metavar="FILE", help="TOML that says how another table is read as ours (docs/connect.md).")
]
#: Names or messages that a summary shows.
_NAMED = 20

Source = Annotated[str, typer.Option(help="The name of the system that says so.")]


@command("people", ["countermand import people people.csv --dry-run", "countermand import people hr.csv --map hr.toml"])
def people(
    session: Session, file: File, part: Part = False, confirm: Confirm = False, dry_run: DryRun = False, mapping: Map = None
) -> None:
    """Import people: login,email,name,zone,locale,country,groups,employment and, if you like, manager (a login);
    groups separated by semicolons."""
    from countermand.operations import imports

    with session.progress("Importing people"):
        done = session.call(imports.import_people, file, not part, confirm, dry_run, read_text(mapping) if mapping else "")
    session.show(done, lambda found: _brought(found, "people", dry_run))


@command("ldap", ["countermand import ldap --dry-run", "countermand import ldap"])
def ldap(session: Session, confirm: Confirm = False, dry_run: DryRun = False) -> None:
    """Read people and groups from the LDAP directory of the configuration; it is never written."""
    from countermand.operations import imports

    with session.progress("Reading the directory"):
        done = session.call(imports.import_ldap, confirm, dry_run)
    session.show(done, lambda found: _brought(found, "people", dry_run))


@command("groups", ["countermand import groups groups.csv"])
def groups(session: Session, file: File, confirm: Confirm = False, dry_run: DryRun = False) -> None:
    """Import which groups belong to which: group,member_of. The file is the whole nesting."""
    from countermand.operations import imports

    with session.progress("Importing nestings"):
        done = session.call(imports.import_groups, file, confirm, dry_run)
    session.show(done, lambda found: _brought(found, "nestings", dry_run))


@command(
    "devices",
    [
        "countermand import devices devices.csv",
        "countermand import devices ipads.csv --source jamf --part",
        "countermand import devices inventory.csv --map inventory.toml --dry-run",
    ],
)
def devices(
    session: Session,
    file: File,
    source: Source = "devices-csv",
    part: Part = False,
    confirm: Confirm = False,
    dry_run: DryRun = False,
    mapping: Map = None,
) -> None:
    """Import devices: serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at; apps separated by semicolons."""
    from countermand.operations import imports

    with session.progress("Importing devices"):
        read_as = read_text(mapping) if mapping else ""
        done = session.call(imports.import_devices, file, source, not part, confirm, dry_run, read_as)
    session.show(done, lambda found: _brought(found, "devices", dry_run))


@command("exchange", ["countermand import exchange mobile-devices.csv"])
def exchange(
    session: Session,
    file: File,
    source: Source = "exchange",
    part: Part = False,
    confirm: Confirm = False,
    dry_run: DryRun = False,
) -> None:
    """Import who reads mail with what, from `Get-MobileDevice | Export-Csv`. It says nothing of apps."""
    from countermand.operations import imports

    with session.progress("Importing devices"):
        done = session.call(imports.import_exchange, file, source, not part, confirm, dry_run)
    session.show(done, lambda found: _brought(found, "devices", dry_run))


@command("nanomdm", ["countermand import nanomdm webhook-events/*.json", "countermand import nanomdm events.jsonl --dry-run"])
def nanomdm(
    session: Session,
    files: Annotated[list[Path], typer.Argument(help="Files of webhook events: one event each, or one per line.")],
    source: Source = "nanomdm",
    dry_run: DryRun = False,
) -> None:
    """Import `InstalledApplicationList` answers and check-ins, as NanoMDM's webhook posted them."""
    from countermand.operations import imports

    with session.progress("Importing events"):
        done = session.call(imports.import_nanomdm, files, source, dry_run)
    session.show(done, lambda found: _brought(found, "events", dry_run))


@command(
    "asked",
    [
        "countermand import asked command.plist --to 00008101-001D0000000A --dry-run",
        "countermand import asked command.plist --to-file enrolments.txt",
    ],
)
def asked(
    session: Session,
    file: Annotated[Path, typer.Argument(help="The command's property list, with its CommandUUID, as it will be enqueued.")],
    to: Annotated[list[str] | None, typer.Option(metavar="ID", help="An enrolment id that is asked; once for each.")] = None,
    to_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Enrolment ids that are asked, one on each line.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Say what an InstalledApplicationList command asks of devices, before NanoMDM sends it: its events do not tell.

    An answer to a command that nobody announced proves that apps are there, and never that one is not.
    """
    from countermand.operations import imports

    listed = read_text(to_file).split() if to_file else []
    done = session.call(imports.import_asked, file, [*(to or []), *listed], dry_run)
    session.show(done, lambda found: _asked(found, dry_run))


@command("bounces", ["countermand import bounces Maildir/ --dry-run", "countermand import bounces returned.eml returned.mbox"])
def bounces(
    session: Session,
    files: Annotated[list[Path], typer.Argument(help="Messages, mbox files or Maildirs with what mail servers sent back.")],
    dry_run: DryRun = False,
) -> None:
    """Take back the telling of people whose notice came back: delivery reports (RFC 3464); other mail is passed over."""
    from countermand.operations import imports

    with session.progress("Reading reports"):
        done = session.call(imports.import_bounces, files, dry_run)
    session.show(done, lambda found: _came_back(found, dry_run))


@command(
    "parquet",
    [
        "countermand import parquet fleet/ --dry-run",
        "countermand import parquet people.parquet devices.parquet",
        "countermand import parquet devices.parquet --map inventory.toml --dry-run",
    ],
)
def parquet(
    session: Session,
    files: Annotated[list[Path], typer.Argument(help="Files named after their tables, or directories of them.")],
    source: Annotated[str, typer.Option(help="The name of the system whose word rows are that name none.")] = "parquet",
    part: Part = False,
    confirm: Confirm = False,
    errors: Annotated[str, typer.Option(help="csv or parquet: how every problem is written down, if there is one.")] = "csv",
    dry_run: DryRun = False,
    mapping: Map = None,
) -> None:
    """Import a fleet in bulk: people, groups, devices and their apps; `countermand schema --parquet` has the columns.

    Everything is checked before anything is written. Started again with the same files, an interrupted import goes on.
    """
    from countermand.lib.parquet import rows_in
    from countermand.operations import imports

    with session.progress("Importing", 2 * rows_in(files)):  # each row is checked, and each is written
        read_as = read_text(mapping) if mapping else ""
        done = session.call(imports.import_parquet, files, source, not part, confirm, dry_run, errors, read_as)
    session.show(done, lambda found: _loaded(found, dry_run))


_WORDS = "Bring in people, groups, devices and what mail servers sent back, from files."
FAMILY = group("import", _WORDS, people, ldap, groups, devices, exchange, nanomdm, asked, parquet, bounces)


def _asked(done: "Asked", dry_run: bool) -> str:
    from countermand.core.wording import many

    if done.apps is None:
        covers = "every app"
    elif done.apps:
        covers = f"{many(len(done.apps), 'app')}: {', '.join(done.apps[:_NAMED])}"
    else:
        covers = "no app whose absence it could prove"
    return f"{would(dry_run)}Command {done.query} asks {many(done.enrolments, 'device')} for {covers}."


def _loaded(done: "Loaded", dry_run: bool) -> str:
    lines = [f"{done.people.rows:,} people read; {done.people.added:,} are new, {done.people.changed:,} changed."]
    lines += [f"{done.groups.rows:,} nestings read; {done.groups.added:,} are new, {done.groups.changed:,} ended."]
    lines += [f"{done.devices.rows:,} devices read; {done.devices.added:,} are new, {done.devices.changed:,} changed."]
    lines += [f"{done.apps:,} apps on them read; {done.kept:,} of them may be kept."]
    if done.resumed:
        lines.append(f"An interrupted import went on: {done.resumed:,} devices were written before.")
    if done.devices.surfaced:
        lines.append(f"Watched apps newly seen: {done.devices.surfaced:,}.")
    lines += [f"A second look: {doubt.sentence}" for doubt in done.doubts]
    return "\n".join([*lines, "Nothing was changed."] if dry_run else lines)


def _came_back(done: "CameBack", dry_run: bool) -> str:
    lines = [
        f"{done.messages:,} messages read; {done.bounced:,} notices came back, {done.already:,} more were known to have.",
    ]
    if done.underway:
        lines.append(f"{done.underway:,} reports are of mail that is late or was delivered.")
    if done.untold:
        shown = ", ".join(done.untold[:_NAMED]) + (", …" if len(done.untold) > _NAMED else "")
        lines.append(
            f"{len(done.untold):,} people no longer count as told, and are denied by nothing they were not told: {shown}"
        )
    lines += [f"passed over: {one}" for one in done.passed_over[:_NAMED]]
    if len(done.passed_over) > _NAMED:
        lines.append(f"{len(done.passed_over) - _NAMED:,} more were passed over; --json names them all.")
    return "\n".join([*lines, "Nothing was changed."] if dry_run else lines)


def _brought(done: "Brought", what: str, dry_run: bool) -> str:
    lines = [f"{done.rows:,} {what} read; {done.added:,} are new, {done.changed:,} changed."]
    if done.surfaced:
        lines.append(f"Watched apps newly seen: {done.surfaced:,}.")
    lines += [f"A second look: {doubt.sentence}" for doubt in done.doubts]
    if dry_run:
        lines.append("Nothing was changed.")
    return "\n".join(lines)
