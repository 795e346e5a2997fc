"""Apps kept off supervised iPhones and iPads by a profile that NanoMDM installs on each, and removes again.

One profile per lever and device, by an identifier of the lever's own, so that nobody else's is ever replaced or removed.
NanoMDM's key may send any command, a wipe too. INVARIANT: COMMANDS are all that can be sent from here.

Nobody can look at a device: what is on it the device says itself, in events that NanoMDM posts to a source of ours. A command is
therefore known again by its ticket (``told``), and the receipts say what was sent.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countermand.core.devices import IdentityKind, Platform
from countermand.core.lever import NOTHING
from countermand.levers.apple_policy import restricting
from countermand.levers.lever import Kind, Opened, Outcome, Seen, Write, rate, rate_setting
from countermand.lib.command_queue import AT_ONCE, REQUESTS, CommandQueue, is_id
from countermand.lib.granted import Denied
from countermand.lib.http import Unreachable
from countermand.lib.vendor import Ability, Setting

INSTALL, REMOVE, LIST = "install", "remove", "list"
COMMANDS: Mapping[str, str] = {INSTALL: "InstallProfile", REMOVE: "RemoveProfile", LIST: "ProfileList"}
SETTINGS: Mapping[str, Setting] = {
    "hides": Setting("accepted, because the apps are hidden on every supervised device in scope, told or not", form="accepted"),
    "rate": rate_setting("6000/60s"),
    "url": Setting("the address of NanoMDM's API"),
}
_TICKET = re.compile(r"cm([0-9a-f]{8})\.([0-9]{1,18})\.(install|remove|list)\.[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Told:
    """What a command of ours told a device: of the lever with this ``mark``, to have ``value`` (or nothing), by ``verb``."""

    mark: str
    value: str
    verb: str


def value(mark: str, number: int) -> str:
    """What stands on a device that has the profile: of this lever, and which apps, by the store's number of them."""
    return f"cm{mark}.{number}"


def number_of(value_: str) -> int:
    """The store's number of the apps that a profile names; 0 if that is not known."""
    return int(value_.rpartition(".")[2] or 0)


def told(ticket: str) -> Told | None:
    """What a command told, if it may be one of a lever's."""
    found = _TICKET.fullmatch(ticket)
    if found is None:
        return None
    mark, number, verb = found.groups()
    return Told(mark, value(mark, int(number)) if verb == INSTALL else NOTHING, verb)


def identifier(mark: str) -> str:
    """By which a device, and its MDM, knows the lever's profile."""
    return f"countermand.lever.{mark}"


def profile(mark: str, ids: Sequence[str]) -> tuple[bytes, str]:
    """The profile, and the UUID by which a device that has it says that it is this one."""
    words = "Apps that an order of your organisation forbids are not shown and do not start. Installed by Countermand."
    return restricting(identifier(mark), f"Countermand {mark}", words, ids)


class AppleProfiles:
    """The profile of one lever, on the devices of one NanoMDM."""

    def __init__(self, opened: Opened) -> None:
        self._queue, self._mark, self._apps = CommandQueue(opened.link), opened.mark, opened.apps

    def check(self) -> list[Ability]:
        return list(self._queue.check())

    def read(self, keys: Sequence[str]) -> Mapping[str, Seen]:
        """Nothing: devices answer when they wake."""
        return {}

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Those that are to have the same get it by one command."""
        outcomes: dict[str, Outcome] = {}
        for wanted in {one.value for one in writes}:
            names = [one.key for one in writes if one.value == wanted]
            try:
                refused = self._install(names, wanted) if wanted else self._remove(names)
            except Unreachable:
                continue
            except Denied as denied:
                outcomes |= dict.fromkeys(names, Outcome(refused=str(denied)))
            else:
                outcomes |= {one: Outcome(refused="it is not taken") if one in refused else Outcome(done=True) for one in names}
        return [outcomes.get(one.key, Outcome()) for one in writes]

    def ask(self, keys: Sequence[str]) -> None:
        """Have these devices say which profiles they have. What they say comes as events."""
        self._send(keys, LIST, 0)

    def strays(self, after: str) -> tuple[list[str], str]:
        return [], ""

    def _install(self, names: Sequence[str], wanted: str) -> frozenset[str]:
        made, _ = profile(self._mark, self._apps[wanted])
        return self._send(names, INSTALL, number_of(wanted), Payload=made)

    def _remove(self, names: Sequence[str]) -> frozenset[str]:
        return self._send(names, REMOVE, 0, Identifier=identifier(self._mark))

    def _send(self, names: Sequence[str], verb: str, number: int, **more: object) -> frozenset[str]:
        ticket = f"{value(self._mark, number)}.{verb}.{secrets.token_hex(8)}"
        return self._queue.put(names, ticket, {"RequestType": COMMANDS[verb], **more}).refused


KIND = Kind(
    words="NanoMDM: a profile on supervised iPhones and iPads, with which forbidden apps are neither shown nor started",
    identity=IdentityKind.UDID,
    key=lambda _, name: name if is_id(name) else None,
    value=lambda mark, lineages: NOTHING,
    quota=lambda settings: rate(settings, said=False),
    undone="device by device, as each wakes; the apps are there as before",
    misses=(
        "Devices that are not supervised, or not enrolled with this NanoMDM under their UDID.",
        "Devices that do not wake: they take the profile, and lose it, when they next answer.",
    ),
    settings=SETTINGS,
    requests=REQUESTS,
    open=AppleProfiles,
    prevents=Platform.IOS,
    batch=AT_ONCE,
    lanes=1,
)
