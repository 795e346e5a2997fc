"""Events that sources post: stored as they came and answered, then taken one by one like every report.

Storing is no change of state: nothing reads what is stored. Taking is: the report, its ledger entry, the bits that flip and the
end of the stored body commit together. An event that cannot be read is set aside for a person and keeps no other waiting; of one
that speaks of many devices, those that cannot be read.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from countermand.access import SYSTEM, Act, require
from countermand.config import Holdbacks
from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant
from countermand.flows import asking, ingest, lever_profiles
from countermand.flows.connect import secret_of
from countermand.lib import standard_webhooks
from countermand.lib.read_json import read_json
from countermand.sources import android_pushed, devices_posted, nanomdm
from countermand.sources.source import Posted, Rest, Said
from countermand.store import asked, connected, events, fleet, log, reporters
from countermand.store.events import EventRow
from countermand.store.reporters import SourceRow
from countermand.store.unit import aside, unit

#: How long a taken event is remembered, so that a replay is known, and one that was set aside is kept.
KEPT = 30 * DAY
#: Largest event that is stored.
LARGEST = nanomdm.LARGEST
#: What a source may have waiting, paused or while nobody takes: beyond this it is told so, and the disk stays everybody's.
MOST, MOST_BYTES = 20_000, 1 << 30


def _nanomdm(body: bytes, source: str, now: Instant) -> Posted:
    event = nanomdm.parse(body, source, now, asked.coverage_of)
    return Posted() if event is None else Posted((event.mention,), (event.word,) if event.word else (), event.answer)


def _webhook(body: bytes, source: str, now: Instant) -> Posted:
    return devices_posted.parse(body, source, now)


def _android(body: bytes, source: str, now: Instant) -> Posted:
    found = connected.find(source)
    mention = android_pushed.parse(body, found.settings["enterprise"], source, now) if found else None
    return Posted() if mention is None else Posted((mention,))


#: kind → what an event says.
_PARSE: Mapping[str, Callable[[bytes, str, Instant], Posted]] = {"nanomdm": _nanomdm, "webhook": _webhook, "android": _android}


def knows(state_dir: Path, name: str, password: str) -> bool:
    """Whether this is the source's secret. Takes as long for a source that there is not."""
    return hmac.compare_digest(secret_of(state_dir, name).encode(), password.encode())


def signed(state_dir: Path, name: str, body: bytes, signature: str) -> bool:
    """Whether ``signature`` (hex or base64) is the HMAC-SHA256 of the body under the source's secret."""
    made = hmac.new(secret_of(state_dir, name).encode(), body, hashlib.sha256).digest()
    said = signature.strip().encode()
    in_hex, in_base64 = (hmac.compare_digest(form, said) for form in (made.hex().encode(), b64encode(made)))
    return in_hex or in_base64


def signed_as_webhook(state_dir: Path, name: str, headers: Mapping[str, str], body: bytes, now: Instant) -> bool:
    """Whether the body is signed under the source's secret as Standard Webhooks are, within minutes of ``now``."""
    secret = secret_of(state_dir, name)
    return standard_webhooks.is_secret(secret) and standard_webhooks.genuine(secret, headers, body, now)


def keep_event(source: str, body: bytes, now: Instant, event: str = "") -> bool:
    """Store what a source posted, before anything is made of it; False if it is a replay. ``event``: the sender's id of it,
    where that does not stand in the body. Refused ``source-full``."""
    count, size = events.stored(source)
    if count >= MOST or size + len(body) > MOST_BYTES:
        raise Refused("source-full", name=source, count=count, megabytes=size >> 20)
    try:
        with aside():
            events.keep(source, event[:200] or _id(body), body, now)
    except events.Replay:
        return False
    return True


def take_events(act: Act, hold: Holdbacks, most: int = 200) -> int:
    """Take what waits, each event in a unit of its own; returns how many were looked at."""
    require(act.actor, "ingest")
    numbers = events.waiting(most)
    for number in numbers:
        try:
            _take(act, number, hold)
        except Refused as refused:
            _set_aside(number, refused.code, refused.sentence)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as fault:
            # An event that we stumble over must not keep all others waiting; a database that is away is another matter.
            _set_aside(number, "event-damaged", f"{type(fault).__name__}: {fault}")
    return len(numbers)


def event_take(act: Act, number: int, hold: Holdbacks) -> EventRow:
    """Try once more to take an event that was set aside. Refused ``not-found``, or as before, also for what remains of it."""
    require(act.actor, "release")
    found = _take(act, number, hold)
    if found is None:
        raise Refused("not-found", what="event", name=str(number), nearest="see `countermand source events`")
    row, rest = found
    if rest is not None:
        raise rest.why
    return row


def event_drop(act: Act, number: int) -> EventRow:
    """Throw an event away that was set aside. Refused ``not-found``."""
    require(act.actor, "release")
    with aside():
        found = events.find(number)
        if found is None or not events.lock(number):
            raise Refused("not-found", what="event", name=str(number), nearest="see `countermand source events`")
        events.taken(number, act.now)
        log.append("event-dropped", act, {"source": found[0].source, "event": found[0].event, "why": found[0].code})
    return found[0]


def forget_events(now: Instant) -> int:
    """Forget what is long over."""
    with aside():
        return events.forget(now - KEPT)


def _set_aside(number: int, code: str, why: str) -> None:
    with aside():
        events.set_aside(number, code, why)


def _take(act: Act, number: int, hold: Holdbacks) -> tuple[EventRow, Rest | None] | None:
    """The event as it was, and what remains of it; None if nobody has it any more."""
    found = events.find(number)
    source = reporters.find(found[0].source) if found else None
    if found is None or source is None:
        return None
    row, body = found
    posted = _PARSE[source.kind](body, row.source, act.now)
    where = ingest.Where(None if posted.mentions else [])
    if len(posted.mentions) == 1:
        where = ingest.where(posted.mentions[0])
    try:
        done = _fold(act, row, source, posted, where, hold)
    except ingest.Elsewhere:
        done = _fold(act, row, source, posted, ingest.Where(), hold)
    return (row, posted.rest) if done else None


def _fold(act: Act, row: EventRow, source: SourceRow, posted: Posted, where: ingest.Where, hold: Holdbacks) -> bool:
    """The one transaction; False if another thread took the event meanwhile. ``where``: what it is about, so that it runs beside
    others where the device is known."""
    with unit(where.blocks):
        if not events.lock(row.number):
            return False
        if posted.mentions:
            worker = Act(SYSTEM, act.now, act.drill)
            ingest.take(
                worker, source, lever_profiles.heard(worker, source.name, posted),
                complete=False, may_add=where.blocks is None, confirmed=False, hold=hold, where=where,
            )  # fmt: skip
        asking.listen(act, source.name, posted.words)
        if any(word.said is Said.ENROLLED for word in posted.words):
            asking.welcome(act, source.name, {*fleet.find([one for each in posted.mentions for one in each.identities]).values()})
        if posted.rest is None:
            events.taken(row.number, act.now)
        else:
            events.taken_but(row.number, posted.rest.body, posted.rest.why.code, posted.rest.why.sentence)
    return True


def _id(body: bytes) -> str:
    """The sender's id of the event, or what is the same for the same bytes."""
    try:
        found = read_json(body).get("event_id")
    except (ValueError, AttributeError):
        found = None
    return found if isinstance(found, str) and 0 < len(found) <= 200 else hashlib.sha256(body).hexdigest()
