"""Pushing security event tokens (RFC 8935): one POST a token, several connections at once.

2xx: taken. 400 with an ``err`` that is about this token: refused. Everything else is about the receiver or the way to it, and
whatever waits is sent again later, under the same ``jti``.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from countermand.core.errors import Refused
from countermand.lib.http import Http, Response, Unreachable
from countermand.lib.read_json import read_json
from countermand.signals.webhook import parted

#: Subjects do not wait for one another: each has one token at most.
_CONNECTIONS = 4
#: What a receiver says of a token that would be true of every other one too (RFC 8935 §2.4).
_OF_EVERY_TOKEN = frozenset({"invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"})
_SAID = 300


@dataclass(frozen=True, slots=True)
class Target:
    """``authorization``: what the receiver wants in that header, '' for nothing; ``private``: it may be at a private address."""

    url: str
    authorization: str = field(repr=False)
    private: bool
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``taken``; or ``refused``: why this token was not; or ``away``: why nothing gets there now, and ``after`` how many
    seconds it asked to be left alone."""

    taken: bool = False
    refused: str = ""
    away: str = ""
    after: float = 0


def send(target: Target, tokens: Sequence[tuple[str, str]]) -> dict[str, Outcome]:
    """(jti, token) each sent once, in no order; what is not in the answer was not sent, because nothing gets there."""
    lanes = [tokens[lane::_CONNECTIONS] for lane in range(_CONNECTIONS)]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        found: dict[str, Outcome] = {}
        for outcomes in pool.map(lambda lane: _lane(target, lane), [lane for lane in lanes if lane]):
            found |= outcomes
        return found


def _lane(target: Target, tokens: Sequence[tuple[str, str]]) -> dict[str, Outcome]:
    base, path = parted(target.url)
    found: dict[str, Outcome] = {}
    try:
        http = Http(base, target.ca_file, internet=not target.private)
    except Refused as refused:
        return {jti: Outcome(away=str(refused)) for jti, _ in tokens[:1]}
    for jti, token in tokens:
        found[jti] = outcome = _post(http, path, target.authorization, token)
        if outcome.away:
            break
    return found


def _post(http: Http, path: str, authorization: str, token: str) -> Outcome:
    headers = {"content-type": "application/secevent+jwt", "accept": "application/json", "user-agent": "countermand"}
    if authorization:
        headers["authorization"] = authorization
    try:
        return _outcome(http.send("POST", path, headers, body=token.encode()))
    except Unreachable as fault:
        return Outcome(away=str(fault))
    except Refused as refused:
        return Outcome(away=str(refused))


def _outcome(answer: Response) -> Outcome:
    if 200 <= answer.status < 300:
        return Outcome(taken=True)
    err, words = _said(answer.body)
    if answer.status == 400 and err and err not in _OF_EVERY_TOKEN:
        return Outcome(refused=words)
    after = answer.headers.get("retry-after", "")
    wait = float(after) if answer.status in {429, 503} and after.isdigit() else 0
    return Outcome(away=f"it answered {answer.status}" + (f": {words}" if words else ""), after=wait)


def _said(body: bytes) -> tuple[str, str]:
    """(the error's code, the code with its description), as far as the answer is one of RFC 8935."""
    try:
        plain = read_json(body)
        err, description = str(plain["err"]), str(plain.get("description", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""
    words = f"{err}: {description}" if description else err
    return err, "".join(sign for sign in words if sign.isprintable())[:_SAID]
