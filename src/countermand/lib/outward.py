"""The way out to somebody else's API: only requests that stand on a list, only to public addresses, and patiently.

A server that says "later" (429, 503 with Retry-After) is believed. What is on the list is read by a test against what a source
really sends; nothing else can be sent by mistake.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from countermand.core.instants import SECOND, from_datetime
from countermand.lib import clock
from countermand.lib.http import Http, Response, Unreachable

#: Answers that say: ask again later.
_LATER = frozenset({429, 502, 503, 504})
_TRIES = 8
#: Waits so many seconds.
Wait = Callable[[float], object]
#: Seconds: the longest that we wait for one answer, whatever the server says.
_LONGEST = 300.0


class Patience:
    """How much silence is borne: ``seconds`` without an answer that can be used, over all requests together. An answer costs
    nothing, however long the whole takes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = self.left = seconds

    def spend(self, span: float) -> bool:
        """Nothing came for so long, or is to be waited for so long. False if that is too much."""
        self.left = max(self.left - span, 0.0)
        return self.left > 0


#: Seconds for whoever sits before a screen.
A_PERSON = 12.0


@dataclass(frozen=True, slots=True)
class House:
    """What an installation lets out. ``private``: hosts, by their exact names, that may be at a private address; ``tries``: how
    often one request is sent before it is given up; ``patience``: of everything together, None: as long as it takes."""

    private: frozenset[str] = frozenset()
    ca_file: Path | None = None
    wait: Wait = time.sleep
    tries: int = _TRIES
    patience: Patience | None = None

    def to(self, base: str, allowed: tuple[tuple[str, str], ...]) -> "Outward":
        """The way to one host. Refused ``url-insecure``."""
        host = urlsplit(base).hostname or ""
        return Outward(Http(base, self.ca_file, internet=host not in self.private), allowed, self.wait, self.tries, self.patience)


class Outward:
    """One host. ``allowed``: (method, pattern of a whole path) of everything that may be sent."""

    def __init__(
        self,
        http: Http,
        allowed: tuple[tuple[str, str], ...],
        wait: Wait,
        tries: int = _TRIES,
        patience: Patience | None = None,
    ) -> None:
        self._http = http
        self._allowed = tuple((method, re.compile(path)) for method, path in allowed)
        self._wait = wait
        self._tries = tries
        self._patience = patience

    @property
    def base(self) -> str:
        return self._http.base

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        query: Sequence[tuple[str, str]] | None = None,
        body: bytes | None = None,
        once: bool = False,
    ) -> Response:
        """The answer, after as many tries as it takes. Unreachable, once patience is at its end; ValueError for a request that
        is not on the list. ``once``: one try, and its answer whatever it is."""
        if not any(method == verb and pattern.fullmatch(path) for verb, pattern in self._allowed):
            raise ValueError(f"{method} {path} is not on the list of what may be asked")

        def send() -> Response:
            return self._sent(method, path, headers, query, body)

        if once:
            return send()
        for turn in range(self._tries):
            last = turn == self._tries - 1
            try:
                answer = send()
            except Unreachable:
                if last or not self._rests(min(2.0**turn, _LONGEST)):
                    raise
                continue
            if answer.status not in _LATER:
                return answer
            span = seconds(answer.headers.get("retry-after", ""), 2.0**turn)
            if not last and not self._rests(span):
                raise Unreachable(f"it answered {answer.status}, and is to be asked again after {span:.0f} seconds")
        raise Unreachable(f"it answered {answer.status} {self._tries} times")

    def _sent(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        query: Sequence[tuple[str, str]] | None,
        body: bytes | None,
    ) -> Response:
        if self._patience is None:
            return self._http.send(method, path, headers, query=query, body=body)
        if not self._patience.left:
            raise Unreachable("it was not asked, since no answer came before")
        began = time.monotonic()
        try:
            return self._http.send(method, path, headers, query=query, body=body, within=self._patience.left)
        except Unreachable as fault:
            if self._patience.spend(time.monotonic() - began):
                raise
            raise Unreachable(f"no answer came within {self._patience.seconds:g} seconds") from fault

    def _rests(self, span: float) -> bool:
        """Wait before the next try; False, and no wait, if there is no time for it."""
        if self._patience is not None and not self._patience.spend(span):
            return False
        self._wait(span)
        return True


def seconds(retry_after: str, otherwise: float) -> float:
    """How long to wait: a number of seconds or a date (RFC 9110 §10.2.3)."""
    text = retry_after.strip()
    try:
        wanted = float(text) if text[:1].isdigit() else (from_datetime(parsedate_to_datetime(text)) - clock.now()) / SECOND
    except (ValueError, TypeError):
        wanted = otherwise
    return min(max(wanted, 0.0), _LONGEST)
