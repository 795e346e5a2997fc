r"""Who asks, and from which device, read from a request for mail.

The person comes from authentication alone: the name in Basic credentials, or a header that the operator told the gate to
trust. A ``User=`` in the query, and the user in the base64 form, are claims of the client and never read. A device id is a
claim too, bound to the person by the table it is looked up in. ActiveSync has two forms of query, plain and base64
(MS-ASHTTP 2.2.1.1.1); OPTIONS has neither, and no device id.
"""

import binascii
import re
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from countermand.core.devices import IdentityKind
from countermand.core.people import normal_login

#: Protocol versions with which a base64 query may begin (MS-ASHTTP 2.2.1.1.1.1.1).
_VERSIONS = frozenset({121, 140, 141, 160, 161})
_DEVICE_ID = re.compile(rb"(?:^|&)deviceid=([^&]+)", re.IGNORECASE)
_EAS, _CERT = IdentityKind.EAS.value, IdentityKind.CERT.value
#: Longer ids are nobody's: the protocol stops at 32, some clients use twice that.
_LONGEST = 128


class Subject(NamedTuple):
    """``login`` is normalised, '' if none was given. ``names`` are the (kind, value) under which the device may be known;
    a query that names two devices has both, and either's denial counts. ``also``: another login of the same request, whose
    denial counts as well, or ''."""

    login: str
    names: tuple[tuple[str, str], ...]
    also: str = ""


def subject(authorization: bytes, uri: bytes, certificate: bytes = b"", trusted: str | None = None) -> Subject:
    """Whose request this is. ``uri`` as the client sent it, query included; ``certificate``: hex fingerprint of a client
    certificate that the front end verified, or empty; ``trusted``: the login that the front end authenticated ('' if nobody),
    None if it does no such thing.

    Credentials beside a trusted login are a second login: which of them the mail server believes is its own business, so
    nobody comes past a denial by bringing somebody else's password."""
    login = login_of(authorization)
    also = ""
    if trusted is not None:
        login, also = trusted, "" if login == trusted else login
    names = tuple([(_EAS, found) for found in device_ids(uri.partition(b"?")[2])])
    if certificate:
        names += ((_CERT, certificate.decode("ascii", "replace").lower()),)
    return Subject(login, names, also)


def plain_subject(coded: bytes, query: bytes) -> Subject | None:
    """The same in a third of the time, for what nearly every phone sends: Basic credentials in base64 letters, and a query
    in ASCII that escapes nothing and names one device. None if it is anything else."""
    lower = query.lower()
    place = lower.find(b"&deviceid=")
    if place < 0 or lower.count(b"deviceid=") != 1:
        return None
    value = query[place + 10 :].partition(b"&")[0]
    try:
        name, colon, _ = binascii.a2b_base64(coded).partition(b":")
        login = name.decode()
    except ValueError:  # no base64, or not UTF-8
        return None
    if not colon or not 0 < len(value) <= _LONGEST:
        return None
    return Subject(normal_login(login), ((_EAS, value.decode()),))


def login_of(authorization: bytes) -> str:
    """The normalised login of Basic credentials, '' if there are none. The password is not looked at and not kept."""
    usual = _BASIC.fullmatch(authorization)
    if usual:
        decoded = binascii.a2b_base64(usual[1])
    else:
        scheme, _, coded = authorization.strip().partition(b" ")
        if scheme.lower() != b"basic":
            return ""
        decoded = _decoded(coded)
    name, colon, _ = decoded.partition(b":")
    return normal_login(_text(name)) if colon else ""


def device_ids(query: bytes) -> tuple[str, ...]:
    """The distinct device ids that an ActiveSync query names: none, one, or (a client playing tricks) several."""
    if not query:
        return ()
    if b"&" in query or b"=" in query.rstrip(b"="):
        return _plain(query)
    found = _packed(_decoded(unquote_to_bytes(query)))
    return (found,) if found else ()


def _plain(query: bytes) -> tuple[str, ...]:
    if b"%" not in query:
        values = _DEVICE_ID.findall(query)
        if len(values) == 1:
            return (_text(values[0]),) if len(values[0]) <= _LONGEST else ()
        return tuple(dict.fromkeys(_text(value) for value in values if len(value) <= _LONGEST))
    found: dict[str, None] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if value and unquote(_text(name)).lower() == "deviceid":
            text = unquote(_text(value))
            if 0 < len(text) <= _LONGEST:
                found[text] = None
    return tuple(found)


def packed_fields(query: bytes) -> bytes:
    """The fields of a query in the base64 form; b"" if it is in the plain one, or none."""
    if not query or b"&" in query or b"=" in query.rstrip(b"="):
        return b""
    fields = _decoded(unquote_to_bytes(query))
    return fields if _packed(fields) else b""


def _packed(fields: bytes) -> str:
    """The device id of a decoded base64 query: version, command, locale (2 bytes), length, id. '' if it is not one."""
    if len(fields) < 6 or fields[0] not in _VERSIONS:
        return ""
    end = 5 + fields[4]
    value = fields[5:end]
    if not value or len(fields) < end:
        return ""
    # The id is "a string or a GUID": bytes that are no printable text are written in hex.
    return value.decode("ascii") if value.isascii() and value.decode("ascii").isprintable() else value.hex()


def _decoded(coded: bytes) -> bytes:
    """Lenient, as mail servers are: missing padding and strange characters do not hide who asks."""
    kept = bytes(coded.translate(_URL_SAFE, b" \t\r\n=")).rstrip(b"=")
    try:
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
    except binascii.Error:
        return b""


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
#: What nearly everybody sends: base64 as it is written, padding and all.
_BASIC = re.compile(rb"Basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?)")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
