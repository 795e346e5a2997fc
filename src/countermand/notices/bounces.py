"""Delivery status notifications as mail servers send them (RFC 3464): which of our messages came back, and why.

Reads single messages, mbox files and Maildirs. What a report says is a claim: anybody can write mail to the address that
bounces go to. It names a message by an id that only we and its recipient know, and all it can do is take a telling back.
"""

import mailbox
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser, Parser
from pathlib import Path

from countermand.core.errors import Refused
from countermand.notices.returning import NOWHERE, Returning

#: A report holds at most this; a mail server returns our notice with it, which is a page of text.
LARGEST = 1 << 20
_ID = re.compile(r"<[^<>\s]{1,250}>")
_WORDS = 300
_RETURNED = ("message/rfc822", "message/global", "message/global-headers")
#: Where a mail server says to which address a message was delivered.
_SENT_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
_QMAIL = "Hi. This is the"
_SMTP_ANSWER = re.compile(r"5\d\d[ -]|.*\b5\.\d\.\d{1,3}\b")
_STATUS = ("message/delivery-status", "message/global-delivery-status")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one message. ``failed``: it was not delivered and nobody tries again; False for one that is only
    late, or was delivered or passed on. ``why``: status and the server's words; ``tag``: of its return path, '' if it had no
    address of its own (then ``message_id`` says which it was)."""

    message_id: str
    failed: bool
    why: str
    tag: str = ""


def messages(path: Path) -> Iterator[bytes]:
    """Each message of a file or a Maildir, as it lies there. Refused ``unreadable-file``."""
    try:
        if path.is_dir():
            yield from _maildir(path)
            return
        with path.open("rb") as file:
            several = file.read(5) == b"From "
            if not several:
                file.seek(0)
                yield file.read(LARGEST + 1)
        if several:
            yield from _mbox(path)
    except OSError as wrong:
        raise Refused("unreadable-file", path=str(path), why=wrong.strerror or str(wrong)) from wrong


def parse(raw: bytes, returning: Returning = NOWHERE) -> Report:
    """What the report in ``raw`` says. Refused ``report-not-delivery`` for what is no such report, names no message, or
    cannot be read."""
    if len(raw) > LARGEST:
        raise _no(f"it is longer than {LARGEST:,} bytes")
    try:
        message = message_from_bytes(raw)
        tag = returning.tag_in(str(value) for name in _SENT_TO for value in message.get_all(name, []))
        return (_old_report(message, tag) if tag else None) or _report(message, tag)
    except (MessageError, UnicodeError, LookupError, ValueError) as broken:
        raise _no(f"it cannot be read ({type(broken).__name__})") from broken


def _report(message: Message, tag: str) -> Report:
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        raise _no(f"it is {message.get_content_type()}, not multipart/report")
    status = next((part for part in message.walk() if part.get_content_type() in _STATUS), None)
    if status is None:
        raise _no("it has no message/delivery-status part")
    recipients = [block for block in _blocks(status) if block.get("Action")]
    if not recipients:
        raise _no("it says of no recipient what was done")
    original = _original(message)
    if not original and not tag:
        raise _no("it does not name the message that it is about")
    failed = [block for block in recipients if str(block["Action"]).strip().lower() == "failed"]
    return Report(original, bool(failed), _why((failed or recipients)[0]), tag)


def _old_report(message: Message, tag: str) -> Report | None:
    """A report in a form from before RFC 3464, which only the address that it was sent to tells from other mail: Exim's header,
    or qmail's first words. Notes of absence come to the same address, and are none."""
    if message.is_multipart():
        return None
    text = message.get_payload(decode=True)
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else ""
    if message.get("X-Failed-Recipients") or words.lstrip().startswith(_QMAIL):
        said = next((line for line in words.splitlines() if _SMTP_ANSWER.match(line.strip())), "")
        return Report("", True, _printable(said) or "it came back", tag)
    return None


def _no(why: str) -> Refused:
    return Refused("report-not-delivery", why=why)


def _blocks(status: Message) -> list[Message]:
    """The groups of fields of a status part: the message's, then one for each recipient. The standard library reads them
    as messages of their own; of an internationalised one (RFC 6533) only the first, with the rest as its text."""
    inner = status.get_payload()
    found = [part for part in inner if isinstance(part, Message)] if isinstance(inner, list) else []
    texts = [text for part in found if isinstance(text := part.get_payload(), str)]
    rest = [block for text in texts for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if block.strip()]
    return [*found, *(Parser().parsestr(block, headersonly=True) for block in rest)]


def _original(report: Message) -> str:
    """The Message-ID that the report is about: of the returned message or its headers, else of what it answers to."""
    for part in report.walk():
        if part.get_content_type() == "text/rfc822-headers":
            raw = part.get_payload(decode=True)
            returned: Message | None = BytesParser().parsebytes(raw, headersonly=True) if isinstance(raw, bytes) else None
        elif part.get_content_type() in _RETURNED:
            inner = part.get_payload()
            returned = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else None
        else:
            continue
        if returned is not None and (found := _ID.search(str(returned.get("Message-ID", "")))):
            return found[0]
    answered = [*_ID.findall(str(report.get("In-Reply-To", ""))), *_ID.findall(str(report.get("References", "")))]
    return answered[0] if answered else ""


def _why(block: Message) -> str:
    """ "5.1.1 550 no such mailbox": printable, on one line, not too long."""
    return _printable(f"{block.get('Status', '')} {str(block.get('Diagnostic-Code', '')).partition(';')[2]}")


def _printable(words: str) -> str:
    return "".join(char for char in " ".join(words.split()) if char.isprintable())[:_WORDS]


def _mbox(path: Path) -> Iterator[bytes]:
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            with box.get_file(key) as file:
                yield file.read(LARGEST + 1)
    finally:
        box.close()


def _maildir(path: Path) -> Iterator[bytes]:
    """A Maildir's messages, in the order of their names, which begin with the time; a plain folder's files otherwise."""
    folders = [path / "new", path / "cur"] if (path / "cur").is_dir() else [path]
    files = [file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.is_file()]
    for file in sorted(files, key=lambda found: found.name):
        if not file.name.startswith("."):
            with file.open("rb") as opened:
                yield opened.read(LARGEST + 1)


def arrived(maildir: Path, most: int) -> list[Path]:
    """The oldest messages that nobody has read yet. Refused ``unreadable-file``."""
    try:
        files = [file for file in (maildir / "new").iterdir() if not file.name.startswith(".")]
    except OSError as wrong:
        raise Refused("unreadable-file", path=str(maildir / "new"), why=wrong.strerror or str(wrong)) from wrong
    return sorted(files, key=lambda found: found.name)[:most]


def have_read(file: Path) -> None:
    """It is kept where a mail reader shows it as read."""
    kept = file.parent.parent / "cur"
    kept.mkdir(exist_ok=True)
    file.rename(kept / f"{file.name}:2,S")
