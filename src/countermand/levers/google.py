"""Google: what we say of a device to Context-Aware Access (client states), or blocking the device's user. Neither wipes anything.

Client states are ours alone by their suffix, and each bears our mark. A blocked device user bears none: one that is blocked
already is the administrators', and only a blocked one that a receipt names is ever approved again.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from countermand.core import lever as words
from countermand.core.devices import IdentityKind
from countermand.core.lever import NOTHING
from countermand.levers.blocked_ids import BLOCKED
from countermand.levers.lever import FAULTS, Kind, Later, Opened, Outcome, Seen, Write, rate, rate_setting, strange
from countermand.lib.asserted import assertion
from countermand.lib.granted import Denied, Granted, said_in_error
from countermand.lib.http import Response, Unreachable
from countermand.lib.outward import seconds
from countermand.lib.vendor import Ability, Link, Request, Setting, tried

_NAME = r"devices/[A-Za-z0-9_-]{1,200}/deviceUsers/[A-Za-z0-9_-]{1,200}"
_SCOPE = "https://www.googleapis.com/auth/cloud-identity.devices"
_PARTNER = r"[A-Za-z0-9_-]{1,100}"
TOKEN = Request("POST", "/token", "the service account's key")
_STATE = rf"/v1/{_NAME}/clientStates/{_PARTNER}"
STATE_REQUESTS = (TOKEN, Request("GET", _STATE, _SCOPE), Request("PATCH", _STATE, _SCOPE), Request("GET", "/v1/devices", _SCOPE))
BLOCK_REQUESTS = (
    TOKEN,
    Request("GET", rf"/v1/{_NAME}", _SCOPE),
    Request("POST", rf"/v1/{_NAME}:(block|approve)", _SCOPE),
    Request("GET", "/v1/devices", _SCOPE),
)
_CUSTOMER = "customers/my_customer"
SHARED: Mapping[str, Setting] = {
    "subject": Setting("the administrator for whom the service account asks", form=r"[^\s@]{1,64}@[^\s@]{1,190}"),
    "rate": rate_setting("300/60s"),
    "url": Setting("Cloud Identity's address", "https://cloudidentity.googleapis.com"),
    "login": Setting("where tokens are given out", "https://oauth2.googleapis.com"),
}
STATE_SETTINGS: Mapping[str, Setting] = {
    "customer": Setting("the customer id, without its C", form=r"[A-Za-z0-9]{1,40}"),
    "suffix": Setting("the suffix that Context-Aware Access knows us by", "countermand", r"[a-z][a-z0-9]{0,30}"),
    **SHARED,
}


def granted(link: Link, requests: Sequence[Request], scope: str) -> Granted:
    """The API, as the service account or, where the settings name one, on behalf of an administrator."""
    api = link.outward(link.settings["url"], tuple((one.method, one.path) for one in requests if one is not TOKEN))
    login = link.outward(link.settings["login"], ((TOKEN.method, TOKEN.path),))
    form = assertion(link, f"{login.base}/token", scope, strange(link), link.settings.get("subject", ""))
    return Granted(api, login, "/token", form, link.now, strange(link))


class OneByOne:
    """What these ways share: one device, or device user, at a time."""

    def __init__(self, opened: Opened, requests: Sequence[Request], scope: str) -> None:
        self._api = granted(opened.link, requests, scope)
        self._link, self._mark = opened.link, opened.mark

    def check(self) -> list[Ability]:
        sees = f"/v1/devices?customer={_CUSTOMER}&pageSize=1"
        return [tried("see devices, and change what is said of them", _SCOPE, lambda: self._api.get(sees), *FAULTS)]

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        return [self._one(one) for one in writes]

    def strays(self, after: str) -> tuple[list[str], str]:
        return [], ""

    def read(self, keys: Sequence[str]) -> Mapping[str, Seen]:
        found = {key: self._seen(key) for key in keys}
        return {key: seen for key, seen in found.items() if seen is not None}

    def _seen(self, key: str) -> Seen | None:
        raise NotImplementedError

    def _write(self, one: Write) -> Response:
        raise NotImplementedError

    def _one(self, one: Write) -> Outcome:
        try:
            answer = self._write(one)
        except Unreachable:
            return Outcome()
        if answer.status == 204:
            return Outcome(done=True)
        if answer.status == 200:
            return self._ended(self._api.object(answer))
        if answer.status in {429, 500, 502, 503, 504}:
            return Outcome(later=seconds(answer.headers.get("retry-after", ""), 10.0))
        if answer.status in {409, 412}:
            return Outcome(later=1.0)  # somebody was faster: what there is now is looked at
        return Outcome(refused=f"{answer.status} {said_in_error(answer, 'status')}".strip())

    @staticmethod
    def _ended(operation: Mapping[str, Any]) -> Outcome:
        """Of an operation that runs on nothing is known yet."""
        error = operation.get("error")
        if isinstance(error, dict):
            return Outcome(refused=f"{error.get('code', '')} {error.get('message', '')}".strip()[:120])
        return Outcome(done=True) if operation.get("done") else Outcome(later=2.0)

    def _got(self, path: str, query: str = f"customer={_CUSTOMER}") -> Mapping[str, Any] | None:
        answer = self._api.tried("GET", f"{path}?{query}")
        if answer.status == 404:
            return None
        if answer.status in {429, 503}:
            raise Later(seconds(answer.headers.get("retry-after", ""), 10.0))
        if answer.status != 200:
            raise Denied(f"{answer.status} {said_in_error(answer, 'status')}".strip(), answer.status)
        return self._api.object(answer)


class GoogleStates(OneByOne):
    """What we say of devices to Context-Aware Access."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened, STATE_REQUESTS, _SCOPE)
        self._partner = f"{opened.link.settings['customer']}-{opened.link.settings['suffix']}"

    def _seen(self, key: str) -> Seen | None:
        found = self._got(self._path(key))
        if found is None:
            return Seen(NOTHING)  # nothing was ever said of it
        state = str(found.get("complianceState") or "COMPLIANCE_STATE_UNSPECIFIED")
        said = str(found.get("customId") or "")
        if state == "COMPLIANCE_STATE_UNSPECIFIED" and not said:
            return Seen(NOTHING, str(found.get("etag") or ""))
        return Seen(said if state == "NON_COMPLIANT" and said else f"{state} {said}".strip(), str(found.get("etag") or ""))

    def _write(self, one: Write) -> Response:
        body = {"complianceState": "NON_COMPLIANT", "customId": one.value, "scoreReason": "A directive denies mail."}
        made: dict[str, str] = body if one.value else {}
        if one.before.etag:
            made["etag"] = one.before.etag
        mask = "complianceState,customId,scoreReason"
        return self._api.tried("PATCH", f"{self._path(one.key)}?customer={_CUSTOMER}&updateMask={mask}", made)

    def _path(self, key: str) -> str:
        return f"/v1/{key}/clientStates/{self._partner}"


