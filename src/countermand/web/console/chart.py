"""A line chart as numbers: where each line, mark and label stands in a picture of fixed size. A template writes the SVG.

Nothing of a library: a few lines over time are all that is drawn, and they must be readable without colour, by a dash of
their own and a table beside them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from countermand.core.instants import DAY, HOUR, Instant

WIDTH, HEIGHT = 760, 270
#: Where words above the lines stand, and how wide one may be.
_LOW, _WORD = 26, 70
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 34, 30
#: Points that a line has at most: more are not seen.
_MOST = 400
_STEPS = (HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY)
_MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    points: Sequence[tuple[Instant, int]]


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: str
    last: int


@dataclass(frozen=True, slots=True)
class Tick:
    """``at``: where it stands across (or up); ``label``: what stands there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, as a line down from ``top`` with a word at the height ``word``, which ends there if ``end``."""

    at: float
    label: str
    end: bool
    top: float
    word: float


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    marks: tuple[Mark, ...]


def drawn(
    series: Sequence[Series],
    marks: Sequence[tuple[Instant, str]],
    begins: Instant,
    ends: Instant,
    day: Callable[[Instant, bool], str],
) -> Chart:
    """The chart from ``begins`` to ``ends``. ``day``: an instant in words, with the hour or without."""
    span = max(ends - begins, HOUR)
    top = nice(max((count for one in series for _, count in one.points), default=0))
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def x(at: Instant) -> float:
        return round(_LEFT + (min(max(at, begins), begins + span) - begins) / span * (right - _LEFT), 1)

    def y(count: int) -> float:
        return round(bottom - count / top * (bottom - _TOP), 1)

    lines = []
    for one in series:
        points = thinned([(at, count) for at, count in one.points if begins <= at <= begins + span])
        if points:
            lines.append(Line(one.name, " ".join(f"{x(at)},{y(count)}" for at, count in points), points[-1][1]))
    return Chart(
        WIDTH,
        HEIGHT,
        _LEFT,
        right,
        _TOP,
        bottom,
        tuple(lines),
        tuple(Tick(x(at), day(at, step < DAY)) for step in [_step(span)] for at in ticks(begins, begins + span, step)),
        tuple(Tick(y(count), f"{count:,}") for count in sorted({0, top // 2, top})),
        _marks([(x(at), label) for at, label in marks if begins <= at <= begins + span], right),
    )


def nice(most: int) -> int:
    """The least of 2, 4, 10, 20, 40, 100, … that is not under ``most``: the top of the scale, whose half is whole."""
    size = 1
    while True:
        for digit in (2, 4, 10):
            if digit * size >= most:
                return digit * size
        size *= 10


def ticks(begins: Instant, ends: Instant, step: int) -> list[Instant]:
    first = -(-begins // step) * step
    return list(range(first, ends + 1, step))


def thinned(points: Sequence[tuple[Instant, int]]) -> list[tuple[Instant, int]]:
    """Evenly fewer, with the first and the last."""
    if len(points) <= _MOST:
        return list(points)
    return [points[index * (len(points) - 1) // (_MOST - 1)] for index in range(_MOST)]


def _step(span: int) -> int:
    return next((step for step in _STEPS if span / step <= _MOST_TICKS), _STEPS[-1])


def _marks(found: Sequence[tuple[float, str]], right: float) -> tuple[Mark, ...]:
    """Words that would lie on each other are raised by turns; at the right edge they end at their line."""
    made: list[Mark] = []
    for at, label in sorted(found):
        raised = bool(made) and at - made[-1].at < _WORD and made[-1].word == _LOW
        made.append(Mark(at, label, at > right - _WORD, _LOW + 3, _LOW - 14 if raised else _LOW))
    return tuple(made)
