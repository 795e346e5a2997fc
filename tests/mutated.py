"""A good sample of JSON with one part of it changed: what every hostile-sample test draws from."""

from typing import Any


def nodes(one: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where everything in it stands."""
    inside = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
    return [at, *(place for key, value in inside for place in nodes(value, (*at, key)))]


def with_(one: Any, at: tuple[Any, ...], value: Any) -> Any:
    """A copy in which something else stands there."""
    if not at:
        return value
    copy = dict(one) if isinstance(one, dict) else list(one)
    copy[at[0]] = with_(one[at[0]], at[1:], value)
    return copy
