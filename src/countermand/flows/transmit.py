"""Handing tokens over: pushed by the worker, or fetched by the receiver.

INVARIANT: that a token may have reached its receiver is written before it leaves. So whatever dies in between leaves a doubt, and
core.believed answers it.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.caep import Status
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, SECOND
from countermand.flows.set_keys import signer
from countermand.flows.set_tokens import tokens
from countermand.flows.stream_doors import target
from countermand.flows.stream_words import about_stream, verification
from countermand.lib import clock
from countermand.signals.push import Outcome, send
from countermand.store import lease, said, streams
from countermand.store.said import Waiting
from countermand.store.streams import Stream
from countermand.store.unit import aside

#: Tokens that are under way together.
BATCH = 32
#: Tokens that one poll is answered with at most.
MOST_POLLED = 100
#: Milliseconds for which nobody else pushes this stream, and for which a turn goes on.
_LEASE, _PATIENCE = 15 * MINUTE, 10 * SECOND
#: Waits after failures in a row of a stream, and after refusals of one token; from then on the last.
_AWAY = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
_REFUSED = (MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR)
_LONGEST = 24 * HOUR
#: Refusals of so many tokens and none taken: whatever it is, it is not this one token.
_NONE = 8


@dataclass(frozen=True, slots=True)
class Transmitted:
    """``taken`` and ``refused`` count tokens; ``more``: whether any waits that could leave now."""

    receiver: str
    taken: int
    refused: int
    more: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A poll (RFC 8936 §2.2). ``most`` None: as many as we like; 0: none."""

    most: int | None = None
    taken: tuple[str, ...] = ()
    refused: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Polled:
    """``tokens``: jti → token; ``more``: whether others wait."""

    tokens: Mapping[str, str]
    more: bool


def due() -> list[int]:
    """Streams on which something can be pushed now."""
    real = lease.real()
    found = [one for one in streams.every() if one.pushed and one.next_try <= real]
    return [one.pk for one in found if said.any_waiting(one.pk, real, only_first=one.status is not Status.ENABLED)]


def transmit(act: Act, config: Config, pk: int, holder: str) -> Transmitted | None:
    """Push what waits on a stream, for a while. None if it is gone, has to wait, or is being pushed by another."""
    require(act.actor, "signal")
    real = lease.real()
    with aside():
        found = streams.find(pk)
        if found is None or not found.pushed or found.next_try > real or not lease.hold(_lease(pk), holder, real, _LEASE):
            return None
    try:
        return _transmit(act, config, found)
    finally:
        with aside():
            lease.release(_lease(pk), holder)


def _transmit(act: Act, config: Config, found: Stream) -> Transmitted:
    taken = refused = 0
    end = clock.steady() + _PATIENCE
    while True:
        try:
            where = target(act, config, found)
            sending = _leaving(config, found.pk)
        except Refused as fault:
            return _failed(found, taken, refused, Outcome(away=str(fault)))
        if not sending:
            return Transmitted(found.receiver.name, taken, refused, more=False)
        outcomes = send(where, list(sending.items()))
        settled, away = _settle(act, found.pk, outcomes)
        taken += settled
        refused += sum(1 for one in outcomes.values() if one.refused)
        if away is None and settled == 0 and len(outcomes) >= _NONE:
            away = Outcome(away=next(one.refused for one in outcomes.values()))
        if away is not None:
            return _failed(found, taken, refused, away)
        if clock.steady() >= end:
            return Transmitted(found.receiver.name, taken, refused, more=True)
        current = streams.find(found.pk)
        if current is None or not current.pushed:
            return Transmitted(found.receiver.name, taken, refused, more=False)
        found = current


def _leaving(config: Config, pk: int) -> dict[str, str]:
    """The next tokens, which from here on may have arrived; none of a stream that is not enabled, but that it is not."""
    key = signer(config.state_dir)
    with aside():
        stream = streams.taken(pk)
        waiting = [] if stream is None else _waiting(stream, BATCH)
        said.sending([one.jti for one in waiting], pk, key.kid)
    return {} if stream is None else tokens(config.signals.issuer, stream, waiting, key)


