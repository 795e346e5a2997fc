"""Composing: a text is laid out as MIME once per version, kind and language; a message is then filled in, not built.
Values in, bytes out.

Both bodies, the text and its HTML, are quoted-printable in UTF-8. Each slot stands between soft line breaks, so a value of
any length and script can be put in without laying out anything anew, and decodes to exactly what was approved with the
value in it.
"""

import hmac
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email import message_from_bytes, policy
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache

from countermand.core.errors import Refused
from countermand.core.instants import Instant, to_datetime
from countermand.core.languages import SOURCE
from countermand.core.notices import Kind, Reader
from countermand.lib import moments, words
from countermand.notices import templates
from countermand.notices.body import html_of
from countermand.notices.quoted import SOFT, quoted, quoted_text
from countermand.notices.templates import PERSONAL, SUBJECT
from countermand.notices.texts import clean

KIND_HEADER = "X-Countermand-Kind"
_DEVICES_SHOWN = 20
_ADDRESS = re.compile(r"[^\s{}<>(),;:\\\"@\x00-\x20\x7f-\U0010ffff]{1,64}@[A-Za-z0-9.\-\[\]:]{1,255}")
_SLOT = re.compile(r"\{([a-z_]+)\}")
#: Cannot stand in a body: quoted-printable writes every = as =3D.
_BOUNDARY = "=_alternative"
#: Slots of the HTML body have this before their name: their values are escaped.
_HTML = "html:"


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes with slots between them: ``parts`` has one more element than ``slots``."""

    language: str
    parts: tuple[bytes, ...]
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one message has of its own beside its reader: ``original``: the Message-ID that it answers to, '' for none;
    ``at`` the act's time; ``due`` as its text states it; ``until``: when the exemption ends that it speaks of."""

    message_id: str
    original: str
    at: Instant
    due: Instant | None
    code: str
    ground: str = ""
    until: Instant | None = None


def is_address(text: str) -> bool:
    """True if the text can stand as an address in an SMTP command and a header: ASCII, one @, nothing that ends a line."""
    return _ADDRESS.fullmatch(text) is not None


