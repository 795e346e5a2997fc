"""Syslog over TLS: messages of RFC 5424, framed by their length as RFC 5425 asks.

Syslog has no answer: what was written before the other side closed its connection may be lost without a word. So the
connection is closed properly after each batch, and a batch counts only once the other side has agreed to that.
"""

import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from countermand.core.errors import Refused
from countermand.lib.addresses import public
from countermand.signals.event import Event, moment
from countermand.signals.siem import FORMS
from countermand.signals.way import Undelivered

#: Facility 13 (log audit), severity 6 (informational): RFC 5424 §6.2.1.
_PRIORITY = 13 * 8 + 6
_CONNECT = 10.0


def frame(one: Event, form: str) -> bytes:
    """``LENGTH MESSAGE``. The origin stands as HOSTNAME, the entry's kind as MSGID (at most 32 printable characters)."""
    host = _printable(one.origin, 255)
    head = f"<{_PRIORITY}>1 {moment(one.at)} {host} countermand - {_printable(one.kind, 32)} - "
    message = (head + FORMS[form](one)).encode()
    return b"%d %b" % (len(message), message)


class Syslog:
    """``private``: whether it may be at an address that is none of the internet's."""

    def __init__(self, host: str, port: int, form: str, ca_file: Path | None, *, private: bool) -> None:
        self._host, self._port, self._form, self._ca_file, self._private = host, port, form, ca_file, private

    def tell(self, events: Sequence[Event]) -> None:
        content = b"".join(frame(one, self._form) for one in events)
        context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            with socket.create_connection((self._host, self._port), _CONNECT) as plain:
                self._at_home(plain)
                with context.wrap_socket(plain, server_hostname=self._host) as line:
                    line.sendall(content)
                    _closed(line)
        except OSError as fault:
            raise Undelivered(str(fault) or type(fault).__name__) from fault

    def _at_home(self, made: socket.socket) -> None:
        address = str(made.getpeername()[0])
        if not self._private and not public(address):
            raise Refused("address-private", host=self._host, address=address)


def _closed(line: ssl.SSLSocket) -> None:
    """Say that this is all, and hear the other side say so too, which it does after it read everything. One that only hangs up
    has read it as well: a reset is an OSError."""
    close: Callable[[], object] = line.unwrap
    try:
        close()
    except ssl.SSLEOFError:
        return


def _printable(text: str, most: int) -> str:
    return "".join(sign for sign in text if "!" <= sign <= "~")[:most] or "-"
