"""What ActiveSync has for a device that may not read mail: status 129 in the answer's body, for protocol 14.0 and later.

Names and numbers: MS-ASCMD 2.2.2 (DeviceIsBlockedForThisUser), MS-ASWBXML (code pages and tags). Older phones know only HTTP's
403 (MS-ASHTTP 2.2.2.1.1).
"""

import re

from countermand.gates.subject import packed_fields

_COMMAND = re.compile(rb"(?:^|&)cmd=([a-z]+)", re.IGNORECASE)
#: Command → its number in the packed form (MS-ASHTTP 2.2.1.1.1.2), its code page and tag, and its page's tag for Status.
_SPOKEN = {
    b"sync": (0, 0x00, 0x45, 0x4E),
    b"sendmail": (1, 0x15, 0x45, 0x52),
    b"foldersync": (9, 0x07, 0x56, 0x4C),
    b"search": (16, 0x0F, 0x45, 0x4C),
    b"settings": (17, 0x12, 0x45, 0x46),
    b"ping": (18, 0x0D, 0x45, 0x47),
    b"itemoperations": (19, 0x14, 0x45, 0x4D),
    b"provision": (20, 0x0E, 0x45, 0x4B),
}
_BY_NUMBER = {number: name for name, (number, *_) in _SPOKEN.items()}
_SINCE = 140
KIND = b"application/vnd.ms-sync.wbxml"


def blocked(uri: bytes, version: bytes) -> bytes:
    """The body that says so to this request; b"" if the phone is too old for one, or the command has none. ``version``: of the
    header ``MS-ASProtocolVersion``, as in ``14.1``; the packed form has its own."""
    query = uri.partition(b"?")[2]
    packed = packed_fields(query)
    if packed:
        spoken, command = packed[0], _BY_NUMBER.get(packed[1], b"")
    else:
        found = _COMMAND.search(query)
        command = found[1].lower() if found else b""
        spoken = int(version.replace(b".", b"")) if re.fullmatch(rb"\d\d\.\d", version) else 0
    if spoken < _SINCE or command not in _SPOKEN:
        return b""
    _, page, tag, status = _SPOKEN[command]
    switch = bytes([0x00, page]) if page else b""
    return b"\x03\x01\x6a\x00" + switch + bytes([tag, status]) + b"\x03129\x00\x01\x01"