class GoogleBlock(OneByOne):
    """Blocked device users."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened, BLOCK_REQUESTS, _SCOPE)

    def _seen(self, key: str) -> Seen | None:
        found = self._got(f"/v1/{key}")
        if found is None:
            return None
        state = str(found.get("managementState") or "")
        return Seen({"APPROVED": NOTHING, "BLOCKED": BLOCKED}.get(state, state or "unknown"))

    def _write(self, one: Write) -> Response:
        return self._api.tried("POST", f"/v1/{one.key}:{'block' if one.value else 'approve'}", {"customer": _CUSTOMER})


def _key(_: str, name: str) -> str | None:
    return name if re.fullmatch(_NAME, name) else None


RUNNING = "Apps that run: what they have they show for up to an hour, and IMAP sessions live to their token's end."
_MISSES = (
    "Devices of which no source says the Cloud Identity name (devices/…/deviceUsers/…).",
    RUNNING,
)
STATES = Kind(
    words="Google: client states, which Context-Aware Access looks at",
    identity=IdentityKind.GOOGLE,
    key=_key,
    value=words.value,
    quota=lambda settings: rate(settings, said=False),
    undone="entry by entry",
    misses=(*_MISSES, "Whatever your access levels do not look at: without one that does, this lever denies nobody."),
    settings=STATE_SETTINGS,
    requests=STATE_REQUESTS,
    open=GoogleStates,
)
BLOCK = Kind(
    words="Google: the users of devices are blocked, and approved again",
    identity=IdentityKind.GOOGLE,
    key=_key,
    value=lambda _, lineages: BLOCKED if lineages else NOTHING,
    quota=lambda settings: rate(settings, said=False),
    undone="entry by entry",
    misses=_MISSES,
    settings=SHARED,
    requests=BLOCK_REQUESTS,
    open=GoogleBlock,
)
