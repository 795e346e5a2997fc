"""Receivers of Shared Signals, and their streams. Letting one in, with its secret, is done on the installation's own machine."""

from countermand.core.caep import Status
from countermand.flows import receivers, stream_trial, streams
from countermand.flows.receivers import Left
from countermand.flows.stream_trial import Pushed
from countermand.flows.streams import Held
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import streams as reads
from countermand.reads.streams import ReceiverView, StreamView


@operation("GET", "/receivers", "audit")
def list_receivers(call: Call, after: str = "", limit: int = USUAL) -> Page[ReceiverView]:
    """Every receiver of Shared Signals: what it may ask for, and how its subjects are named."""
    return page(reads.all_receivers(call.act), lambda one: one.name, after, limit)


@operation("POST", "/receivers/{name}/revoke", "subscribe")
def revoke_receiver(call: Call, name: str, dry_run: bool = False) -> Left:
    """Tell a receiver nothing more, and let it ask nothing. Its stream is gone, with all that waited."""
    return rehearsed(dry_run, receivers.receiver_revoke)(call.act, name)


@operation("GET", "/streams", "audit")
def list_streams(call: Call, after: str = "", limit: int = USUAL) -> Page[StreamView]:
    """Every stream: how it is delivered, what its receiver holds of how many, what waits, and what is wrong."""
    return page(reads.all_streams(call.act), lambda one: one.receiver, after, limit)


@operation("POST", "/streams/{name}/pause", "subscribe")
def pause_stream(call: Call, name: str, reason: str = "", dry_run: bool = False) -> Held:
    """Tell a receiver nothing until its stream is resumed, but that it is paused. The last word about each subject waits."""
    return rehearsed(dry_run, streams.stream_hold)(call.act, name, Status.PAUSED, reason)


@operation("POST", "/streams/{name}/resume", "subscribe")
def resume_stream(call: Call, name: str, reason: str = "", dry_run: bool = False) -> Held:
    """Tell a receiver what is true now, and go on."""
    return rehearsed(dry_run, streams.stream_hold)(call.act, name, Status.ENABLED, reason)


@operation("POST", "/streams/{name}/verify", "subscribe")
def verify_stream(call: Call, name: str) -> Held:
    """Send a verification event that the receiver did not ask for, in its turn."""
    return streams.stream_ask(call.act, name)


@operation("POST", "/streams/{name}/test", "subscribe", again=True)
def test_stream(call: Call, name: str) -> Pushed:
    """Push one verification event now, whatever waits, and say what became of it."""
    return stream_trial.stream_try(call.act, call.config, name)


@operation("POST", "/streams/{name}/recall", "subscribe")
def recall_stream(call: Call, name: str, dry_run: bool = False) -> Held:
    """Tell a receiver anew of everybody whom an order speaks to: who is denied, and that everybody else is not."""
    return rehearsed(dry_run, streams.stream_recall)(call.act, name)


OPERATIONS = (
    list_receivers, revoke_receiver, list_streams, pause_stream, resume_stream, verify_stream, test_stream, recall_stream,
)  # fmt: skip