def _waiting(stream: Stream, most: int) -> list[Waiting]:
    return said.waiting(stream.pk, lease.real(), most, only_first=stream.status is not Status.ENABLED)


def _settle(act: Act, pk: int, outcomes: Mapping[str, Outcome]) -> tuple[int, Outcome | None]:
    """(how many were taken, what is wrong with the way if anything is)."""
    taken = [jti for jti, one in outcomes.items() if one.taken]
    away = max((one for one in outcomes.values() if one.away), key=lambda one: one.after, default=None)
    with aside():
        if streams.taken(pk) is None:
            return len(taken), away
        said.agreed(pk, taken)
        for jti, one in outcomes.items():
            if one.refused:
                _refuse(pk, jti, one.refused)
        if taken:
            streams.note(pk, failures=0, next_try=0, fault="", delivered_at=act.now)
    return len(taken), away


def _refuse(pk: int, jti: str, why: str) -> None:
    wait = _REFUSED[min(said.attempts(pk, jti), len(_REFUSED) - 1)]
    said.refused(pk, jti, secrets.token_urlsafe(18), why, lease.real() + wait)


def _failed(found: Stream, taken: int, refused: int, away: Outcome) -> Transmitted:
    with aside():
        current = streams.taken(found.pk)
        if current is not None:
            wait = max(_AWAY[min(current.failures, len(_AWAY) - 1)], int(away.after * SECOND))
            again = lease.real() + min(wait, _LONGEST)
            streams.note(found.pk, failures=current.failures + 1, next_try=again, fault=away.away[:1000])
    return Transmitted(found.receiver.name, taken, refused, more=True, fault=away.away)


def poll(act: Act, config: Config, pk: int, asked: Asked) -> Polled:
    """What a receiver took and did not take, and what it is told next. Refused ``not-found`` if the stream is gone meanwhile."""
    require(act.actor, "signal")
    if asked.taken or asked.refused:
        _answered(act, pk, asked.taken, asked.refused or {})
    most = MOST_POLLED if asked.most is None else min(asked.most, MOST_POLLED)
    stream = streams.find(pk)
    waiting = [] if stream is None else _waiting(stream, most + 1)
    more, waiting = len(waiting) > most, waiting[:most]
    if stream is None or not waiting:
        return Polled({}, more)
    key = signer(config.state_dir)
    fresh = [one.jti for one in waiting if not one.sent]
    if fresh:
        with aside():
            current = streams.taken(pk)
            allowed = set() if current is None else {one.jti for one in _waiting(current, most)}
            said.sending(sorted(allowed & set(fresh)), pk, key.kid)
        waiting = [one for one in waiting if one.jti in allowed]
    return Polled(tokens(config.signals.issuer, stream, waiting, key), more)


def anything(pk: int) -> bool:
    """Whether a poll would be answered with anything now."""
    stream = streams.find(pk)
    return stream is not None and bool(_waiting(stream, 1))


def _answered(act: Act, pk: int, taken: Collection[str], refused: Mapping[str, str]) -> None:
    with aside():
        if streams.taken(pk) is None:
            return
        settled = said.agreed(pk, taken)
        for jti, why in refused.items():
            _refuse(pk, jti, why)
        if settled:
            streams.note(pk, failures=0, fault="", delivered_at=act.now)


def _lease(pk: int) -> str:
    return f"stream:{pk}"


def tried(act: Act, config: Config, stream: Stream) -> Outcome:
    """Push one verification that nobody asked for, at once and whatever waits. Nothing of it is kept. Refused as ``target``."""
    jti, about = secrets.token_urlsafe(18), verification(None)
    one = Waiting(0, said.VERIFICATION, about_stream(stream), None, jti, about, clock.now(), False, 0)
    made = tokens(config.signals.issuer, stream, [one], signer(config.state_dir))
    return next(iter(send(target(act, config, stream), list(made.items())).values()))
