"""Webhooks as https://www.standardwebhooks.com specifies them: signed with HMAC-SHA256 over ``id.timestamp.body``.

One POST an event. 2xx: it arrived; 410: the subscriber wants no more; 429 and 503 may say when to come again; anything else is
tried again later.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from countermand.core.instants import SECOND, Instant
from countermand.lib.http import Http, Unreachable
from countermand.signals.event import Event, body
from countermand.signals.way import Undelivered

_PREFIX = "whsec_"
#: Bytes of a secret: the specification's bounds, and what we make.
_LEAST, _MOST, _MADE = 24, 64, 32


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_MADE)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that sign. ValueError unless it is ``whsec_`` and base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as wrong:
        raise ValueError("not base64") from wrong
    if not secret.startswith(_PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"not {_PREFIX} and {_LEAST} to {_MOST} bytes")
    return key


def signature(key: bytes, message: str, seconds: int, content: bytes) -> str:
    """The value of ``webhook-signature``."""
    made = hmac.new(key, f"{message}.{seconds}.".encode() + content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()


class Webhook:
    """``now``: the time that a receiver compares with its own clock; real time always."""

    def __init__(self, http: Http, path: str, secret: str, now: Callable[[], Instant]) -> None:
        self._http, self._path, self._key, self._now = http, path, key_of(secret), now

    def tell(self, events: Sequence[Event]) -> None:
        for arrived, one in enumerate(events):
            try:
                self._post(one)
            except Undelivered as undelivered:
                undelivered.arrived = arrived
                raise

    def _post(self, one: Event) -> None:
        content, seconds = body(one), self._now() // SECOND
        headers = {
            "content-type": "application/json",
            "user-agent": "countermand",
            "webhook-id": one.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self._key, one.id, seconds, content),
        }
        try:
            answer = self._http.send("POST", self._path, headers, body=content)
        except Unreachable as fault:
            raise Undelivered(str(fault)) from fault
        if not 200 <= answer.status < 300:
            after = answer.headers.get("retry-after", "")
            wait = float(after) if answer.status in {429, 503} and after.isdigit() else 0
            raise Undelivered(f"it answered {answer.status}", after=wait, gone=answer.status == 410)


def parted(url: str) -> tuple[str, str]:
    """(base, path with its query) of a webhook's address."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{parts.netloc}", path
