"""Asking devices: a question is remembered before it leaves, and asked again until its answer is heard.

A source that posts loses what it cannot hand over (NanoMDM posts an event once), so what was asked and not heard is asked anew,
under a new ticket: an hour later, then less and less often; sooner if the device showed that it was awake and nothing came.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE, Instant
from countermand.flows import connect
from countermand.lib.http import Unreachable
from countermand.lib.outward import Wait
from countermand.sources.source import AT_ONCE, Question, Said, Sent, Word
from countermand.store import asked, connected, rechecks
from countermand.store.asked import Unheard
from countermand.store.unit import aside

#: How long an answer is waited for after the first time of asking, the second, …; after the last nobody asks any more.
WAITS = (HOUR, 4 * HOUR, 16 * HOUR, 48 * HOUR)
#: A device that is awake takes what waits for it at once.
SOON = 10 * MINUTE
#: What was heard is kept so long in case it comes a second time; what was not, in case it comes at all.
_HEARD, _ASKED = 7 * DAY, 90 * DAY
_MOST = 500

Acting = Callable[[], Act]


def send(acting: Acting, source: str, question: Question, attempts: int = 1, *, repeats: bool = True) -> Sent:
    """Remember a question and send it. ``repeats``: it is asked again until it is heard. Refused and Unreachable as the source
    says: then whoever asks decides whether it is asked again, and an answer is known all the same."""
    act = acting()
    with aside():
        asked.put(
            question.names, question.ticket, question.coverage, act.now,
            source=source, what=question.what, attempts=attempts, again_at=act.now + WAITS[attempts - 1] if repeats else None,
        )  # fmt: skip
    failed = frozenset(question.names)
    try:
        sent = question.send()
        failed = sent.refused
    finally:
        if failed:
            with aside():
                asked.over([(one, question.ticket) for one in failed])
    return sent


def ask_again(acting: Acting, config: Config, wait: Wait = time.sleep) -> int:
    """Ask anew what was not heard; returns how many devices were asked. A source that is away keeps no other waiting."""
    act = acting()
    require(act.actor, "ingest")
    groups = defaultdict[tuple[object, ...], list[Unheard]](list)
    for row in asked.unheard(act.now, _MOST):
        groups[row.source, row.what, row.attempts, row.coverage].append(row)
    done = 0
    for rows in groups.values():
        for start in range(0, len(rows), AT_ONCE):
            done += _again(acting, config, rows[start : start + AT_ONCE], wait)
    return done


def listen(act: Act, source: str, words: Iterable[Word]) -> None:
    """Inside a unit: what an event says of questions. A device that is new is to be asked for everything."""
    for word in words:
        if word.said is Said.ANSWERED:
            asked.heard(word.who, word.ticket, word.at)
        elif word.said is Said.LATER:
            asked.put_off(word.who, word.ticket, act.now + WAITS[0])
        elif word.said is Said.AWAKE:
            asked.awake(word.who, source, word.at - SOON, act.now + SOON)
        elif word.said is Said.LEFT:
            asked.left(word.who, source)


def welcome(act: Act, source: str, devices: Iterable[int]) -> None:
    """Inside a unit: these devices are newly enrolled with a source through which they can be asked."""
    found = connected.find(source)
    if found is not None and found.credential:
        for device in devices:
            rechecks.want(device, source, "", act.now)


def forget_answers(now: Instant) -> int:
    """Forget questions that are long over."""
    with aside():
        return asked.forget(now - _HEARD, now - _ASKED)


def _again(acting: Acting, config: Config, rows: Sequence[Unheard], wait: Wait) -> int:
    first, act = rows[0], acting()
    old = [(row.identity, row.query) for row in rows]
    asks = first.attempts < len(WAITS)
    try:
        if asks:
            caller = connect.caller(act, config, connect.known(first.source), wait)
            send(
                acting, first.source, caller.again(first.what, [row.identity for row in rows], first.coverage), first.attempts + 1
            )
    except (Refused, Unreachable):
        with aside():
            asked.later(old, act.now + SOON)
        return 0
    with aside():
        asked.over(old)
    return len(rows) if asks else 0
