"""All sources that are due, one after another: sets are fetched, devices are asked. One that fails keeps no other waiting."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows import rounds, sync
from countermand.flows.asking import Acting
from countermand.lib.outward import Wait


@dataclass(frozen=True, slots=True)
class Visit:
    """What became of one source: ``what`` in a word, and ``about`` it what a log keeps."""

    what: str
    about: dict[str, object]


def ask_all(acting: Acting, config: Config, holder: str, wait: Wait) -> Iterator[Visit]:
    """Ask whatever is due, and look what the devices that were asked last have answered. ``holder`` names this process."""
    for name in sync.due(acting()):
        try:
            done = sync.sync(acting, config, name, holder=holder, wait=wait)
        except Refused as refused:
            yield _failed(name, refused)
        else:
            yield Visit("synced", {"source": name, "devices": done.devices, "faults": done.faults, "held": done.held})
    for name in rounds.due(acting()):
        try:
            asked = rounds.go_round(acting, config, name, holder=holder, wait=wait)
        except Refused as refused:
            yield _failed(name, refused)
        else:
            yield Visit("asked", asdict(asked))
    rounds.hear(acting(), config.holdbacks)


def _failed(name: str, refused: Refused) -> Visit:
    return Visit("source-failed", {"source": name, "code": refused.code, "why": refused.sentence})
