"""NanoMDM's own API, through which devices are asked: a command is put into their queues, and their answers come as events.

Its one key may send any command, a wipe too. Only the two commands that are made here can be sent from here.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage
from countermand.core.devices import IdentityKind, Platform
from countermand.core.mentions import Mention
from countermand.core.visibility import visible
from countermand.lib.command_queue import REQUESTS, CommandQueue, is_id
from countermand.sources.source import Checked, Link, Question, Sent, Setting, allowed

__all__ = ["REQUESTS", "SETTINGS", "NanoMDM"]

SETTINGS: Mapping[str, Setting] = {"url": Setting("the address of NanoMDM's API")}
APPS, MANAGED, NAMES = "apps", "managed apps", "names"
_NAMES = ("UDID", "SerialNumber", "EASDeviceIdentifier", "IsSupervised", "ProductName")


class NanoMDM:
    """One NanoMDM."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._queue = CommandQueue(link)

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """A named query, or a full list. Where nobody can see what people install, the managed apps: that proves no absence."""
        if any(one.enrollment and visible(one.enrollment) == NOTHING for one in devices):
            return self._question(MANAGED, devices, NOTHING)
        if apps is None:
            return self._question(APPS, devices, EVERYTHING)
        wanted = frozenset(app for app in apps if app.platform is Platform.IOS)
        return self._question(APPS, devices, Coverage(wanted)) if wanted else None

    def introduce(self, devices: Sequence[Mention]) -> Question | None:
        return self._question(NAMES, devices, NOTHING)

    def again(self, what: str, names: Sequence[str], coverage: Coverage) -> Question:
        ticket = str(uuid.uuid4())
        send = partial(self._send, tuple(names), ticket, _command(what, coverage))
        return Question(what, ticket, tuple(names), coverage, send)

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return Checked(self._queue.check())

    def _question(self, what: str, devices: Sequence[Mention], coverage: Coverage) -> Question | None:
        names = sorted(
            {one.value for device in devices for one in device.identities if one.kind is IdentityKind.UDID and is_id(one.value)}
        )
        return self.again(what, names, coverage) if names else None

    def _send(self, names: tuple[str, ...], ticket: str, command: Mapping[str, object]) -> Sent:
        with allowed(self._name):
            queued = self._queue.put(names, ticket, command)
        return Sent(queued.refused, queued.asleep)


def _command(what: str, coverage: Coverage) -> dict[str, object]:
    if what == NAMES:
        return {"RequestType": "DeviceInformation", "Queries": list(_NAMES)}
    if what == MANAGED:
        return {"RequestType": "InstalledApplicationList", "ManagedAppsOnly": True}
    named = {} if coverage.apps is None else {"Identifiers": sorted(app.id for app in coverage.apps)}
    return {"RequestType": "InstalledApplicationList", "ManagedAppsOnly": False, **named}
