"""Pace: how much work one short transaction takes, learnt from how long the last one took."""

#: What a transaction aims at, in milliseconds: well under the 200 that it may last, because the next may be dearer.
TARGET = 80
FIRST, LEAST, MOST = 20, 5, 500


def next_size(size: int, took: float, least: int = LEAST, most: int = MOST) -> int:
    """How many items the next transaction takes, after one of ``size`` took so many milliseconds. It shrinks at once and grows
    at most twofold, so that one cheap part says little about the next."""
    fitting = int(size * TARGET / max(took, 1))
    return max(least, min(fitting, 2 * size, most))
