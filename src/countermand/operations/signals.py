"""Subscribers: machines that are told what the ledger records, and its lines for a SIEM. Adding one, with its secret, is done
on the installation's own machine."""

from countermand.flows import signal, subscribe
from countermand.flows.signal import Tried
from countermand.flows.subscribe import Gone, Listening
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import signals
from countermand.reads.signals import Lines, SubscriberView


@operation("GET", "/subscribers", "audit")
def list_subscribers(call: Call, after: str = "", limit: int = USUAL) -> Page[SubscriberView]:
    """Every subscriber: how far it has been told, and what is wrong with it."""
    return page(signals.all_subscribers(call.act), lambda one: one.name, after, limit)


@operation("POST", "/subscribers/{name}/test", "subscribe", again=True)
def test_subscriber(call: Call, name: str) -> Tried:
    """Send a subscriber one event that says it is a test, now."""
    return signal.signal_test(call.act, call.config, name)


@operation("POST", "/subscribers/{name}/pause", "subscribe")
def pause_subscriber(call: Call, name: str, dry_run: bool = False) -> Listening:
    """Tell a subscriber nothing until it is resumed. What it misses waits for it."""
    return rehearsed(dry_run, subscribe.subscriber_pause)(call.act, name, paused=True)


@operation("POST", "/subscribers/{name}/resume", "subscribe")
def resume_subscriber(call: Call, name: str, dry_run: bool = False) -> Listening:
    """Tell a paused subscriber what it missed, and go on."""
    return rehearsed(dry_run, subscribe.subscriber_pause)(call.act, name, paused=False)


@operation("POST", "/subscribers/{name}/replay", "subscribe")
def replay_subscriber(call: Call, name: str, leaf: int, dry_run: bool = False) -> Listening:
    """Tell it everything again from this leaf of the ledger on, each event under its id."""
    return rehearsed(dry_run, subscribe.subscriber_replay)(call.act, name, leaf)


@operation("POST", "/subscribers/{name}/remove", "subscribe")
def remove_subscriber(call: Call, name: str, dry_run: bool = False) -> Gone:
    """Tell a subscriber nothing more, and forget its secret."""
    return rehearsed(dry_run, subscribe.subscriber_remove)(call.act, name)


@operation("GET", "/ledger/lines", "audit")
def ledger_lines(call: Call, form: str, start: int = 0, limit: int = 500, hide_actors: bool = False) -> Lines:
    """Sealed entries from leaf ``start`` on as lines for a SIEM: ``form`` ocsf or cef. ``hide_actors``: say "operator"
    instead of their names."""
    return signals.lines(call.act, call.config.origin, form, start, limit, hide_actors=hide_actors)


OPERATIONS = (
    list_subscribers, test_subscriber, pause_subscriber, resume_subscriber, replay_subscriber, remove_subscriber, ledger_lines,
)  # fmt: skip
