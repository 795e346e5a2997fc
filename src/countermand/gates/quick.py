"""What nginx asks about most phones, answered without parsing: one match, one keyed hash, one look into the snapshot.

INVARIANT: the same bytes, and the same counts, as parsing the request and judging it would give. Whatever is not entirely
usual is left to that: another form of query, a login with a backslash, a device that is unknown, protected or changed since the
snapshot, or comes to be denied within the hour, a gate that is stopped.
"""

import binascii
import re
import struct
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Protocol

from countermand.core.blocks import BLOCK_SIZE
from countermand.core.decision import Clocks, Decision, Reason, denying
from countermand.core.devices import IdentityKind
from countermand.core.instants import MINUTE, Instant
from countermand.gates import nginx
from countermand.gates.config import GateConfig
from countermand.gates.held import Held
from countermand.gates.http import Response
from countermand.gates.log import Log
from countermand.gates.metrics import Metrics
from countermand.gates.stop import Stop
from countermand.gates.subject import Subject
from countermand.snapshot.format import PREFIX_SHIFT

#: A question as nginx asks it with the recipe of server.conf, of a phone with the usual query: (credentials, device id).
USUAL = re.compile(
    rb"GET /decide HTTP/1\.1\r\nHost: [!-~]+\r\nAuthorization: Basic ([A-Za-z0-9+/]+={0,2})\r\n"
    rb"X-Original-URI: /[!->@-~]*\?(?:Cmd=[A-Za-z]*&)?(?:User=[!-$'-~]*&)?DeviceId=([!-$'-<>-~]{1,128})"
    rb"(?:&DeviceType=[!-$'-~]*)?\r\n\r\n"
).fullmatch
#: Lower case; what is not a character of plain logins becomes a backslash.
_PLAIN = bytes(byte if 32 < byte < 127 else 92 for byte in bytes(range(256)).lower())
_NUMBER = struct.Struct("<Q").unpack
_EAS = IdentityKind.EAS.value
_ALLOWED = nginx.answer(Decision(True, Reason.NOT_DENIED)).kept
_NO_DEVICE = (1 << 32) - 1
#: Denials that were said within the minute are remembered up to this number.
_MOST = 10_000


class Whole(Protocol):
    """What is needed of the gate (app.Gate) that is answered for."""

    config: GateConfig
    held: Held | None
    metrics: Metrics
    stop: Stop
    log: Log
    now: Callable[[], Instant]

    def clocks(self, held: Held) -> Clocks: ...
    def decided(self, who: Subject) -> Response: ...


class Quick:
    """Answers for ``gate``."""

    def __init__(self, gate: Whole) -> None:
        self._gate = gate
        self._said: dict[int, Instant] = {}
        #: The answer to whom these lineages deny.
        self._words: dict[tuple[str, ...], bytes] = {}
        #: A header that says who asks, a clock of the feed's, and domains that logins lose are parsed for.
        config = gate.config
        self._usual = config.clock == "own" and not config.login_domains
        self._plain = not config.login_header

    def answers(self, arrived: Sequence[bytes]) -> list[bytes]:
        """What arrived on each of several connections → its answer, if it was exactly one question that needs no parsing; else
        b"". Together, because what holds for one of them holds for all: the clocks, and what the gate holds."""
        held = self._gate.held
        if not self._plain:
            return [b""] * len(arrived)
        if not self._usual or held is None or self._gate.stop.on:
            return [self._plainly(each) for each in arrived]
        return self._usually(arrived, held)

    def _usually(self, arrived: Sequence[bytes], held: Held) -> list[bytes]:
        now = self._prepare(held)
        names, usual, marked, fresh = held.snapshot.identities, held.usual, held.marked, held.hashes.device.copy
        prefix, hashes, overlaid = names.prefix, names.hashes, held.overlaid_devices
        match, decode, lower, no_base64 = USUAL, binascii.a2b_base64, _PLAIN, binascii.Error
        said: list[bytes] = []
        allowed = 0
        for each in arrived:
            if (found := match(each)) is None:
                said.append(self._plainly(each))
                continue
            coded, device = found.groups()
            try:
                name, colon, _ = decode(coded).partition(b":")
            except no_base64:
                name = colon = b""
            login = name.translate(lower)
            hashed = fresh()
            hashed.update(b"%s\0eas\0%s" % (login, device))
            (number,) = _NUMBER(hashed.digest())
            bucket = number >> PREFIX_SHIFT
            end = prefix[bucket + 1]
            place = bisect_left(hashes, number, prefix[bucket], end)
            if (
                place == end
                or hashes[place] != number
                or not (known := usual[place] or self._look_up(held, login, place))
                or not colon
                or (overlaid and number in overlaid)
            ):
                said.append(self._plainly(each))
                continue
            ordinal = known - 1
            some = marked.get(ordinal // BLOCK_SIZE)
            if some is not None and ordinal % BLOCK_SIZE in some:
                because = denying(held.denying, ordinal)
                said.append(self._denied(number, login, device, because, now) if because else self._plainly(each))
            else:
                allowed += 1
                said.append(_ALLOWED)
        if allowed:
            self._gate.metrics.decisions[Reason.NOT_DENIED] += allowed
        return said

    def _plainly(self, arrived: bytes) -> bytes:
        who = nginx.plainly_asked(arrived)
        return self._gate.decided(who).kept if who else b""

    def _look_up(self, held: Held, login: bytes, place: int) -> int:
        """What stands in ``held.usual`` at this place from now on; 0 if the login is not a plain one, or protected, or if this
        is no device (the last ordinal is not, see core.disowned)."""
        ordinal = held.snapshot.identities.ordinals[place]
        if not login or b"\\" in login or ordinal == _NO_DEVICE or held.is_protected(login.decode()):
            return 0
        held.usual[place] = ordinal + 1
        return held.usual[place]

    def _prepare(self, held: Held) -> Instant:
        """Have ``held`` ready for questions of now, which is returned."""
        clocks = self._gate.clocks(held)
        if held.lull is None or not held.lull.holds(clocks):
            held.prepare(clocks)
            self._words = {}
        return clocks.own

    def _denied(self, number: int, login: bytes, device: bytes, because: tuple[str, ...], now: Instant) -> bytes:
        self._gate.metrics.decisions[Reason.DENIED] += 1
        if self._said.get(number, 0) <= now:
            if len(self._said) >= _MOST:
                self._said.clear()
            self._said[number] = now + MINUTE
            who = Subject(login.decode(), ((_EAS, device.decode()),))
            self._gate.log.denied(now, who, Decision(False, Reason.DENIED, because))
        words = self._words.get(because)
        if words is None:
            words = self._words[because] = nginx.answer(Decision(False, Reason.DENIED, because)).kept
        return words
