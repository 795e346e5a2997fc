"""Streams of Shared Signals, as their receivers manage them (SSF 1.0 §8.1) and as operators hold them.

A receiver has one stream at most, and no other receiver's is there for it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from countermand.access import Act, require
from countermand.config import Config
from countermand.core import caep
from countermand.core.caep import POLL, PUSH, Status
from countermand.core.errors import Refused
from countermand.core.forms import not_found
from countermand.core.instants import SECOND
from countermand.flows import stream_words
from countermand.flows.stream_doors import checked_endpoint, credential
from countermand.store import lease, log, said, streams
from countermand.store.signal_receivers import Receiver
from countermand.store.streams import Stream as Stream
from countermand.store.unit import aside, unit

#: Milliseconds between two verifications that a receiver may ask for.
VERIFY_EVERY = 30 * SECOND
#: Subjects that one receiver may leave out.
MOST_UNWANTED = 10_000
_DESCRIBED, _REASONED, _REQUESTED, _STATE = 500, 500, 50, 1_000
#: What only we say of a stream: a receiver that says it as well must say the same.
_OURS = ("iss", "aud", "events_supported", "events_delivered", "min_verification_interval")


@dataclass(frozen=True, slots=True)
class Held:
    """``waits``: statements that leave when it is enabled."""

    receiver: str
    status: str
    waits: int


def stream_create(act: Act, config: Config, found: Receiver, body: object) -> Stream:
    """Refused ``stream-request``, ``stream-exists``, and what an address is refused for."""
    require(act.actor, "signal")
    asked = _object(body)
    stream_id = secrets.token_hex(16)
    values = _supplied(act, config, stream_id, asked, whole=True)
    with aside():
        if streams.of(found.name) is not None:
            raise Refused("stream-exists", name=found.name)
        streams.add(found.pk, stream_id, act.now, **values)
        about = {"receiver": found.name, "method": values["method"], "requested": list(values["requested"])}
        log.append("stream-created", act, about)
    return of_receiver(found, stream_id)


def stream_change(act: Act, config: Config, found: Receiver, body: object, *, whole: bool) -> Stream:
    """Change what the receiver names, or with ``whole`` everything that is its to say. Refused as ``stream_create``, and
    ``stream-unknown``."""
    require(act.actor, "signal")
    asked = _object(body)
    stream = of_receiver(found, _stream_id(asked))
    _same(config, stream, asked)
    values = _supplied(act, config, stream.stream_id, asked, whole=whole)
    with aside():
        current = _taken(stream)
        before, after = current.delivered, caep.delivered(current.supported, values.get("requested", current.requested))
        if (caep.COMPLIANCE in before) is not (caep.COMPLIANCE in after):
            said.unsure(current.pk)  # what it holds of whom is not what we would have told it
        streams.change(current.pk, failures=0, next_try=0, **values)
        log.append("stream-changed", act, {"receiver": found.name, "changed": sorted(values), "delivers": after})
    return of_receiver(found, stream.stream_id)


def stream_delete(act: Act, found: Receiver, stream_id: str) -> None:
    """Refused ``stream-unknown``, and ``stream-held`` where an operator paused it: another one would not be."""
    require(act.actor, "signal")
    stream = of_receiver(found, stream_id)
    if stream.held_by == "operator":
        raise Refused("stream-held", name=found.name)
    with unit():
        streams.remove(stream.pk)
        log.append("stream-deleted", act, {"receiver": found.name})


def stream_status(act: Act, found: Receiver, body: object) -> Stream:
    """Refused ``stream-request``, ``stream-unknown``, and ``stream-held`` where an operator paused it."""
    require(act.actor, "signal")
    asked = _object(body)
    stream = of_receiver(found, _stream_id(asked))
    status, reason = _status(asked.get("status")), _text(asked, "reason", _REASONED) or ""
    with aside():
        current = _taken(stream)
        if current.held_by == "operator":
            raise Refused("stream-held", name=found.name)
        _set_status(act, current, status, reason, "" if status is Status.ENABLED else "receiver")
    return of_receiver(found, stream.stream_id)


def subject_unwanted(act: Act, found: Receiver, body: object, *, wanted: bool) -> None:
    """Say nothing of a subject any more, or again. Whether anybody is called so is not said. Refused ``stream-request``,
    ``stream-unknown``, ``subjects-many``."""
    require(act.actor, "signal")
    asked = _object(body)
    stream = of_receiver(found, _stream_id(asked))
    subject = asked.get("subject")
    if not caep.well_formed(subject):
        raise Refused("stream-request", why="subject is not a subject identifier")
    text = caep.canonical(_object(subject))
    with aside():
        current = _taken(stream)
        if wanted and not streams.want(current.pk, [said.key_of(text)]):
            return
        if not wanted:
            if streams.count_unwanted(current.pk) >= MOST_UNWANTED:
                raise Refused("subjects-many", most=MOST_UNWANTED)
            streams.unwant(current.pk, said.key_of(text), text)
        streams.change(current.pk)
        log.append("stream-subject-wanted", act, {"receiver": found.name, "wanted": wanted})


def stream_verify(act: Act, found: Receiver, body: object) -> None:
    """Let a verification follow. Refused ``stream-request``, ``stream-unknown``, ``verification-soon``."""
    require(act.actor, "signal")
    asked = _object(body)
    stream = of_receiver(found, _stream_id(asked))
    state = _text(asked, "state", _STATE)
    real = lease.real()
    with aside():
        current = _taken(stream)
        if not streams.claim_verification(current.pk, real, VERIFY_EVERY):
            raise Refused("verification-soon", seconds=(current.verified_at + VERIFY_EVERY - real) // SECOND + 1)
        if current.status is not Status.DISABLED:
            stream_words.verify(current, state)


# -- as operators hold them --


def stream_hold(act: Act, name: str, status: Status, reason: str = "") -> Held:
    """Pause or enable a receiver's stream; the receiver is told so. Refused ``not-found``."""
    require(act.actor, "subscribe")
    stream = known(name)
    with aside():
        current = _taken(stream)
        if current.status is not status or current.held_by == "receiver":
            stream_words.updated(current, status, reason)
            _set_status(act, current, status, reason, "" if status is Status.ENABLED else "operator")
    return Held(name, status.value, said.counts(stream.pk).waits)


