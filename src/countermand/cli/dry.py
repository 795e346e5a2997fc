"""``--dry-run``: the flow itself, run to its end with every refusal it would meet, and nothing of it kept."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def rehearsed(dry_run: bool, flow: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The flow as it is to be called: for real, or in rehearsal."""
    if not dry_run:
        return flow
    from countermand.flows.rehearse import rehearse

    return partial(rehearse, flow)


def would(dry_run: bool) -> str:
    """What stands before a result that did not happen."""
    return "Nothing was changed. If it were: " if dry_run else ""
