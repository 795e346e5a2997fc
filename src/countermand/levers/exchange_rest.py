"""Exchange Online's blocked device ids through the endpoint that its PowerShell module uses, which its vendor does not support.

Two cmdlets are ever named: one reads one mailbox, the other adds one id to its list, or removes one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from countermand.core.devices import IdentityKind
from countermand.core.lever import NOTHING
from countermand.levers import blocked_ids
from countermand.levers.blocked_ids import BLOCKED, mailbox_and_device
from countermand.levers.lever import FAULTS, Kind, Later, Opened, Outcome, Seen, Write, rate, rate_setting, strange
from countermand.lib import exchange_cmdlets
from countermand.lib.exchange_cmdlets import Allowed, Cmdlets, requests
from countermand.lib.granted import Denied, said_in_error
from countermand.lib.http import Response, Unreachable
from countermand.lib.outward import seconds
from countermand.lib.vendor import Ability, Setting, tried

_MANAGES = "Exchange.ManageAsApp and a role that may use Get-CASMailbox and Set-CASMailbox alone"
_LIST = "ActiveSyncBlockedDeviceIDs"
CMDLETS: Allowed = {"Get-CASMailbox": frozenset({"Identity"}), "Set-CASMailbox": frozenset({"Identity", _LIST})}
REQUESTS = requests(_MANAGES)
_UNKNOWN = "ManagementObjectNotFoundException"
SETTINGS: Mapping[str, Setting] = {
    **exchange_cmdlets.SETTINGS,
    "probe": Setting("a mailbox that is read to check what is allowed", form=r"[^\s|'\"]{3,200}"),
    "rate": rate_setting("120/60s"),
}


class ExchangeRest:
    """One organisation."""

    def __init__(self, opened: Opened) -> None:
        self._cmdlets = Cmdlets(opened.link, CMDLETS, strange(opened.link))
        self._probe = opened.link.settings["probe"]

    def check(self) -> list[Ability]:
        return [tried("read the blocked device ids of a mailbox", _MANAGES, lambda: self._blocked(self._probe), *FAULTS)]

    def read(self, keys: Sequence[str]) -> Mapping[str, Seen]:
        found = {}
        for key in keys:
            mailbox, device = mailbox_and_device(key)
            blocked = self._blocked(mailbox)
            if blocked is not None:
                found[key] = Seen(BLOCKED if device.lower() in blocked else NOTHING)
        return found

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        return [self._write(one) for one in writes]

    def strays(self, after: str) -> tuple[list[str], str]:
        return [], ""

    def _blocked(self, mailbox: str) -> frozenset[str] | None:
        """The ids on one mailbox's list, in small letters: PowerShell compares them so. None if there is no such mailbox."""
        answer = self._invoke("Get-CASMailbox", mailbox, {})
        if answer.status == 404 or (answer.status == 400 and _UNKNOWN.encode() in answer.body):
            return None
        if answer.status in {429, 503}:
            raise Later(_later(answer))
        if answer.status != 200:
            raise Denied(str(answer.status), answer.status)
        rows = self._cmdlets.api.object(answer).get("value")
        if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
            raise self._cmdlets.api.strange("not exactly one mailbox")
        listed = rows[0].get(_LIST)
        if not isinstance(listed, list):
            raise self._cmdlets.api.strange("a mailbox without its list")
        return frozenset(str(one).lower() for one in listed)

    def _write(self, one: Write) -> Outcome:
        mailbox, device = mailbox_and_device(one.key)
        verb = "Add" if one.value else "Remove"
        try:
            answer = self._invoke("Set-CASMailbox", mailbox, {_LIST: {"@odata.type": "#Exchange.GenericHashTable", verb: device}})
        except Unreachable:
            return Outcome()
        if 200 <= answer.status < 300:
            return Outcome(done=True)
        if answer.status in {429, 500, 502, 503, 504}:
            return Outcome(later=_later(answer))
        return Outcome(refused=f"{answer.status} {said_in_error(answer, 'code')}".strip())

    def _invoke(self, cmdlet: str, mailbox: str, more: Mapping[str, Any]) -> Response:
        return self._cmdlets.tried(cmdlet, {"Identity": mailbox, **more}, mailbox)


def _later(answer: Response) -> float:
    return seconds(answer.headers.get("retry-after", ""), 30.0)


KIND = Kind(
    words="Exchange Online: blocked device ids of mailboxes, through the endpoint of its PowerShell module",
    identity=IdentityKind.EAS,
    key=blocked_ids.key,
    value=blocked_ids.value,
    quota=lambda settings: rate(settings, said=False),
    undone=blocked_ids.UNDONE,
    misses=blocked_ids.MISSES,
    settings=SETTINGS,
    requests=REQUESTS,
    open=ExchangeRest,
    lanes=2,
    unsupported="Microsoft",
)
