"""``countermand ledger``: what happened, and the proof that nobody rewrote it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import moments
from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.operations.ledger import Seal, Verification
    from countermand.reads.ledger import Shown, Verified

Keys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="A verifier line or .pub kept elsewhere; this installation's own, with those before it, by default.",
    ),
]
Kept = Annotated[
    list[Path] | None,
    typer.Option(
        "--kept", metavar="FILE", help="A checkpoint kept elsewhere, or a directory of them, which must still be contained."
    ),
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only what came later: 7d (ago), 2021-01-17 or 2021-01-17T17:00.")
]


@command(
    "show", ["countermand ledger show", "countermand ledger show --kind issued --since 7d", "countermand ledger show --json"]
)
def show(
    session: Session,
    kind: Annotated[str, typer.Option(help="Only entries of this kind.")] = "",
    actor: Annotated[str, typer.Option(help="Only what this account did.")] = "",
    about: Annotated[str, typer.Option(help="Only entries that name this, such as a directive's id.")] = "",
    subject: Annotated[str, typer.Option(help="Only entries about person:LOGIN or device:ORDINAL.")] = "",
    since: Since = None,
    before: Annotated[int | None, typer.Option(help="Only entries before this one's number: the next page.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
) -> None:
    """Show entries, newest first."""
    from countermand.operations import ledger

    start = moments.since(since, session.now(), "--since") if since else 0
    found = session.call(ledger.list_entries, kind, actor, about, subject, start, before, limit)
    session.show(found, lambda entries: _entries(session, entries))


@command("verify", ["countermand ledger verify", "countermand ledger verify export/ --key ledger.pub"])
def verify(
    session: Session,
    directory: Annotated[
        Path | None, typer.Argument(help="An export to verify, from its files alone; without it, the store.")
    ] = None,
    key: Keys = None,
    kept: Kept = None,
) -> None:
    """Compute everything anew and compare: leaves, tree, signatures. Any changed, removed or moved byte is found."""
    notes = [note for place in kept or [] for note in _kept(place)]
    if directory is None:
        from countermand.operations import ledger

        session.show(session.call(ledger.verify_ledger, lines_of(session, key) if key else None, notes), _verified)
        return
    from countermand.reads.ledger import verify_export

    found = verify_export(directory, lines_of(session, key), notes)
    if found.problem is not None:
        raise found.problem
    session.show(found, _verified)


@command("export", ["countermand ledger export export/"])
def export(session: Session, directory: Annotated[Path, typer.Argument(help="A new or empty directory.")]) -> None:
    """Write the sealed ledger as C2SP tlog-tiles files, which anybody's verifier of that format can check."""
    from countermand.reads import ledger

    done = ledger.export(session.act(), directory)
    session.show(
        done, lambda made: f"{made.entries:,} entries in {made.files:,} files under {directory}; its checkpoint:\n{made.note}"
    )


@command("prove", ["countermand ledger prove 4711 > entry.tlog-proof"])
def prove(session: Session, index: Annotated[int, typer.Argument(min=0, help="The entry's place in the ledger.")]) -> None:
    """Print a proof that one entry is in the ledger, which stands alone."""
    from countermand.operations import ledger

    made = session.call(ledger.prove_entry, index)
    if session.options.json:
        session.show(made, str)
    else:
        print(made.proof, end="")


@command("check", ["countermand ledger check entry.tlog-proof --key ledger.pub"])
def check(
    session: Session, file: Annotated[Path, typer.Argument(help="A proof; - reads standard input.")], key: Keys = None
) -> None:
    """Check a proof, and show the entry that it proves."""
    from countermand.reads import ledger

    index, entry = ledger.check_proof(read_text(file), lines_of(session, key))
    session.show(ledger.Shown(0, index, entry), lambda shown: _entries(session, [shown]))


@command("seal", ["countermand ledger seal", "countermand ledger seal --dry-run"])
def seal(session: Session, dry_run: DryRun = False) -> None:
    """Seal what was committed and sign a checkpoint now, as the worker does every few seconds."""
    from countermand.operations import ledger

    session.show(session.call(ledger.seal, dry_run), lambda made: _sealed(made, dry_run))


WORDS = "The ledger: what happened, and the proof that nobody rewrote it."
FAMILY = group("ledger", WORDS, show, verify, export, prove, check, seal)


def lines_of(session: Session, files: list[Path] | None) -> list[str]:
    """Verifier lines: those of the files named, or of every key that this installation signed with."""
    from countermand.flows.keyring import ledger_lines as own_lines
    from countermand.reads import ledger

    if not files:
        return own_lines(session.config)
    texts = [(file, read_text(file).strip()) for file in files]
    return [text if " " not in text else ledger.verifier_line(session.config.origin, file) for file, text in texts]


def _sealed(made: "Seal", dry_run: bool) -> str:
    if not made.sealed:
        return "Nothing waits to be sealed."
    return f"{would(True)}{made.sealed:,} entries would be sealed." if dry_run else made.note


def _verified(found: "Verified | Verification") -> str:
    waiting = f" {found.unsealed:,} more are committed and not sealed yet." if found.unsealed else ""
    return f"The ledger verifies: {found.entries:,} entries under {found.checkpoints:,} checkpoints.{waiting}"


def _entries(session: Session, found: "list[Shown]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (shown.leaf, session.moment(shown.entry.at), shown.entry.actor, shown.entry.kind, _about(shown), _concerned(shown))
        for shown in found
    ]
    return table(["place", "when", "who", "what", "about", "concerns"], rows)


def _about(shown: "Shown") -> str:
    from countermand.reads.ledger import shown_about

    return ", ".join(f"{key} {value}" for key, value in shown_about(shown.entry).items() if value not in ("", None))


def _concerned(shown: "Shown") -> int | None:
    batch = shown.entry.batch
    return (batch.count if batch else len(shown.entry.subjects)) or None


def _kept(place: Path) -> list[str]:
    """The checkpoints that a file or a directory (``state/checkpoints/1``, or a copy of it) holds."""
    files = sorted(place.glob("*.note")) if place.is_dir() else [place]
    return [read_text(file) for file in files]
