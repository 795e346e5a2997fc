"""``countermand report`` and ``countermand handover``: what an order has come to, and lists for whatever enforces it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.documents import Id
from countermand.cli.dry import would
from countermand.cli.session import Session
from countermand.core.errors import Refused, Where

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.handover import Handover
    from countermand.reads.report import Breakdown, Report

_FORMATS = ("text", "html", "csv", "json")
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of printing it.")]


@command(
    "report",
    [
        "countermand report no-tiktok",
        "countermand report no-tiktok --format html --out report.html",
        "countermand report no-tiktok --format csv > report.csv",
    ],
)
def report(
    session: Session,
    directive: Id,
    format_: Annotated[str, typer.Option("--format", help="text, html, csv or json.")] = "text",
    smallest: Annotated[
        int | None, typer.Option(min=1, help="The least count shown by country or group; the configuration's, or 5, by default.")
    ] = None,
    out: Out = None,
) -> None:
    """Count who was told, who complied, who cannot be known, and who is denied; by country, platform, ownership, group."""
    from countermand.operations import standing

    _known(format_, _FORMATS)
    found = session.call(standing.report, directive, smallest)
    if format_ == "json" or session.options.json:
        from countermand.cli.render import as_json

        give(as_json(found) + "\n", out)
    elif format_ == "text":
        session.show(found, lambda seen: _report(session, seen))
    else:
        from countermand.reads import report_page, report_sheet

        give(report_page.render(found) if format_ == "html" else report_sheet.render(found), out)


@command(
    "handover",
    [
        "countermand handover no-tiktok --format csv --out list.csv",
        "countermand handover no-tiktok --format exchange-ps --out block.ps1",
        "countermand handover no-tiktok --format exchange-ps --undo --out unblock.ps1",
        "countermand handover no-tiktok --format apple-profile --out no-tiktok.mobileconfig",
    ],
)
def handover(
    session: Session,
    directive: Id,
    format_: Annotated[
        str, typer.Option("--format", help="csv, exchange-ps, intune, apple-profile, apple-declaration or android-policy.")
    ] = "csv",
    since: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="The last receipt known to be carried out, if not all were; 0 = none.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take back everything that was handed over, and nothing else.")] = False,
    out: Out = None,
    dry_run: DryRun = False,
) -> None:
    """Give the app ids and the denied devices to whatever enforces: only what changed since the last hand-over.

    Each list has a number and a receipt; a halted, rescinded or expired directive takes back what it gave.
    """
    from countermand.core.handover import Format
    from countermand.operations import standing

    _known(format_, tuple(Format))
    asked = standing.undo_handover if undo else standing.handover
    made = session.call(asked, directive, Format(format_), since, dry_run)
    if session.options.json:
        session.show(made, str)
    elif dry_run or made.receipt is None:
        print(f"{would(dry_run)}{_handed_over(made)}")
    elif out is None:
        give(made.text, None)
        typer.echo(_handed_over(made), err=True)
    else:
        give(made.text, out)
        print(_handed_over(made))


def _known(word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise Refused("unknown-format", Where(field="--format"), format=word, known=", ".join(known))


def give(text: str, out: Path | None) -> None:
    """Print the text as it is, or write it to a file byte for byte (line ends included)."""
    if out is None:
        print(text, end="")
        return
    try:
        out.touch(mode=0o600)  # a list names people
        out.write_bytes(text.encode())
    except OSError as fault:
        raise Refused("unwritable-file", path=out, why=fault.strerror or fault) from fault


def _handed_over(made: "Handover") -> str:
    if made.receipt is None:
        lines = [f"Nothing has changed: {made.held:,} entries of {made.lineage} are on the list."]
    else:
        lines = [f"Receipt {made.receipt} of {made.lineage}: {made.adds:,} come, {made.removes:,} go; {made.held:,} then stand."]
    if made.unlisted:
        lines.append(f"{made.unlisted:,} devices should be on the list and have no name that this format carries.")
    lines += made.effects
    return "\n".join(lines)


def _report(session: Session, seen: "Report") -> "RenderableType":
    from countermand.cli.render import page, table

    told = seen.telling
    people = [
        ("promised a notice", told.promised),
        ("told", told.told),
        ("waiting", told.waiting),
        ("could not be told: refused", told.refused),
        ("could not be told: bounced", told.bounced),
        ("nobody knows whether it arrived", told.doubtful),
        ("corrected", told.corrected),
        ("correction on its way", told.correcting),
    ]
    devices = [
        *((column, count) for column, count in seen.totals.items() if column != "denied"),
        (seen.denied_means, seen.denied),
        ("the same, but not deniable: no mail identity known", seen.not_deniable),
        ("has the app, and its login is protected", seen.protected),
        ("in scope, and nobody's", seen.nobodys),
    ]
    return page(
        f"{seen.directive}: {seen.title} (version {seen.version}, {_standing(seen)}), as of {session.moment(seen.at)}",
        table(["people", ""], people),
        table(["devices", ""], devices),
        table(["unknown because", "devices"], list(seen.unknown.items())),
        *(_breakdown(one) for one in seen.breakdowns),
        table(["platform", "app id", "devices"], [(one.app.platform, one.app.id, one.devices) for one in seen.apps], "Apps"),
        table(["stage", "due", "state"], [(one.what, session.moment(one.ends), one.state) for one in seen.stages], "Stages")
        if seen.stages
        else None,
        f"Counts under {seen.smallest} by country or group are not shown.",
    )


def _standing(seen: "Report") -> str:
    words = [seen.state.value, seen.phase.value if seen.phase else "", "halted" if seen.halted else "", seen.ground]
    return ", ".join(word for word in words if word)


def _breakdown(one: "Breakdown") -> "RenderableType | None":
    from countermand.cli.render import table

    return table([one.dimension, *one.columns], [(value, *cells) for value, cells in one.rows.items()]) if one.rows else None