def stream_ask(act: Act, name: str) -> Held:
    """Let a verification follow that the receiver did not ask for. Refused ``not-found``, ``stream-disabled``."""
    require(act.actor, "subscribe")
    stream = known(name)
    with aside():
        current = _taken(stream)
        if current.status is Status.DISABLED:
            raise Refused("stream-disabled", name=name)
        stream_words.verify(current, None)
    return Held(name, current.status.value, said.counts(stream.pk).waits)


def stream_recall(act: Act, name: str) -> Held:
    """Tell a receiver anew of everybody whom an order in force, or halted, speaks to: who is denied, and that everybody else
    is not. Refused ``not-found``."""
    require(act.actor, "subscribe")
    stream = known(name)
    with aside():
        current = _taken(stream)
        said.unsure(current.pk)
        streams.change(current.pk, recall=0)
        log.append("stream-recalled", act, {"receiver": name})
    return Held(name, current.status.value, said.counts(stream.pk).waits)


def known(name: str) -> Stream:
    """The stream of the receiver of this name. Refused ``not-found``."""
    found = streams.of(name)
    if found is None:
        names = [one.receiver.name for one in streams.every()]
        raise not_found("stream", name, names)
    return found


def of_receiver(found: Receiver, stream_id: str) -> Stream:
    """Its stream of this id. Refused ``stream-unknown``: also for one that is somebody else's."""
    stream = streams.of(found.name)
    if stream is None or not secrets.compare_digest(stream.stream_id.encode(), stream_id.encode()):
        raise Refused("stream-unknown")
    return stream


def every_of(found: Receiver) -> list[Stream]:
    """The receiver's streams: one, or none."""
    stream = streams.of(found.name)
    return [] if stream is None else [stream]


def _set_status(act: Act, current: Stream, status: Status, reason: str, held_by: str) -> None:
    if status is Status.DISABLED:
        said.silence(current.pk)
    streams.change(current.pk, status=status.value, reason=reason, held_by=held_by, failures=0, next_try=0)
    if current.status is not status:
        log.append(f"stream-{status.value}", act, {"receiver": current.receiver.name, "reason": reason})


def _taken(stream: Stream) -> Stream:
    current = streams.taken(stream.pk)
    if current is None:
        raise Refused("stream-unknown")
    return current


