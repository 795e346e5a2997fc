"""The kinds of subscribers, and the way to each by its address."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib.addresses import loopback
from countermand.lib.http import Http
from countermand.signals.siem import FORMS
from countermand.signals.syslog import Syslog
from countermand.signals.way import Way
from countermand.signals.webhook import Webhook, parted

_SYSLOG_PORT = 6514


class Kind(StrEnum):
    WEBHOOK = "webhook"
    SYSLOG = "syslog"


#: How the address of each is written.
WRITTEN = {Kind.WEBHOOK: "https://HOST/PATH", Kind.SYSLOG: "tls://HOST:PORT"}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a subscriber is and how it is spoken to. ``private``: hosts that may be at a private address."""

    kind: Kind
    url: str
    form: str
    secret: str = field(repr=False)
    private: frozenset[str]
    ca_file: Path | None
    now: Callable[[], Instant]


def checked(kind: Kind, url: str) -> str:
    """The host of an address that a subscriber of this kind can have. Refused ``subscriber-url``, ``url-insecure``."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as wrong:
        raise _unfit(kind, url, str(wrong)) from None
    if not host or parts.username is not None or parts.fragment:
        raise _unfit(kind, url, "it names no host, or more than a place")
    if kind is Kind.SYSLOG:
        if parts.scheme != "tls" or parts.path not in {"", "/"} or parts.query or port == 0:
            raise _unfit(kind, url, "it is not tls:// with a host and a port")
    elif parts.scheme != "https" and not (parts.scheme == "http" and loopback(host)):
        raise Refused("url-insecure", url=url)
    return host


def way(link: Link) -> Way:
    """The way to it. Refused as ``checked``."""
    host = checked(link.kind, link.url)
    private = host in link.private
    if link.kind is Kind.SYSLOG:
        return Syslog(
            host, urlsplit(link.url).port or _SYSLOG_PORT, link.form or next(iter(FORMS)), link.ca_file, private=private
        )
    base, path = parted(link.url)
    return Webhook(Http(base, link.ca_file, internet=not private), path, link.secret, link.now)


def _unfit(kind: Kind, url: str, why: str) -> Refused:
    return Refused("subscriber-url", url=url, kind=kind.value, why=why, form=WRITTEN[kind])
