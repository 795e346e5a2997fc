"""``countermand evidence``: everything that proves what a directive did, in one file that stands alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command, group
from countermand.cli.proof import Keys, lines_of
from countermand.cli.session import Session

if TYPE_CHECKING:
    from countermand.operations.evidence import EvidenceChecked, Packed

Directive = Annotated[str, typer.Argument(metavar="DIRECTIVE", help="Its id.")]
NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A pack.")]


@command("export", ["countermand evidence export no-tiktok evidence.zip"])
def export(session: Session, directive: Directive, file: NewFile) -> None:
    """Write texts, approvals, notices, verdicts and the ledger's entries of a directive, with proofs. Nobody is named in it."""
    from countermand.operations import evidence
    from countermand.operations.operation import Call

    act = session.act()
    with session.progress("Packing") as tick:
        done = evidence.pack(Call(act, session.config, tick), directive, file)
    session.show(done, _packed)


@command("verify", ["countermand evidence verify evidence.zip --key ledger.pub"])
def verify(session: Session, file: File, key: Keys = None) -> None:
    """Check a pack from its file alone: digests, signatures of the approvers, and every proof of the ledger."""
    from countermand.reads import evidence_check

    session.show(evidence_check.check(file, lines_of(session, key)), lambda found: _checked(session, found))


FAMILY = group("evidence", "Everything that proves what a directive did, in one file that stands alone.", export, verify)


def _packed(made: "Packed") -> str:
    return f"{made.files:,} files in {made.file}; its making is entry {made.leaf:,} of the ledger.\nSHA-256 {made.sha256}"


def _checked(session: Session, found: "EvidenceChecked") -> str:
    return (
        f"The pack about {found.directive} verifies: {found.versions:,} versions, {found.signatures:,} signatures of approvers, "
        f"{found.entries:,} entries of the ledger.\nExported by {found.exported_by}, {session.moment(found.exported_at)}."
    )
