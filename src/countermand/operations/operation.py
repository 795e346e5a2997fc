"""What an operation is: a typed function that calls one flow or read, and how the world may ask for it.

The command line calls it in process or over the network, the HTTP API serves it; nobody describes it a second time.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from string import Formatter
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from countermand.access import Act, require

if TYPE_CHECKING:
    from countermand.config import Config

Asked = ParamSpec("Asked")
Result = TypeVar("Result")


def _silent(steps: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who asks and when, the configuration that answers, and who is told how far it has come."""

    act: Act
    config: "Config"
    tick: Callable[[int], None] = _silent


@dataclass(frozen=True, slots=True)
class Operation(Generic[Asked, Result]):
    """``action``: what access.TABLE says of it. ``path``: under the API's root; parameters named in it come from there.

    ``standalone``: answered from what is shipped, so the command line needs no installation for it. ``again``: asking twice
    does no harm, and a repeated request is always evaluated anew. ``secret``: the answer holds what is shown only once.
    """

    run: Callable[Concatenate[Call, Asked], Result]
    method: str
    path: str
    action: str
    standalone: bool = False
    again: bool = False
    secret: bool = False

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def words(self) -> str:
        return inspect.getdoc(self.run) or ""

    @property
    def changes(self) -> bool:
        """Whether it can change state; looking is a GET, or a POST that is ``again`` and standalone."""
        return self.method != "GET" and not self.standalone

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """What it takes beside the call, by name."""
        _, *own = inspect.signature(self.run).parameters.values()
        return {one.name: one for one in own}

    @property
    def rehearses(self) -> bool:
        return "dry_run" in self.parameters

    @property
    def in_path(self) -> frozenset[str]:
        return frozenset(name for _, name, _, _ in Formatter().parse(self.path) if name)

    @property
    def answers(self) -> Any:
        """The type of its result."""
        return inspect.signature(self.run).return_annotation


def operation(
    method: str, path: str, action: str, *, standalone: bool = False, again: bool = False, secret: bool = False
) -> Callable[[Callable[Concatenate[Call, Asked], Result]], Operation[Asked, Result]]:
    """Declare ``function(call, …)`` as an operation. Its docstring is its description, its return type its answer."""

    def declare(function: Callable[Concatenate[Call, Asked], Result]) -> Operation[Asked, Result]:
        return Operation(function, method, path, action, standalone, again or method == "GET", secret)

    return declare


def perform(asked: Operation[Asked, Result], call: Call, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Result:
    """Answer it, if the actor may ask. The flow asks again, more exactly; a stranger is turned away before anything is read."""
    require(call.act.actor, asked.action)
    return asked.run(call, *args, **kwargs)


def rehearsed(dry_run: bool, flow: Callable[Asked, Result]) -> Callable[Asked, Result]:
    """The flow as it is to be called: for real, or run to its end with every refusal it would meet, and nothing kept."""
    if not dry_run:
        return flow
    from countermand.flows.rehearse import rehearse

    return partial(rehearse, flow)
