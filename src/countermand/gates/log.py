"""Structured logs: one JSON object per line on stderr. Never a credential; a login or device id only as a keyed digest."""

import sys
from collections import OrderedDict
from typing import Any, TextIO

from countermand.core.decision import Decision
from countermand.core.instants import MINUTE, Instant, iso
from countermand.gates.subject import Subject
from countermand.lib import log
from countermand.lib.log import pseudonym

_REMEMBERED = 10_000


class Log:
    """``denied`` says each (login, device) at most once a minute: phones ask again and again. ``key``: of the digests."""

    def __init__(self, out: TextIO = sys.stderr, key: bytes = b"") -> None:
        self._out = out
        self._key = key
        self._said: OrderedDict[Subject, Instant] = OrderedDict()

    def say(self, event: str, now: Instant, **about: Any) -> None:
        log.write(self._out, event, {"time": iso(now), **about})

    def denied(self, now: Instant, who: Subject, decision: Decision) -> None:
        if self._said.get(who, 0) > now:
            return
        self._said[who] = now + MINUTE
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        login = pseudonym(self._key, "login", who.login)
        device = ",".join(f"{kind}:{pseudonym(self._key, kind, value)}" for kind, value in who.names)
        self.say("denied", now, who=login, device=device, reason=decision.reason.value, because=list(decision.because))
