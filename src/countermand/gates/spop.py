"""HAProxy's Stream Processing Offload Protocol 2.0 as bytes: frames, typed values, variables to set. Pure.

Source: HAProxy's ``doc/SPOE.txt``, sections 3.2 and 3.3. A frame on the wire is its length (4 bytes, big-endian), its type,
4 bytes of flags, the stream's and the frame's numbers, and what it carries. Fragments are not asked for and not taken.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

#: As HAProxy offers by default.
MAX_FRAME = 16_380
_FIN = 1
_NULL, _BOOL, _INT32, _UINT32, _INT64, _UINT64, _IPV4, _IPV6, _STRING, _BINARY = range(10)
_SET_VAR, _SCOPE_TRANSACTION = 1, 2

Value = bool | int | bytes | None


class Malformed(ValueError):
    """What came is no frame of this protocol."""


class Kind(IntEnum):
    HELLO = 1
    BYE = 2
    NOTIFY = 3
    AGENT_HELLO = 101
    AGENT_BYE = 102
    ACK = 103


@dataclass(frozen=True, slots=True)
class Frame:
    kind: int
    stream: int
    number: int
    payload: bytes


def frame(body: bytes) -> Frame:
    """From its bytes without the length."""
    if len(body) < 7:
        raise Malformed("a frame is too short")
    (flags,) = struct.unpack_from(">I", body, 1)
    if not flags & _FIN:
        raise Malformed("a frame comes in fragments")
    stream, at = _varint(body, 5)
    number, at = _varint(body, at)
    return Frame(body[0], stream, number, body[at:])


def encoded(found: Frame) -> bytes:
    """With the length before it."""
    body = bytes([found.kind]) + struct.pack(">I", _FIN) + _number(found.stream) + _number(found.number) + found.payload
    return struct.pack(">I", len(body)) + body


def pairs(payload: bytes) -> dict[str, Value]:
    """A list of names and values to the end of the payload, as HELLO carries."""
    return dict(_pairs(payload, 0, None)[0])


def messages(payload: bytes) -> Iterator[tuple[str, dict[str, Value]]]:
    """What a NOTIFY carries: each message's name and arguments."""
    at = 0
    while at < len(payload):
        name, at = _string(payload, at)
        if at >= len(payload):
            raise Malformed("a message has no arguments' count")
        found, at = _pairs(payload, at + 1, payload[at])
        yield name.decode("ascii", "replace"), dict(found)


def listed(values: Mapping[str, Value]) -> bytes:
    return b"".join(_bytes(name.encode()) + _typed(value) for name, value in values.items())


def variables(values: Mapping[str, Value]) -> bytes:
    """The payload of an ACK that sets these variables of the transaction."""
    head = bytes([_SET_VAR, 3, _SCOPE_TRANSACTION])
    return b"".join(head + _bytes(name.encode()) + _typed(value) for name, value in values.items())


def _pairs(data: bytes, at: int, count: int | None) -> tuple[list[tuple[str, Value]], int]:
    found: list[tuple[str, Value]] = []
    while at < len(data) if count is None else len(found) < count:
        name, at = _string(data, at)
        value, at = _value(data, at)
        found.append((name.decode("ascii", "replace"), value))
    return found, at


def _value(data: bytes, at: int) -> tuple[Value, int]:
    if at >= len(data):
        raise Malformed("a value is missing")
    kind, flags = data[at] & 0x0F, data[at] >> 4
    at += 1
    if kind == _NULL:
        return None, at
    if kind == _BOOL:
        return bool(flags & 1), at
    if kind in (_INT32, _UINT32, _INT64, _UINT64):
        return _varint(data, at)
    if kind in (_IPV4, _IPV6):
        end = at + (4 if kind == _IPV4 else 16)
        return data[at:end], end
    if kind in (_STRING, _BINARY):
        return _string(data, at)
    raise Malformed(f"values of type {kind} are unheard of")


def _typed(value: Value) -> bytes:
    if value is None:
        return bytes([_NULL])
    if isinstance(value, bool):
        return bytes([_BOOL | (0x10 if value else 0)])
    if isinstance(value, int):
        return bytes([_UINT32]) + _number(value)
    return bytes([_STRING]) + _bytes(value)


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _varint(data, at)
    if at + length > len(data):
        raise Malformed("a text is cut short")
    return data[at : at + length], at + length


def _bytes(text: bytes) -> bytes:
    return _number(len(text)) + text


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Up to 239 one byte; beyond, four bits in the first and seven in each that follows, the lowest first."""
    if at >= len(data):
        raise Malformed("a number is missing")
    value = data[at]
    at += 1
    if value < 240:
        return value, at
    shift = 4
    while True:
        if at >= len(data) or shift > 64:
            raise Malformed("a number does not end")
        value += data[at] << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
        shift += 7


def _number(value: int) -> bytes:
    if value < 240:
        return bytes([value])
    found = bytearray([(value & 0x0F) | 240])
    value = (value - 240) >> 4
    while value >= 128:
        found.append((value & 0x7F) | 128)
        value = (value - 128) >> 7
    found.append(value)
    return bytes(found)
