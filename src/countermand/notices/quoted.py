"""Quoted-printable (RFC 2045, 6.7), so that encoded pieces can be put together in any order: every line fits, and none
begins with a dot, which SMTP would have to double."""

import re

SOFT = b"=\r\n"
_PLAIN = re.compile(rb"[ !-<>-~]*[!-<>-~]")
_LINE = 72


def quoted_text(text: str) -> bytes:
    """Several lines."""
    return b"\r\n".join(quoted(line) for line in text.split("\n"))


def quoted(line: str) -> bytes:
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
    return SOFT.join([*lines, current])