# -- what a receiver says --


def _supplied(act: Act, config: Config, stream_id: str, asked: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """The columns that follow from what is the receiver's to say. ``whole``: what it does not say is as at the beginning."""
    values: dict[str, Any] = {}
    if whole or "delivery" in asked:
        values |= _delivery(act, config, stream_id, asked.get("delivery"))
    if whole or "events_requested" in asked:
        values["requested"] = _requested(asked.get("events_requested"))
    if whole or "description" in asked:
        values["description"] = _text(asked, "description", None)[:_DESCRIBED] if asked.get("description") is not None else ""
    return values


def _delivery(act: Act, config: Config, stream_id: str, delivery: object) -> dict[str, Any]:
    plain = _object({"method": POLL} if delivery is None else delivery)
    method = plain.get("method")
    if method == POLL:
        return {"method": POLL, "endpoint": "", "credential": b""}
    if method != PUSH:
        raise Refused("stream-request", why=f"delivery.method is neither {PUSH} nor {POLL}")
    url, authorization = plain.get("endpoint_url"), plain.get("authorization_header") or ""
    if not isinstance(url, str) or len(url) > 2_000:
        raise Refused("stream-request", why="delivery.endpoint_url is missing")
    fit = isinstance(authorization, str) and len(authorization) <= 4_000 and authorization.isascii()
    if not fit or not (authorization == "" or authorization.isprintable()):
        raise Refused("stream-request", why="delivery.authorization_header cannot be sent as a header")
    try:
        checked_endpoint(config, url, drill=act.drill)
    except Refused as refused:
        raise Refused("stream-request", why=f"delivery.endpoint_url: {refused.sentence}") from None
    return {"method": PUSH, "endpoint": url, "credential": credential(config.state_dir, stream_id, authorization)}


def _requested(asked: object) -> tuple[str, ...]:
    if asked is None:
        return ()
    if not isinstance(asked, list) or len(asked) > _REQUESTED or not all(_is_type(one) for one in asked):
        raise Refused("stream-request", why="events_requested is not a list of event types")
    return tuple(dict.fromkeys(asked))


def _is_type(one: object) -> bool:
    return isinstance(one, str) and 0 < len(one) <= 300 and not any(sign.isspace() for sign in one)


def _same(config: Config, stream: Stream, asked: Mapping[str, Any]) -> None:
    """What is ours to say must be as it is, where a receiver says it."""
    ours = configuration(config.signals.issuer, stream, "")
    for name in _OURS:
        if asked.get(name) is not None and asked[name] != ours[name]:
            raise Refused("stream-request", why=f"{name} is not the receiver's to say, and is another")


def _object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused("stream-request", why="it is not a JSON object")
    return body


def _stream_id(asked: Mapping[str, Any]) -> str:
    found = asked.get("stream_id")
    if not isinstance(found, str) or not found:
        raise Refused("stream-request", why="stream_id is missing")
    return found


def _status(asked: object) -> Status:
    try:
        return Status(str(asked))
    except ValueError:
        raise Refused("stream-request", why=f"status is none of {', '.join(Status)}") from None


def _text(asked: Mapping[str, Any], name: str, most: int | None) -> Any:
    found = asked.get(name)
    if found is not None and (not isinstance(found, str) or (most is not None and len(found) > most)):
        raise Refused("stream-request", why=f"{name} is not a text, or too long")
    return found


# -- what it is told --


def configuration(issuer: str, stream: Stream, poll_at: str) -> dict[str, Any]:
    """A stream as its receiver sees it. What goes into the Authorization header is not shown again."""
    delivery = {"method": stream.method, "endpoint_url": stream.endpoint if stream.pushed else poll_at}
    found: dict[str, Any] = {
        "stream_id": stream.stream_id,
        "iss": issuer,
        "aud": stream.receiver.audience,
        "delivery": delivery,
        "events_supported": stream.supported,
        "events_delivered": stream.delivered,
        "min_verification_interval": VERIFY_EVERY // SECOND,
    }
    if stream.requested:
        found["events_requested"] = list(stream.requested)
    return found | ({"description": stream.description} if stream.description else {})


def status_of(stream: Stream) -> dict[str, Any]:
    said_so = {"reason": stream.reason} if stream.reason else {}
    return {"stream_id": stream.stream_id, "status": stream.status.value, **said_so}
