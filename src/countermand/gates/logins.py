r"""Whose request it is where a proxy in front found out: its header with a name, with a token's introspection, or with the
subject of a client certificate that it verified.

``name``: the login as it is. ``introspection``: the answer of RFC 7662, ``{"active": true, "username": "alice"}``, as JSON or as
JSON in base64url (the claims of a token that Envoy's jwt_authn verified come so, and have no ``active``). ``subject``: a
distinguished name in the string form of RFC 4514, ``UID=alice,O=Example``. What names nobody, or two people, is no login.
"""

import binascii
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from countermand.core.people import normal_login
from countermand.lib.read_json import read_json


class Form(StrEnum):
    """What a proxy's header holds."""

    NAME = "name"
    INTROSPECTION = "introspection"
    SUBJECT = "subject"


#: Which member of an introspection, or attribute of a subject, is the login if the settings do not say.
USUAL = {Form.NAME: "", Form.INTROSPECTION: "username", Form.SUBJECT: "UID"}


def reader(form: Form, claim: str) -> Callable[[bytes], str]:
    """The function that finds the normalised login in such a header; it answers '' if there is none."""
    claim = claim or USUAL[form]
    match form:
        case Form.NAME:
            return lambda value: normal_login(_text(value))
        case Form.INTROSPECTION:
            return lambda value: normal_login(introspected(_text(value), claim))
        case Form.SUBJECT:
            return lambda value: normal_login(attribute(_text(value), claim))


def introspected(text: str, claim: str) -> str:
    """The login in an introspection; '' if the token is not active, or names nobody."""
    try:
        found: Any = read_json(text if text.lstrip()[:1] == "{" else _base64url(text))
    except ValueError:
        return ""
    if not isinstance(found, dict) or found.get("active", True) is not True:
        return ""
    login = found.get(claim, "")
    return login if isinstance(login, str) else ""


def attribute(name: str, kind: str) -> str:
    """The one value of this attribute in a distinguished name; '' if there is none, or more than one, or it cannot be read."""
    values: list[str] = []
    place = 0
    while place < len(name):
        found = _PART.match(name, place)
        if found is None:
            return ""
        place = found.end()
        if found["kind"].lower() == kind.lower():
            values.append(found["value"])
    return _plain(values[0]) if len(values) == 1 else ""


#: One attribute and what follows it. Values: no bare separator, quote or control character; whatever is escaped.
_PART = re.compile(r'\s*(?P<kind>[A-Za-z0-9.-]+)\s*=(?P<value>(?:[^,+;"\\<>\x00-\x1f]|\\[^\x00-\x1f])*)(?:[,+;]|\Z)')
#: Spaces around a value that are not part of it: those before it, and those after its last escape or character. To RFC 4514
#: only U+0020 is a space.
_AROUND = re.compile(r"^ +|(?<=[^ \\]) +$|(?<=\\.) +$")
_ESCAPED = re.compile(r"(?:\\[0-9A-Fa-f]{2})+|\\.")


def _plain(value: str) -> str:
    """The value without its escapes: a character after a backslash, or two digits for each byte of UTF-8."""

    def meant(found: re.Match[str]) -> str:
        digits = found[0].replace("\\", "")
        return bytes.fromhex(digits).decode() if len(found[0]) > 2 else digits or "\\"

    if value.lstrip(" ").startswith("#"):
        return ""  # BER in hex: of an attribute that has no text
    try:
        return _ESCAPED.sub(meant, _AROUND.sub("", value))
    except UnicodeDecodeError:
        return ""


def _base64url(text: str) -> str:
    kept = text.strip().rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return binascii.a2b_base64(kept + "=" * (-len(kept) % 4), strict_mode=True).decode()
    except binascii.Error:
        return ""


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
