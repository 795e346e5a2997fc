"""Sightings: (login, device id) pairs that the fleet does not know, of logins that the mail server let in.

The decision comes before the password is checked, so it only hands nginx a token for the pair. nginx reports the token
together with the mail server's answer through its own log, written to a datagram socket of the gate (no second request, no
credentials in it); a denied pair is reported by the way of its denial page, which nginx shows to proven logins only.
"""

import socket
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from countermand.core.instants import HOUR, Instant

#: Pairs that wait to be proven, and pairs to be reported; the oldest are forgotten beyond this.
_MOST = 10_000
#: A pair that was just reported need not be reported again.
_QUIET = HOUR


@dataclass(slots=True)
class Seen:
    """How often and when a proven login asked with this unknown device."""

    login: str
    kind: str
    value: str
    first: Instant
    last: Instant
    times: int = 0


class Sightings:
    """Pairs on their way from *asked* over *proven* to *reported*. Bounded: a flood of made-up ids forgets, never grows."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, tuple[str, str, str]] = OrderedDict()
        self._proven: OrderedDict[str, Seen] = OrderedDict()
        self._quiet: OrderedDict[str, Instant] = OrderedDict()

    def token(self, number: int, login: str, name: tuple[str, str], now: Instant) -> str:
        """The token for a pair whose keyed hash is ``number``; '' if the pair was reported within the hour."""
        token = f"{number:016x}"
        if self._quiet.get(token, 0) > now:
            return ""
        _remember(self._asked, token, (login, *name))
        return token

    def prove(self, token: str, now: Instant) -> bool:
        """The mail server let this pair's login in. False for a token that the gate never gave out, or has forgotten."""
        pair = self._asked.get(token)
        if pair is None:
            return False
        seen = self._proven.get(token) or Seen(*pair, first=now, last=now)
        seen.last = now
        seen.times += 1
        _remember(self._proven, token, seen)
        return True

    def due(self) -> dict[str, dict[str, Any]]:
        """What is to be reported now, as plain values by token."""
        return {
            token: {"login": s.login, "kind": s.kind, "value": s.value, "first": s.first, "last": s.last, "times": s.times}
            for token, s in self._proven.items()
        }

    def reported(self, due: Mapping[str, Mapping[str, Any]], now: Instant) -> None:
        """What ``due`` gave has arrived; what was seen since stays."""
        for token, told in due.items():
            seen = self._proven.get(token)
            if seen is not None and seen.times == told["times"]:
                del self._proven[token]
                self._asked.pop(token, None)
                _remember(self._quiet, token, now + _QUIET)
            elif seen is not None:
                seen.times -= told["times"]


def _remember(table: "OrderedDict[str, Any]", token: str, value: object) -> None:
    table[token] = value
    table.move_to_end(token)
    if len(table) > _MOST:
        table.popitem(last=False)


def receive(box: socket.socket, prove: Callable[[str], None]) -> None:
    """Read what nginx wrote to the datagram socket: a header of syslog's, then ``<token> <status>``."""
    while True:
        try:
            words = box.recv(4096).split()[-2:]
        except BlockingIOError:
            return
        if len(words) == 2 and len(words[0]) == 16 and words[1][:1] == b"2":
            prove(words[0].decode("ascii", "replace"))
