"""Rehearsing: run a flow to its end, with every refusal it would meet, and keep nothing of it (``--dry-run``)."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from countermand.store.unit import rehearsal

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def rehearse(flow: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """What ``flow(...)`` would answer: ``rehearse(issue, act, name)``. Only flows of one unit can be rehearsed; telling
    and other work in chunks raises RuntimeError at its second chunk."""
    with rehearsal():
        return flow(*args, **kwargs)
