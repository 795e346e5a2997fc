"""Composing: a text is laid out as MIME once per version and kind; a message is then filled in, not built. Values in, bytes out.

The body is quoted-printable in UTF-8. Each slot stands between soft line breaks, so a value of any length and script can
be put in without laying out anything anew, and decodes to exactly the text that was approved with the value in it.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from countermand.core.errors import Refused
from countermand.core.instants import Instant, to_datetime
from countermand.core.notices import Kind, Reader
from countermand.notices.texts import PERSONAL, clean

KIND_HEADER = "X-Countermand-Kind"
_DEVICES_SHOWN = 20
_PLATFORMS = {"ios": "iPhone or iPad", "android": "Android"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_GROUNDS = {
    "sent-in-error": "It was sent in error.",
    "changed": "The decision behind it has changed.",
    "expired": "The time for which it was meant is over.",
}
_ADDRESS = re.compile(r"[^\s{}<>(),;:\\\"@\x00-\x20\x7f-\U0010ffff]{1,64}@[A-Za-z0-9.\-\[\]:]{1,255}")
_SLOT = re.compile(r"\{([a-z_]+)\}")
_PLAIN = re.compile(rb"[ !-<>-~]*[!-<>-~]")
_LINE = 72
_SOFT = b"=\r\n"


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes with slots between them: ``parts`` has one more element than ``slots``."""

    parts: tuple[bytes, ...]
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one message has of its own beside its reader: ``original``: the Message-ID that it answers to, '' for none;
    ``at`` the act's time; ``due`` as its text states it."""

    message_id: str
    original: str
    at: Instant
    due: Instant | None
    code: str
    ground: str = ""


def is_address(text: str) -> bool:
    """True if the text can stand as an address in an SMTP command and a header: ASCII, one @, nothing that ends a line."""
    return _ADDRESS.fullmatch(text) is not None


def lay_out(kind: Kind, text: str, sender: str) -> Layout:
    """The message of a text as approved (first line ``Subject: …``). Refused ``address-unfit`` if ``sender`` is none."""
    if not is_address(sender):
        raise Refused("address-unfit", address=sender)
    subject, _, body = text.partition("\n")
    head = (
        f"From: <{sender}>\r\nTo: <{{to}}>\r\nSubject: {_subject(subject)}\r\nDate: {{date}}\r\nMessage-ID: {{message_id}}\r\n"
        f"{{threads}}Auto-Submitted: auto-generated\r\n{KIND_HEADER}: {kind}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    )
    parts: list[bytes] = []
    slots: list[str] = []
    for piece in _SLOT.split(head)[::2]:
        parts.append(piece.encode("ascii"))
    slots.extend(_SLOT.split(head)[1::2])
    pieces = _SLOT.split(body.strip("\n") + "\n")
    for index, piece in enumerate(pieces):
        if index % 2:
            if piece not in PERSONAL:
                raise Refused("notice-placeholder", placeholder=piece, known=", ".join(sorted(PERSONAL)))
            slots.append(piece)
            continue
        encoded = (_SOFT if index else b"") + _encoded_text(piece) + (_SOFT if index < len(pieces) - 1 else b"")
        if index == 0:
            parts[-1] += encoded
        else:
            parts.append(encoded)
    return Layout(tuple(parts), tuple(slots))


def fill(layout: Layout, reader: Reader, envelope: Envelope, zone: str) -> bytes:
    """One message, ready for DATA: CRLF line ends, and no line begins with a dot. ``zone``: by whose clock the due is told."""
    values = {
        "to": reader.email.encode("ascii"),
        "date": _date(envelope.at),
        "message_id": envelope.message_id.encode("ascii"),
        "threads": _threads(envelope.original),
        "name": _encoded(clean(reader.name, 80) or clean(reader.login, 80)),
        "devices": _devices(reader.devices),
        "due_local": _due_local(envelope.due, zone),
        "due_utc": _due_utc(envelope.due),
        "code": envelope.code.encode("ascii"),
        "ground": _encoded(_GROUNDS.get(envelope.ground, "")),
    }
    out: list[bytes] = [b""] * (2 * len(layout.slots) + 1)
    out[::2] = layout.parts
    out[1::2] = [values[slot] for slot in layout.slots]
    return b"".join(out)


# -- names by which a notice is known --


def message_id(key: bytes, origin: str, notice: tuple[int, int, str, str]) -> str:
    """The stable Message-ID of (version, person, kind, occurrence): the same for every attempt, guessed by nobody."""
    version, person, kind, occurrence = notice
    digest = hmac.digest(key, f"message\0{version}\0{person}\0{kind}\0{occurrence}".encode(), "sha256")
    return f"<{digest[:16].hex()}@{origin}>"


def look_up_code(key: bytes, version: int, person: int) -> str:
    """The short code by which a person finds a version's notice on the page they know: ten letters and digits."""
    text = base64.b32encode(hmac.digest(key, f"code\0{version}\0{person}".encode(), "sha256")[:7]).decode()[:10]
    return f"{text[:5]}-{text[5:]}"


# -- values --


def _subject(line: str) -> str:
    text = clean(line.removeprefix("Subject:"), 200)
    return Header(text, "us-ascii" if text.isascii() else "utf-8", maxlinelen=76, header_name="Subject").encode(linesep="\r\n")


def _threads(original: str) -> bytes:
    return f"In-Reply-To: {original}\r\nReferences: {original}\r\n".encode("ascii") if original else b""


@lru_cache(maxsize=64)
def _date(at: Instant) -> bytes:
    return format_datetime(to_datetime(at).astimezone(UTC)).encode("ascii")


@lru_cache(maxsize=4096)
def _devices(devices: Sequence[tuple[str, str]]) -> bytes:
    lines = [f"  - {clean(model, 60) or 'a device'} ({_PLATFORMS.get(platform, platform)})" for platform, model in devices]
    if len(lines) > _DEVICES_SHOWN:
        lines[_DEVICES_SHOWN:] = [f"  - and {len(devices) - _DEVICES_SHOWN} more"]
    return b"\r\n".join(_encoded(line) for line in lines) or b"  (none that we know of)"


@lru_cache(maxsize=4096)
def _due_local(due: Instant | None, zone: str) -> bytes:
    if due is None:
        return b"-"
    local = to_datetime(due).astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    day = f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return _encoded(f"{day}, {local:%H:%M} ({zone}, UTC{offset[:3]}:{offset[3:]})")


@lru_cache(maxsize=1024)
def _due_utc(due: Instant | None) -> bytes:
    return b"-" if due is None else to_datetime(due).strftime("%Y-%m-%d %H:%M UTC").encode("ascii")


# -- quoted-printable --


def _encoded_text(text: str) -> bytes:
    return b"\r\n".join(_encoded(line) for line in text.split("\n"))


def _encoded(line: str) -> bytes:
    """One line, encoded on lines of at most 76 characters none of which begins with a dot."""
    raw = line.encode("utf-8", "replace")
    if len(raw) <= _LINE and not raw.startswith(b".") and (not raw or _PLAIN.fullmatch(raw)):
        return raw
    lines, current = [], b""
    for index, byte in enumerate(raw):
        plain = (33 <= byte <= 126 and byte not in b"=.") or (byte == 32 and index < len(raw) - 1)
        piece = bytes([byte]) if plain else b"=%02X" % byte
        if len(current) + len(piece) > _LINE:
            lines.append(current)
            current = b""
        current += piece
    return _SOFT.join([*lines, current])
