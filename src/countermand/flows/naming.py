"""Which device each mention is about, by all of its names. Part of taking; writes nothing.

A source that names two devices as one joins them, unless they cannot be one: each has a serial number of its own. Then nothing of
the mention is taken, and the conflict is shown: which name is wrong is never guessed. So devices are the same whatever the order
in which the sources were heard.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from countermand.core.devices import Identity, one_device, plausible
from countermand.core.mentions import Mention
from countermand.store import fleet


@dataclass(slots=True)
class Named:
    """``placed``: mentions by device, new ones numbered below 0; ``names``: that the devices newly have; ``joined``: devices that
    turned out to be another; ``conflicts``: in words; ``passed``: mentions that are nobody's, by why;
    ``bore``: the names that each device had before."""

    placed: list[tuple[int, Mention]] = field(default_factory=list)
    names: list[tuple[int, Identity]] = field(default_factory=list)
    joined: dict[int, int] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    bore: dict[int, frozenset[Identity]] = field(default_factory=dict)


def named(mentions: Sequence[Mention], *, may_add: bool, expected: Collection[int] = ()) -> Named:
    """Place mentions. Without ``may_add`` a device that nobody knows is passed over. ``expected``: the devices that they were
    about a moment ago: if they still are, nobody needs to be asked whose each name is."""
    told = [_plausible(one) for one in mentions]
    asked = {identity for one in told for identity in one.identities}
    names = _names_of(expected)
    owners = {identity: device for device, some in names.items() for identity in some & asked}
    owners |= fleet.find(asked - owners.keys())
    names |= _names_of(set(owners.values()) - names.keys())
    return _Placing(owners, names, may_add).place(told)


def _names_of(devices: Collection[int]) -> dict[int, frozenset[Identity]]:
    return {device: frozenset(some) for device, some in fleet.identities(devices).items()}


def _plausible(mention: Mention) -> Mention:
    kept = tuple(one for one in mention.identities if plausible(one))
    return mention if len(kept) == len(mention.identities) else replace(mention, identities=kept)


class _Placing:
    def __init__(self, owners: dict[Identity, int], names: dict[int, frozenset[Identity]], may_add: bool) -> None:
        self._owners, self._may_add = owners, may_add
        self._into: dict[int, int] = {}
        self._names = {device: set(some) for device, some in names.items()}
        self._new = 0
        self._found = Named(bore=names)

    def place(self, mentions: Sequence[Mention]) -> Named:
        for mention in mentions:
            self._place(mention)
        found = self._found
        found.placed = [(self._root(device), mention) for device, mention in found.placed]
        found.names = [(self._root(device), identity) for device, identity in found.names]
        found.joined = {gone: self._root(gone) for gone in self._into if gone >= 0}
        return found

    def _place(self, mention: Mention) -> None:
        devices = sorted({self._root(self._owners[one]) for one in mention.identities if one in self._owners})
        if not devices:
            if not (self._may_add and mention.platform is not None and mention.identities):
                self._found.passed.append("unknown")
                return
            self._new += 1
            devices = [-self._new]
        fresh = [one for one in mention.identities if one not in self._owners]
        if (fresh or len(devices) > 1) and not self._fits(mention, devices):
            self._found.passed.append("conflicting")
            self._found.conflicts.append(_conflict(mention, self._owners))
            return
        device = self._join(devices)
        for identity in fresh:
            self._owners[identity] = device
            self._found.names.append((device, identity))
        self._named(device).update(fresh)
        self._found.placed.append((device, mention))

    def _fits(self, mention: Mention, devices: Collection[int]) -> bool:
        return one_device(mention.identities, *(self._named(device) for device in devices))

    def _join(self, devices: Sequence[int]) -> int:
        """All of them become the one that is known longest."""
        known = [device for device in devices if device >= 0]
        into = min(known) if known else max(devices)
        for device in devices:
            if device != into:
                self._into[device] = into
                self._named(into).update(self._named(device))
        return into

    def _root(self, device: int) -> int:
        while device in self._into:
            device = self._into[device]
        return device

    def _named(self, device: int) -> set[Identity]:
        return self._names.setdefault(device, set())


def _conflict(mention: Mention, owners: Mapping[Identity, int]) -> str:
    """The names of one mention, each with the device that it is known to be."""

    def whose(identity: Identity) -> str:
        owner = owners.get(identity)
        return "nobody's yet" if owner is None else f"#{owner}" if owner >= 0 else "another device of the same set"

    return ", ".join(f"{one.kind}:{one.value} is {whose(one)}" for one in mention.identities)
