"""Receivers of Shared Signals and their streams, as they are now."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.caep import Status
from countermand.core.instants import Instant
from countermand.store import said, signal_receivers, streams
from countermand.store.streams import Stream
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class ReceiverView:
    """``shape`` and ``device``: how its subjects are named; ``asks``: it has a secret, and manages its stream itself."""

    name: str
    audience: str
    scopes: tuple[str, ...]
    shape: str
    device: str
    revokes: bool
    inside: bool
    asks: bool
    stream: bool
    added: Instant


@dataclass(frozen=True, slots=True)
class StreamView:
    """``told``: subjects that the receiver holds not compliant; ``waits``: tokens that it is yet to take, and ``refused`` of them
    that it did not take. ``fault``: what is wrong with the way, or what it said of the last token that it refused."""

    receiver: str
    stream_id: str
    delivery: str
    endpoint: str
    delivers: tuple[str, ...]
    status: str
    held_by: str
    reason: str
    told: int
    waits: int
    refused: int
    delivered_at: Instant | None
    fault: str


def all_receivers(act: Act) -> list[ReceiverView]:
    """Every receiver, by name."""
    require(act.actor, "audit")
    with reading():
        streaming = {one.receiver.name for one in streams.every()}
        found = signal_receivers.every()
    return [
        ReceiverView(
            name=one.name,
            audience=one.audience,
            scopes=tuple(sorted(one.scopes)),
            shape=one.shape.value,
            device=one.device_kind,
            revokes=one.revokes,
            inside=one.inside,
            asks=bool(one.secret_digest),
            stream=one.name in streaming,
            added=one.added,
        )
        for one in found
    ]


def all_streams(act: Act) -> list[StreamView]:
    """Every stream, by its receiver's name."""
    require(act.actor, "audit")
    with reading():
        return [_view(one) for one in streams.every()]


def _view(one: Stream) -> StreamView:
    counts = said.counts(one.pk)
    return StreamView(
        receiver=one.receiver.name,
        stream_id=one.stream_id,
        delivery="push" if one.pushed else "poll",
        endpoint=one.endpoint,
        delivers=tuple(type_.rpartition("/")[2] for type_ in one.delivered),
        status=one.status.value,
        held_by=one.held_by if one.status is not Status.ENABLED else "",
        reason=one.reason,
        told=counts.told,
        waits=counts.waits,
        refused=counts.refused,
        delivered_at=one.delivered_at,
        fault=one.fault or said.fault_of(one.pk),
    )
