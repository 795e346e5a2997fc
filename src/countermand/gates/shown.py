"""Denials that were shown, by directive: how many devices of logins that the mail server let in were turned away lately.

Counted where the words are given and not where it is decided: a stranger who tries passwords is denied and shown nothing. Only
numbers leave the gate, and whatever is an hour old is forgotten.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pyroaring import BitMap64

from countermand.core.instants import HOUR, MINUTE, Instant

#: Devices are told apart within these spans; what is said of the last ten minutes and of the last hour is exact to one of them.
_SPAN = 5 * MINUTE
_LATELY, _HOUR = 10 * MINUTE // _SPAN, HOUR // _SPAN
#: Made-up devices that are counted for a directive in one span: whoever has a password can make up any number.
_MOST_UNKNOWN = 10_000
_FIRST_UNKNOWN = 1 << 32


@dataclass(slots=True)
class _Span:
    devices: dict[str, BitMap64] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)


class Shown:
    """``note`` each, ``told`` when the gate reports. Times are the gate's own."""

    def __init__(self) -> None:
        self._spans: dict[int, _Span] = {}

    def note(self, lineages: Iterable[str], device: int, now: Instant) -> None:
        """``device``: its ordinal, or ``unknown(hash)`` of one that has none."""
        span = self._spans.get(now // _SPAN)
        if span is None:
            span = self._spans[now // _SPAN] = _Span()
            self._forget(now)
        for lineage in lineages:
            span.times[lineage] += 1
            devices = span.devices.setdefault(lineage, BitMap64())
            if device < _FIRST_UNKNOWN or len(devices) - devices.rank(_FIRST_UNKNOWN - 1) < _MOST_UNKNOWN:
                devices.add(device)

    def told(self, now: Instant) -> dict[str, dict[str, int]]:
        """By directive: ``lately`` and ``hour``, devices within ten minutes and within an hour; ``times``, requests within it."""
        self._forget(now)
        spans = [self._spans[number] for number in sorted(self._spans)]
        recent = [span for number, span in self._spans.items() if number > now // _SPAN - _LATELY]
        lineages = {lineage: None for span in spans for lineage in span.times}
        return {
            lineage: {
                "lately": _count(recent, lineage),
                "hour": _count(spans, lineage),
                "times": sum(span.times[lineage] for span in spans),
            }
            for lineage in lineages
        }

    def _forget(self, now: Instant) -> None:
        """A clock that was set back leaves nothing behind that would be lately for ever."""
        current = now // _SPAN
        self._spans = {number: span for number, span in self._spans.items() if current - _HOUR < number <= current}


def unknown(number: int) -> int:
    """What stands for a device that the fleet does not know: of its keyed hash enough to tell it from others."""
    return _FIRST_UNKNOWN + number % _FIRST_UNKNOWN


def _count(spans: Iterable[_Span], lineage: str) -> int:
    devices = BitMap64()
    for span in spans:
        devices |= span.devices.get(lineage, BitMap64())
    return len(devices)
