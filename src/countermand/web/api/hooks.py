"""Where sources post their events: ``POST /api/v1/sources/NAME/events``. Stored and answered first, taken right after.

The sender says the source's secret as a bearer token or as the password of basic authentication (whatever the name), or signs
the body: ``X-Hmac-Signature``, HMAC-SHA256 in hex or base64. Whoever cannot gets one and the same answer.
"""

import base64
import binascii
import re
from typing import IO

from countermand.access import SYSTEM
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows import events
from countermand.lib import clock
from countermand.reads import installation
from countermand.web.answers import Scope, header

LARGEST = events.LARGEST
_PATH = re.compile(r"/api/v1/sources/([^/]{1,64})/events")


def source_of(scope: Scope) -> str | None:
    """The source whose address this is."""
    found = _PATH.fullmatch(scope["path"]) if scope["method"] == "POST" else None
    return found[1] if found else None


def keep(config: Config, source: str, scope: Scope, body: IO[bytes]) -> bool:
    """Store the event; False if it is a replay. Refused ``unknown-token`` unless the sender proves to be the source."""
    body.seek(0)
    data = body.read()
    if not (events.knows(config.state_dir, source, _password(scope)) or _signed(config, source, scope, data)):
        raise Refused("unknown-token")
    return events.keep_event(source, data, clock.now())


def take(config: Config) -> None:
    """Take what waits. What this process does not come to, the worker does."""
    events.take_events(installation.act(SYSTEM), config.holdbacks)


def _signed(config: Config, source: str, scope: Scope, data: bytes) -> bool:
    signature = header(scope, b"x-hmac-signature").decode("latin-1")
    return bool(signature) and events.signed(config.state_dir, source, data, signature)


def _password(scope: Scope) -> str:
    scheme, _, said = header(scope, b"authorization").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(said, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
