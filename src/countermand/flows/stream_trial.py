"""Trying whether tokens arrive at a receiver to which they are pushed."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows.streams import known
from countermand.flows.transmit import tried


@dataclass(frozen=True, slots=True)
class Pushed:
    """One verification event that was pushed to see whether it arrives. ``fault``: what stood in the way."""

    receiver: str
    arrived: bool
    fault: str


def stream_try(act: Act, config: Config, name: str) -> Pushed:
    """Refused ``not-found``, ``stream-polled``, ``stream-credential``, ``drill-stays-in``."""
    require(act.actor, "subscribe")
    stream = known(name)
    if not stream.pushed:
        raise Refused("stream-polled", name=name)
    outcome = tried(act, config, stream)
    return Pushed(name, outcome.taken, outcome.refused or outcome.away)
