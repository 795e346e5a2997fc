"""The feed as it is passed on to gates: signed lines exactly as the publisher stored them."""

from dataclasses import dataclass

from countermand.store import feed, installation

#: What a gate last said of itself.
Gate = feed.Gate

#: Records that one look brings; the next look brings the next.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Newest:
    """Where the feed stands: what a listener compares to know whether there is anything to look for."""

    epoch: int
    n: int
    beat: int


@dataclass(frozen=True, slots=True)
class More:
    """What follows the number that was asked about. ``n``: the last number that ``lines`` bring; ``beat``: the time of the
    last heartbeat, which ends ``lines`` if it is later than the one that the listener had."""

    lines: tuple[bytes, ...]
    n: int
    beat: int


def tick() -> int | None:
    """Differs from this thread's last one if anything was committed since; None: look."""
    return feed.tick()


def newest() -> Newest:
    """Where the feed stands now."""
    epoch, last = _epoch(), feed.beat()
    return Newest(epoch, feed.last(epoch).n, last.time if last else 0)


def needs_snapshot(epoch: int, n: int) -> bool:
    """True if records alone cannot bring a gate that holds this up to date: another epoch, or they are pruned; also if the
    gate is further than this database, which must refuse to speak to it then."""
    ours = _epoch()
    last, first = feed.last(ours), feed.first(ours)
    if epoch != ours or n > last.n:
        return True
    return first is not None and n < first - 1


def after(epoch: int, n: int, beat: int) -> More:
    """The records after ``n``, and the last heartbeat once they are all told and if it is later than ``beat``."""
    found = feed.after(epoch, n, _AT_ONCE)
    lines = [line for _, line in found]
    reached = found[-1][0] if found else n
    last = feed.beat()
    if last is not None and last.epoch == epoch and last.n <= reached and last.time > beat:
        return More((*lines, last.line), reached, last.time)
    return More(tuple(lines), reached, beat)


def gates() -> list[feed.Gate]:
    """What every gate last said."""
    return feed.gates()


def _epoch() -> int:
    house = installation.load()
    return house.epoch if house else 0
