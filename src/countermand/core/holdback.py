"""Hold-backs: when rows wait for a person. Absence of data never denies anyone, and neither does a flood of it.

The numbers are configuration (``config.Holdbacks``) and come as arguments.
"""


def set_is_small(count: int, last: int, floor: float) -> bool:
    """A source's complete set is empty, or under ``floor`` (a share) of its last one."""
    return count == 0 or count < floor * last


def flood_limit(busiest_hour: int, floor: int, factor: int) -> int:
    """How often a source may newly show watched apps within an hour, given its busiest hour of the last week."""
    return max(floor, factor * busiest_hour)


def shrank(before: int, after: int, floor: int, share: float) -> bool:
    """A set that keeps people from being denied would lose more than the larger of ``floor`` and ``share`` of it."""
    return before - after > max(floor, share * before)
