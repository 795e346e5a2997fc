"""``countermand person``: what is held about one person."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.reporting import give
from countermand.cli.session import Session

if TYPE_CHECKING:
    from countermand.flows.erase import Erased
    from countermand.reads.person import PersonHeld

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The name the person signs in to mail with.")]
Case = Annotated[str, typer.Option(metavar="REFERENCE", help="The case it is asked for; it stays in the ledger.")]
CaseOf = Annotated[str, typer.Option("--case", metavar="REFERENCE", help="The case it is asked for; it stays in the ledger.")]
Leaves = Annotated[bool, typer.Option("--leaves", help="They leave by this: no directory says so.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of printing it.")]


@command("export", ["countermand person export ann --case DSR-12 --out ann.json"])
def export(session: Session, login: Login, case: Case = "", out: Out = None) -> None:
    """Give everything that is held about a person, as JSON: the same that the person's own page gives. It is recorded."""
    from countermand.cli.render import as_json
    from countermand.operations import people

    found = session.call(people.export_person, login, case)
    give(as_json(found) + "\n", out)
    if out is not None:
        session.say(_counts(found, out))


@command("erase", ["countermand person erase ann --case DSR-12 --dry-run", "countermand person erase ann --case DSR-12"])
def erase(session: Session, login: Login, case: CaseOf, leaves: Leaves = False, dry_run: DryRun = False) -> None:
    """Erase who has left: they and phones of their own become numbers, and the ledger names them no more. It is for good."""
    from countermand.operations import people

    done = session.call(people.erase_person, login, case, leaves, dry_run)
    session.show(done, lambda found: would(dry_run) + _erased(found))


def _erased(done: "Erased") -> str:
    rows = ", ".join(f"{number:,} {name}" for name, number in done.rows.items()) or "nothing else"
    company = f"{done.company} devices of the company are nobody's now"
    return f"Erased: the person, {done.devices} phones of their own, {rows}; {company}."


def _counts(found: "PersonHeld", out: Path) -> str:
    counts = f"{len(found.devices)} devices, {len(found.notices)} notices, {len(found.ledger)} entries of the ledger"
    return f"{out}: {found.person.login}, {counts}."


PERSON = group("person", "Single people: what is held about them, and erasing it.", export, erase)
