"""Mail servers' own logs of who got in, read line by line: nginx (and Apache) combined, IIS W3C of Exchange, Dovecot. Pure.

A *door* is a way to the mailbox: ActiveSync, EWS, OWA, MAPI, IMAP, POP. Lines that let nobody in, or tell of something else, are
passed over.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from countermand.core.people import normal_login
from countermand.gates.subject import device_ids

#: Path's beginning, lower-case → the door's name.
_DOORS = {
    "/microsoft-server-activesync": "ActiveSync",
    "/sogo/microsoft-server-activesync": "ActiveSync",
    "/ews/": "EWS",
    "/owa/": "OWA",
    "/ecp/": "OWA",
    "/mapi/": "MAPI over HTTP",
    "/rpc/": "Outlook Anywhere",
    "/powershell": "PowerShell",
    "/oab/": "OAB",
    "/sogo/": "web mail",
}
_COMBINED = re.compile(
    r'^(?P<peer>\S+) \S+ (?P<login>\S+|.+?) \[[^\]]+\] "(?P<method>[A-Z]+) (?P<uri>\S+) HTTP/[\d.]+" (?P<status>\d{3}) '
)
_DOVECOT = re.compile(
    r"(?P<door>imap|pop3|managesieve|submission)-login: (?:Info: )?Login: user=<(?P<login>[^>]*)>.*?rip=(?P<peer>[^,\s]+)"
)
_DOVECOT_DOORS = {"imap": "IMAP", "pop3": "POP3", "managesieve": "Sieve", "submission": "submission"}


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody got in by ``door``. ``peer``: the address that the mail server saw; ``devices``: ids named in the request."""

    door: str
    login: str
    peer: str
    devices: tuple[str, ...] = ()


def logins(lines: Iterable[str]) -> Iterator[Login]:
    """Who got in, in the order of the lines; the form of each line is found out by itself."""
    fields: list[str] = []
    for line in lines:
        if line.startswith("#Fields:"):
            fields = line.split()[1:]
            continue
        found = _of_iis(fields, line) if fields else (_of_combined(line) or _of_dovecot(line))
        if found is not None:
            yield found


def _of_iis(fields: list[str], line: str) -> Login | None:
    values = dict(zip(fields, line.split(), strict=False))
    query = values.get("cs-uri-query", "-").partition("&CorrelationID=")[0]
    uri = values.get("cs-uri-stem", "") + ("" if query == "-" else f"?{query}")
    return _of_http(uri, values.get("cs-username", "-"), values.get("c-ip", ""), values.get("sc-status", ""))


def _of_combined(line: str) -> Login | None:
    found = _COMBINED.match(line)
    return _of_http(found["uri"], found["login"], found["peer"], found["status"]) if found else None


def _of_http(uri: str, login: str, peer: str, status: str) -> Login | None:
    path, _, query = uri.partition("?")
    low = unquote(path).lower()
    door = next((name for start, name in _DOORS.items() if low.startswith(start)), "")
    if not door or login in {"-", ""} or not status.startswith("2"):
        return None
    return Login(door, normal_login(login), peer, device_ids(query.encode()))


def _of_dovecot(line: str) -> Login | None:
    found = _DOVECOT.search(line)
    return Login(_DOVECOT_DOORS[found["door"]], normal_login(found["login"]), found["peer"]) if found else None
