"""Webhooks as https://www.standardwebhooks.com specifies them: signed with HMAC-SHA256 over ``id.timestamp.body``.

One POST an event. 2xx: it arrived; 410: the subscriber wants no more; 429 and 503 may say when to come again; anything else is
tried again later.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from countermand.core.instants import SECOND, Instant
from countermand.lib.http import Http, Unreachable
from countermand.lib.standard_webhooks import key_of, signature
from countermand.signals.event import Event, body
from countermand.signals.way import Undelivered


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
