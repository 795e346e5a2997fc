"""What Google's Android Management API publishes through Pub/Sub, pushed to us: a device as it is, each time it says something.

Traps of this intake, each handled here and nowhere else:

* The same message comes more than once (Pub/Sub delivers at least once): ``messageId`` names it, whatever the rest is.
* The push is signed as a service account of the customer's, never as Google: whose it is stands in ``email``, and for whom in
  ``aud``. Every customer of Google can have tokens made for our address, so both count.
* A topic may carry several enterprises, and notifications that are of no device: a command's outcome, logs, a trial.
* A device comes without its policy, so that nothing is known to be kept off it; the poll says that.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.lib.http import Response
from countermand.lib.outward import Outward
from countermand.lib.read_json import read_json
from countermand.sources import android
from countermand.sources.rows import part, text
from countermand.sources.source import Request, Setting

ISSUERS = ("https://accounts.google.com", "accounts.google.com")
KEYS_PATH = "/oauth2/v3/certs"
KEYS = Request("GET", KEYS_PATH, "nothing: the keys of Google's signatures, which are public")
SETTINGS: Mapping[str, Setting] = {
    "push_account": Setting("the service account as which Pub/Sub pushes", "", r"|[^\s@]{1,64}@[^\s@]{1,190}"),
    "push_audience": Setting("the audience of its pushes, if not the address that they go to", "", r"|[!-~]{1,255}"),
    "push_keys": Setting("where Google publishes the keys of its signatures", "https://www.googleapis.com"),
}
#: Notifications that hold a device; Google sends the last no longer.
_OF_DEVICES = frozenset({"ENROLLMENT", "STATUS_REPORT", "COMPLIANCE_REPORT"})


def setting(settings: Mapping[str, str], name: str) -> str:
    """One of the settings above; of a source that was connected before there were any, as nobody set it."""
    return settings.get(name, SETTINGS[name].default or "")


def keys(way: Outward) -> Response:
    """Google's published keys, asked for once."""
    return way.ask("GET", KEYS_PATH, {"accept": "application/json"}, once=True)


def message_id(body: bytes) -> str:
    """Pub/Sub's name of the message; '' if it has none."""
    try:
        return text(_message(body).get("messageId"))
    except Refused:
        return ""


def parse(body: bytes, enterprise: str, source: str, now: Instant) -> Mention | None:
    """The device that a push speaks of; None if it speaks of none. Refused ``event-damaged``, ``device-unreadable``,
    ``time-ahead``."""
    message = _message(body)
    kind = text(part(message, "attributes").get("notificationType"))
    if not kind:
        raise Refused("event-damaged", why="it does not say what it notifies of (notificationType)")
    if kind not in _OF_DEVICES:
        return None
    row = _device(message.get("data"))
    if not text(row.get("name")).startswith(f"enterprises/{enterprise}/devices/"):
        raise Refused("event-damaged", why=f"its device is none of the enterprise {enterprise}")
    return android.mention(row, source, now)


def _message(body: bytes) -> Mapping[str, Any]:
    try:
        said = read_json(body)
    except ValueError:
        raise Refused("event-damaged", why="it is not JSON") from None
    message = said.get("message") if isinstance(said, dict) else None
    if not isinstance(message, dict):
        raise Refused("event-damaged", why="it has no message; the subscription must not be unwrapped")
    return message


def _device(data: Any) -> Mapping[str, Any]:
    try:
        row = read_json(base64.b64decode(data, validate=True))
    except (ValueError, TypeError, binascii.Error):
        raise Refused("event-damaged", why="its data are no JSON in base64") from None
    if not isinstance(row, dict):
        raise Refused("event-damaged", why="its data are no object")
    return row
