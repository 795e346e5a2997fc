"""Google's Directory API: people's own phones are blocked, and approved again, through the ``action`` of ``mobiledevices``.

The same request could wipe a phone, by another word in its body. INVARIANT: ACTIONS are all the words that there are.
A blocked phone bears no mark: one that is blocked already is the administrators', and only what a receipt names is approved.
"""

import re
from collections.abc import Mapping

from countermand.core.devices import IdentityKind
from countermand.core.lever import NOTHING
from countermand.levers.blocked_ids import BLOCKED
from countermand.levers.google import RUNNING, SHARED, TOKEN, OneByOne
from countermand.levers.lever import FAULTS, Kind, Opened, Seen, Write, rate
from countermand.lib.http import Response
from countermand.lib.vendor import Ability, Request, Setting, tried

#: What is asked for to write a value: whether anything of ours is to be there.
ACTIONS: Mapping[bool, str] = {True: "block", False: "approve"}
_SCOPE = "https://www.googleapis.com/auth/admin.directory.device.mobile.action"
_ID = r"[A-Za-z0-9_=-]{1,200}"
_LIST = r"/admin/directory/v1/customer/my_customer/devices/mobile"
REQUESTS = (
    TOKEN,
    Request("GET", _LIST, _SCOPE),
    Request("GET", rf"{_LIST}/{_ID}", _SCOPE),
    Request("POST", rf"{_LIST}/{_ID}/action", _SCOPE),
)
SETTINGS = {**SHARED, "url": Setting("the Directory API's address", "https://admin.googleapis.com")}
_PREFIX = "mobile/"


class GoogleMobile(OneByOne):
    """The phones of one customer."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened, REQUESTS, _SCOPE)

    def check(self) -> list[Ability]:
        sees = f"{_LIST}?projection=BASIC&maxResults=1"
        return [tried("see phones, block and approve them", _SCOPE, lambda: self._api.get(sees), *FAULTS)]

    def _seen(self, key: str) -> Seen | None:
        found = self._got(_path(key), "projection=BASIC")
        if found is None:
            return None
        status = str(found.get("status") or "").upper()
        return Seen({"APPROVED": NOTHING, "BLOCKED": BLOCKED}.get(status, status or "unknown"))

    def _write(self, one: Write) -> Response:
        return self._api.tried("POST", f"{_path(one.key)}/action", {"action": ACTIONS[bool(one.value)]})


def _path(key: str) -> str:
    return f"{_LIST}/{key.removeprefix(_PREFIX)}"


MOBILE = Kind(
    words="Google: people's own phones are blocked, and approved again",
    identity=IdentityKind.GOOGLE,
    key=lambda _, name: name if re.fullmatch(f"{_PREFIX}{_ID}", name) else None,
    value=lambda _, lineages: BLOCKED if lineages else NOTHING,
    quota=lambda settings: rate(settings, said=False),
    undone="entry by entry",
    misses=(
        "Company-owned phones, which the Directory API does not know, and phones of which no source says the resource id.",
        "Browsers, on phones and elsewhere.",
        RUNNING,
    ),
    settings=SETTINGS,
    requests=REQUESTS,
    open=GoogleMobile,
)
