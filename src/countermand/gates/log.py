"""Structured logs: one JSON object per line on stderr. Never a credential, never a whole device id."""

import json
import sys
from collections import OrderedDict
from typing import Any, TextIO

from countermand.core.instants import MINUTE, Instant, iso

_REMEMBERED = 10_000


class Log:
    """``denied`` says each (login, device) at most once a minute: phones ask again and again."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._said: OrderedDict[tuple[str, str], Instant] = OrderedDict()

    def say(self, event: str, now: Instant, **about: Any) -> None:
        self._out.write(json.dumps({"at": iso(now), "event": event, **about}, ensure_ascii=False) + "\n")
        self._out.flush()

    def denied(self, now: Instant, login: str, names: tuple[tuple[str, str], ...], reason: str, because: tuple[str, ...]) -> None:
        device = ",".join(f"{kind}:{short(value)}" for kind, value in names)
        if self._said.get((login, device), 0) > now:
            return
        self._said[login, device] = now + MINUTE
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        self.say("denied", now, login=login, device=device, reason=reason, because=list(because))


def short(value: str) -> str:
    """Enough of a device id to recognise one's own, too little to use: its first four characters and its length."""
    return f"{value[:4]}…({len(value)})"