def lay_out(kind: Kind, text: str, sender: str, language: str = SOURCE) -> Layout:
    """The message of a text as approved (first line ``Subject: …``). Refused ``address-unfit`` if ``sender`` is none."""
    if not is_address(sender):
        raise Refused("address-unfit", address=sender)
    subject, _, body = text.partition("\n")
    head = (
        f"From: <{sender}>\r\nTo: <{{to}}>\r\nSubject: {_subject(subject)}\r\nDate: {{date}}\r\nMessage-ID: {{message_id}}\r\n"
        f"{{threads}}Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nContent-Language: {language}\r\n"
        f"{KIND_HEADER}: {kind}\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'
    )
    laying = _Laying([b""], [])
    laying.plain(head)
    for subtype, content, before in (("plain", body.strip("\n") + "\n", ""), ("html", html_of(text, language), _HTML)):
        laying.plain(
            f'--{_BOUNDARY}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        laying.body(content, before)
        laying.plain("\r\n")
    laying.plain(f"--{_BOUNDARY}--\r\n")
    return Layout(language, tuple(laying.parts), tuple(laying.slots))


@dataclass(slots=True)
class _Laying:
    """A layout in the making."""

    parts: list[bytes]
    slots: list[str]

    def plain(self, text: str) -> None:
        """ASCII as it stands, but for its slots."""
        for index, piece in enumerate(_SLOT.split(text)):
            self._add(piece.encode("ascii")) if index % 2 == 0 else self._slot(piece)

    def body(self, text: str, before: str) -> None:
        """A body, encoded around its slots."""
        pieces = _SLOT.split(text)
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                last = index == len(pieces) - 1
                self._add((SOFT if index else b"") + quoted_text(piece) + (b"" if last else SOFT))
            elif piece in PERSONAL:
                self._slot(before + piece)
            else:
                raise Refused("notice-placeholder", placeholder=piece, known=", ".join(sorted(PERSONAL)))

    def _add(self, octets: bytes) -> None:
        self.parts[-1] += octets

    def _slot(self, name: str) -> None:
        self.slots.append(name)
        self.parts.append(b"")


def fill(layout: Layout, reader: Reader, envelope: Envelope, zone: str) -> bytes:
    """One message, ready for DATA: CRLF line ends, and no line begins with a dot. ``zone``: by whose clock the due is told."""
    values = {
        "to": reader.email.encode("ascii"),
        "date": _date(envelope.at),
        "message_id": envelope.message_id.encode("ascii"),
        "threads": _threads(envelope.original),
    }
    said = personal(reader, envelope, zone, layout.language)
    for name, value in said.items():
        values[name], values[_HTML + name] = _both(value) if name not in _LONG else _both_kept(value)
    items = _items(reader.devices, envelope.at, zone, layout.language, reader.locale)
    values["devices"], values[_HTML + "devices"] = _devices(items)
    out: list[bytes] = [b""] * (2 * len(layout.slots) + 1)
    out[::2] = layout.parts
    out[1::2] = [values[slot] for slot in layout.slots]
    return b"".join(out)


#: Around what is read from left to right whatever surrounds it: among Arabic words the halves of 23456-ABCDE change places.
_ISOLATE = ("\u2066", "\u2069")
#: Values that many people share.
_LONG = frozenset({"due_local", "due_utc", "ground", "until"})


def personal(reader: Reader, envelope: Envelope, zone: str, language: str) -> dict[str, str]:
    """The personal values in words, but for the devices."""
    locale = moments.locale_of(language, reader.locale)
    ground = templates.GROUNDS.get(envelope.ground, "")
    left, right = _ISOLATE if words.right_to_left(language) else ("", "")
    return {
        "name": clean(reader.name, 80) or clean(reader.login, 80),
        "due_local": "-" if envelope.due is None else moments.moment(envelope.due, zone, locale),
        "due_utc": "-" if envelope.due is None else f"{left}{moments.utc(envelope.due)}{right}",
        "code": f"{left}{envelope.code}{right}",
        "ground": words.say(language, ground),
        "until": "-" if envelope.until is None else moments.moment(envelope.until, zone, locale),
    }


def filled_text(text: str, language: str, reader: Reader, envelope: Envelope, zone: str) -> str:
    """The plain text that ``fill`` puts into a message, for showing it again."""
    items = _items(reader.devices, envelope.at, zone, language, reader.locale)
    values = {**personal(reader, envelope, zone, language), "devices": "\n".join(f"  - {item}" for item in items)}
    return _SLOT.sub(lambda found: values.get(found[1], found[0]), text)


def html_in(message: bytes) -> str:
    """The HTML of a message, as a mail program reads it."""
    found = message_from_bytes(message, policy=policy.default).get_body(("html",))
    return "" if found is None else str(found.get_content())


# -- names by which a notice is known --


def message_id(key: bytes, origin: str, notice: tuple[int, int, str, str]) -> str:
    """The stable Message-ID of (version, person, kind, occurrence): the same for every attempt, guessed by nobody."""
    version, person, kind, occurrence = notice
    digest = hmac.digest(key, f"message\0{version}\0{person}\0{kind}\0{occurrence}".encode(), "sha256")
    return f"<{digest[:16].hex()}@{origin}>"


# -- values --


def _subject(line: str) -> str:
    text = clean(line.removeprefix(SUBJECT.strip()), 200)
    return Header(text, "us-ascii" if text.isascii() else "utf-8", maxlinelen=76, header_name="Subject").encode(linesep="\r\n")


def _threads(original: str) -> bytes:
    return f"In-Reply-To: {original}\r\nReferences: {original}\r\n".encode("ascii") if original else b""


@lru_cache(maxsize=64)
def _date(at: Instant) -> bytes:
    return format_datetime(to_datetime(at).astimezone(UTC)).encode("ascii")


@lru_cache(maxsize=8192)
def _items(
    devices: Sequence[tuple[str, str, Instant | None]], at: Instant, zone: str, language: str, tag: str
) -> tuple[str, ...]:
    """The reader's devices in words, the first twenty of them."""
    found = []
    for platform, model, seen in devices[:_DEVICES_SHOWN]:
        named = clean(model, 60) or words.say(language, templates.A_DEVICE)
        kind = words.say(language, templates.PLATFORMS.get(platform, platform))
        if seen is None:
            found.append(words.say(language, templates.DEVICE, model=named, platform=kind))
            continue
        day = moments.day(seen, at, zone, moments.locale_of(language, tag))
        found.append(words.say(language, templates.DEVICE_SEEN, model=named, platform=kind, day=day))
    if more := len(devices) - _DEVICES_SHOWN:
        found += [words.say(language, templates.MORE, count=more)] if more > 0 else []
    return tuple(found) or (words.say(language, templates.NO_DEVICES),)


@lru_cache(maxsize=8192)
def _devices(items: tuple[str, ...]) -> tuple[bytes, bytes]:
    text = b"\r\n".join(quoted(f"  - {item}") for item in items)
    return text, b"".join(quoted(f"<li>{html.escape(item)}</li>") + SOFT for item in items)


def _both(value: str) -> tuple[bytes, bytes]:
    """A value in the text and in the HTML."""
    text = quoted(value)
    escaped = html.escape(value)
    return text, text if escaped == value else quoted(escaped)


_both_kept = lru_cache(maxsize=4096)(_both)
