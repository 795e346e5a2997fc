"""Link: somebody who looked says that two devices are one phone. From then on it has the names and the evidence of both."""

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.mentions import Mention
from countermand.flows import taking
from countermand.store import fleet
from countermand.store.unit import unit


def link(act: Act, device: str, other: str) -> int:
    """Two devices (``kind:value``, a serial, ``#17``) are one; returns its ordinal. Refused ``not-found``, ``device-retired``,
    ``devices-differ``: each has a serial number of its own."""
    require(act.actor, "link")
    with unit():
        ordinals = [_standing(one) for one in (device, other)]
        if ordinals[0] == ordinals[1]:
            return ordinals[0]
        names = fleet.identities(ordinals)
        drawn = taking.plan(act, "", [Mention(tuple(names[one][0] for one in ordinals if names.get(one)))], may_add=False)
        if not drawn.joined:
            raise Refused("devices-differ", device=device, other=other)
        taking.apply(act, act.actor.name, drawn)
        return min(ordinals)


def _standing(device: str) -> int:
    number = device.removeprefix("#")
    ordinal = int(number) if device.startswith("#") and number.isascii() and number.isdigit() else fleet.named(device)
    row = fleet.load([ordinal]).get(ordinal)
    if row is None:
        raise Refused("not-found", what="device", name=device, nearest="none")
    if row.retired:
        raise Refused("device-retired", device=device)
    return ordinal
