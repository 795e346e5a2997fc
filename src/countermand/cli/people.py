"""``countermand person``: what is held about one person."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command, group
from countermand.cli.reporting import give
from countermand.cli.session import Session

if TYPE_CHECKING:
    from countermand.reads.person import PersonHeld

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The name the person signs in to mail with.")]
Case = Annotated[str, typer.Option(metavar="REFERENCE", help="The case it is asked for; it stays in the ledger.")]
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


def _counts(found: "PersonHeld", out: Path) -> str:
    counts = f"{len(found.devices)} devices, {len(found.notices)} notices, {len(found.ledger)} entries of the ledger"
    return f"{out}: {found.person.login}, {counts}."


PERSON = group("person", "Single people: what is held about them.", export)
