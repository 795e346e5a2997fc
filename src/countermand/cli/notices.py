"""``countermand notices …``: what people will read, before they do."""

import shutil
import subprocess
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command, group
from countermand.cli.documents import Id
from countermand.cli.session import Session
from countermand.core.errors import Refused

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.check_notices import Checked
    from countermand.reads.notices import ChannelView, Linted, NoticePreview, PublicRecord


class Form(StrEnum):
    TEXT = "text"
    HTML = "html"
    PICTURE = "picture"


Kind = Annotated[str, typer.Option("--kind", metavar="KIND", help="issued, reminder, denied, rescinded, …; default issued.")]
Language = Annotated[str, typer.Option("--language", metavar="TAG", help="en, es, fr, de, pt-BR, ja, zh-Hans, hi or ar.")]
Zone = Annotated[str, typer.Option("--zone", metavar="ZONE", help="The reader's time zone; default UTC.")]
Format = Annotated[
    Form | None, typer.Option("--format", help="text, html, or a picture as PNG; if not given, what the name of --out says.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where HTML or the picture goes; it is written anew.")]
_BY_ENDING = {".png": Form.PICTURE, ".html": Form.HTML}
#: Names under which Chromium is in PATH.
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
#: Tall enough for the longest text that the lint lets pass, in a column as wide as mail programs show it.
_WIDTH, _HEIGHT = 680, 1600


@command(
    "preview",
    [
        "countermand notices preview no-tiktok",
        "countermand notices preview no-tiktok --kind rescinded --language ja --zone Asia/Tokyo",
        "countermand notices preview no-tiktok --language ar --out notice.png",
    ],
)
def preview(
    session: Session,
    directive: Id,
    kind: Kind = "issued",
    language: Language = "en",
    zone: Zone = "UTC",
    form: Format = None,
    out: Out = None,
) -> None:
    """Show a directive's notice as somebody would get it, in any language; nothing is sent."""
    from countermand.operations import notices

    found = session.call(notices.preview_notice, directive, kind, language, zone)
    form = form or (_BY_ENDING.get(out.suffix.lower(), Form.TEXT) if out else Form.TEXT)
    if form is Form.TEXT and out is None:
        session.show(found, _letter)
        return
    target = out or Path(f"{directive}-{kind}-{language}.{'png' if form is Form.PICTURE else 'html'}")
    if form is Form.PICTURE:
        _picture(found.html, target)
    else:
        target.write_text(found.html if form is Form.HTML else f"{found.subject}\n\n{found.text}\n", encoding="utf-8")
    session.show(found, lambda seen: f"{target}: {seen.subject}")


@command("lint", ["countermand notices lint no-tiktok", "countermand notices lint no-tiktok --json"])
def lint(session: Session, directive: Id) -> None:
    """Look a directive's notices over in every language: too long, words missing, what a reader must know left out.

    A link to anything but the configured page, and a placeholder that is not on the list, are refused."""
    from countermand.operations import notices

    session.show(session.call(notices.lint_notices, directive), _findings)


@command("check", ["countermand notices check ann@example.org", "countermand notices check ann@example.org --json"])
def check(session: Session, to: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who gets the test message.")]) -> None:
    """Check that notices arrive and are believed: SPF, DKIM and DMARC of the sender, then one test message, step by step.

    Exit code 4 if a step is bad."""
    from countermand.operations import notices

    found = session.call(notices.check_notices, to)
    session.show(found, _steps)
    if not found.well:
        raise typer.Exit(4)


@command("public", ["countermand notices public no-tiktok", "countermand notices public no-tiktok --json"])
def public(session: Session, directive: Id) -> None:
    """Show what is said of a directive in public, the correction to it, and what its vendor was asked and answered."""
    from countermand.operations import notices

    session.show(session.call(notices.show_public, directive), _public)


@command("channels", ["countermand notices channels", "countermand notices channels --json"])
def channels(session: Session) -> None:
    """List the second channels by which words of notices are said once more; never their addresses."""
    from countermand.operations import notices

    session.show(session.call(notices.list_channels), _channels)


@command("try", ["countermand notices try rooms-security", "countermand notices try sms --login ann"])
def try_(
    session: Session,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Its name in the file of channels.")],
    login: Annotated[str, typer.Option("--login", metavar="LOGIN", help="Whom a person's channel writes to.")] = "",
) -> None:
    """Send an exercise by one second channel, which asks nothing of anybody.

    Exit code 4 unless it was taken."""
    from countermand.operations import notices

    found = session.call(notices.try_channel, channel, login)
    session.show(found, lambda seen: f"{seen.channel}: {seen.result}. {seen.answer}")
    if found.result != "accepted":
        raise typer.Exit(4)


FAMILY = group("notices", "What people are told: look at it before it is sent.", preview, lint, check, public, channels, try_)


def _letter(seen: "NoticePreview") -> str:
    return f"Subject: {seen.subject}\n\n{seen.text}"


def _findings(seen: "Linted") -> "RenderableType":
    from countermand.cli.render import table

    rows = [(one.flaw, one.kind, one.language, one.words) for one in seen.findings]
    return table(["what", "notice", "language", "in words"], rows, empty=f"{seen.texts} texts: nothing to see.")


def _steps(seen: "Checked") -> "RenderableType":
    from countermand.cli.render import table

    return table(["step", "", "what was found"], [(one.what, one.verdict, one.words) for one in seen.steps])


def _public(seen: "PublicRecord") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        ("said in public now", seen.standing or "nothing"),
        ("when it is issued", seen.issued or "nothing"),
        ("when it is taken back", seen.correction or "nothing"),
        ("the vendor was asked", seen.vendor_asked or "not recorded"),
        ("the vendor's answer", seen.vendor_said or "none recorded"),
    ]
    return table([seen.title, f"version {seen.version}"], rows)


def _channels(seen: "list[ChannelView]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (one.name, one.service, "people" if one.personal else "room", ", ".join(one.kinds), one.states.get("accepted", 0))
        for one in seen
    ]
    return table(["channel", "service", "for", "repeats", "taken"], rows, empty="There is no second channel.")


def _picture(html: str, target: Path) -> None:
    """The notice as a mail program shows it. Refused ``picture-needs-chromium``."""
    program = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise Refused("picture-needs-chromium")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "notice.html"
        page.write_text(html, encoding="utf-8")
        subprocess.run(
            [
                program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile",
                f"--window-size={_WIDTH},{_HEIGHT}", f"--screenshot={target.absolute()}", page.as_uri(),
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
