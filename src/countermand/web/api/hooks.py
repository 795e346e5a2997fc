"""Where machines post what they know: sources their events (``POST /api/v1/sources/NAME/events``), stored and answered first and
taken right after; and mail providers what did not arrive (``POST /api/v1/bounces/PROVIDER``), which they post again if we fail.

A source says its secret as a bearer token or as the password of basic authentication (whatever the name), or signs the
body: as Standard Webhooks are signed, or with ``X-Hmac-Signature``, HMAC-SHA256 in hex or base64. Google's Pub/Sub shows a token
that Google signed. Whoever cannot gets one and the same answer.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from countermand.access import SYSTEM
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows import events, pushes
from countermand.flows.posted_bounces import PROVIDERS, posted_bounces
from countermand.lib import clock, id_tokens
from countermand.lib.log import say
from countermand.reads import installation
from countermand.web.answers import Scope, header

LARGEST = events.LARGEST
#: What a provider posts holds headers of one message.
_LARGEST_REPORT = 1 << 20
_PATH = re.compile(r"/api/v1/sources/([^/]{1,64})/events")
_BOUNCES = re.compile(rf"/api/v1/bounces/({'|'.join(PROVIDERS)})")


def source_of(scope: Scope) -> str | None:
    """The source whose address this is."""
    found = _PATH.fullmatch(scope["path"]) if scope["method"] == "POST" else None
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Post:
    """What is posted where machines post: how long it may be, and what answers it."""

    largest: int
    answer: Callable[[Config, Scope, IO[bytes]], dict[str, object]]


def post_of(scope: Scope) -> Post | None:
    """None if this is no such address."""
    if (source := source_of(scope)) is not None:
        return Post(LARGEST, lambda config, scope, body: {"new": keep(config, source, scope, body)})
    found = _BOUNCES.fullmatch(scope["path"]) if scope["method"] == "POST" else None
    if found is None:
        return None
    return Post(_LARGEST_REPORT, lambda config, scope, body: _hear(config, found[1], scope, body))


def _hear(config: Config, provider: str, scope: Scope, body: IO[bytes]) -> dict[str, object]:
    """Take back what did not arrive. Refused as ``posted_bounces`` does."""
    body.seek(0)
    done = posted_bounces(installation.act(SYSTEM), config, provider, _headers(scope), body.read())
    if done.bounced or done.passed_over:
        say("bounced", provider=provider, notices=done.bounced, untold=len(done.untold), passed_over=len(done.passed_over))
    return {"bounced": done.bounced, "already": done.already}


def keep(config: Config, source: str, scope: Scope, body: IO[bytes]) -> bool:
    """Store the event; False if it is a replay. Refused ``unknown-token`` unless the sender proves to be the source,
    ``provider-away`` if nobody can say whether it is genuine, and ``source-full``."""
    body.seek(0)
    data, headers, now = body.read(), _headers(scope), clock.now()
    if events.signed_as_webhook(config.state_dir, source, headers, data, now):
        return events.keep_event(source, data, now, headers.get("webhook-id", ""))
    password = _password(scope)
    if id_tokens.is_token(password) and pushes.proven(config, source, password, drill=installation.act(SYSTEM).drill):
        return events.keep_event(source, data, now, pushes.message_id(data))
    if not (events.knows(config.state_dir, source, password) or _signed(config, source, scope, data)):
        raise Refused("unknown-token")
    return events.keep_event(source, data, now)


def take(config: Config) -> None:
    """Take what waits. What this process does not come to, the worker does."""
    events.take_events(installation.act(SYSTEM), config.holdbacks)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


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
