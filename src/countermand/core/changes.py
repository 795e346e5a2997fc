"""Changes: what a new verdict changes is an exclusive-or of sets; nothing else is written or told."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from countermand.core.verdict import Status, Verdicts

#: The statuses under which verdicts are stored; in_grace and noncompliant are one set, because the clock moves devices
#: from one to the other without anybody writing.
STORED: Mapping[str, tuple[Status, ...]] = {
    "exempt": (Status.EXEMPT,),
    "compliant": (Status.COMPLIANT,),
    "unknown": (Status.UNKNOWN,),
    "flagged": (Status.IN_GRACE, Status.NONCOMPLIANT),
}


@dataclass(frozen=True, slots=True)
class Change:
    """Devices that left and that entered a stored status."""

    left: BitMap
    entered: BitMap

    def __bool__(self) -> bool:
        return bool(self.left or self.entered)

    def among(self, devices: BitMap) -> "Change":
        """What of it is about these devices."""
        return Change(self.left & devices, self.entered & devices)


def stored(verdicts: Verdicts) -> dict[str, BitMap]:
    """The verdicts as they are kept: name of a stored status → devices. Not applicable is in none of them."""
    return {name: BitMap.union(BitMap(), *(verdicts[status] for status in statuses)) for name, statuses in STORED.items()}


def diff(before: Mapping[str, BitMap], after: Mapping[str, BitMap]) -> dict[str, Change]:
    """What changed per stored status; statuses without a change are left out."""
    found: dict[str, Change] = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, BitMap()), after.get(name, BitMap())
        if old ^ new:
            found[name] = Change(old - new, new - old)
    return found
