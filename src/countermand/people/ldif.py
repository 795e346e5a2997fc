"""LDIF, as a program that asks a directory prints its answer (RFC 2849, content records only). Pure and strict: a line that says
anything unexpected refuses the whole answer, because half an answer is a directory from which people are missing.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from countermand.core.errors import Refused

_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]*(?:;[A-Za-z0-9=*-]+)*|[0-9.]+(?:;[A-Za-z0-9=*-]+)*):(:?) ?(.*)", re.DOTALL)
#: Bytes of one value, and values of one entry: more than any honest directory puts there.
_LONGEST, _MOST = 1 << 20, 2_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``values``: by the attribute's name in lower case, with its options (``member;range=0-1499``)."""

    dn: str
    values: Mapping[str, tuple[str, ...]]

    def first(self, name: str) -> str:
        """The first value of an attribute; '' if there is none, or no name."""
        found = self.values.get(name.lower(), ()) if name else ()
        return found[0] if found else ""


def entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of an answer. Refused ``ldap-answer``."""
    dn, values, count = "", dict[str, list[str]](), 0
    for number, line in enumerate(_unfolded(lines), 1):
        if not line:
            if dn:
                yield Entry(dn, {name: tuple(found) for name, found in values.items()})
            dn, values, count = "", {}, 0
            continue
        name, value = _value(line, number)
        count += 1
        if count > _MOST:
            raise _strange(number, "an entry has too many values")
        if name == "dn":
            if dn:
                raise _strange(number, "an entry begins before the last one ended")
            dn = value
        elif not dn:
            if name != "version":
                raise _strange(number, "a value belongs to no entry")
        else:
            values.setdefault(name, []).append(value)
    if dn:
        yield Entry(dn, {name: tuple(found) for name, found in values.items()})


def _unfolded(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without comments, those that go on on the next one put together."""
    waiting: bytes | None = None
    for line in lines:
        text = line.rstrip(b"\r\n")
        if text.startswith(b" ") and waiting is not None:
            waiting += text[1:]
            if len(waiting) > _LONGEST:
                raise _strange(0, "a value is too long")
            continue
        if waiting is not None and not waiting.startswith(b"#"):
            yield waiting
        waiting = text
    if waiting is not None and not waiting.startswith(b"#"):
        yield waiting


def _value(line: bytes, number: int) -> tuple[str, str]:
    found = _LINE.fullmatch(line)
    if found is None or len(line) > _LONGEST:
        raise _strange(number, "a line is no attribute with its value")
    name, coded, value = found[1].decode().lower(), bool(found[2]), found[3]
    try:
        text = (base64.b64decode(value, validate=True) if coded else value).decode()
    except (binascii.Error, UnicodeDecodeError):
        if name == "dn":
            raise _strange(number, "a name is no text") from None
        return name, ""  # a photograph, a key: nothing that is kept
    return name, text


def _strange(number: int, why: str) -> Refused:
    return Refused("ldap-answer", line=number, why=why)
