"""TLS for the control plane: 1.2 or newer, and a new certificate is taken up without a restart, by SIGHUP or when it changes."""

import ssl
import threading
from pathlib import Path

from countermand.config import Control
from countermand.core.errors import Refused
from countermand.lib.addresses import loopback
from countermand.lib.log import failure, say

_LOOK_EVERY = 5.0


class Certificate:
    """The files, and the context that listeners share: what is loaded into it is shown in the next handshake. ``client_ca``: the
    authority one of whose certificates everybody who connects must show; None for nobody."""

    def __init__(self, certificate_file: Path, key_file: Path, client_ca: Path | None = None) -> None:
        self._files = certificate_file, key_file
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load()
        self._seen = self._stamp()
        if client_ca is not None:
            self._ask_for(client_ca)

    def look(self, *, again: bool = False) -> bool:
        """Load the files if they changed, or ``again``; True if they were. What cannot be used is said, and the old one stays."""
        stamp = self._stamp()
        if stamp == self._seen and not again:
            return False
        self._seen = stamp
        try:
            self._load()
        except Refused as refused:
            say("tls-reload-failed", **failure(refused))
            return False
        say("tls-reloaded")
        return True

    def watch(self, stop: threading.Event) -> None:
        while not stop.wait(_LOOK_EVERY):
            self.look()

    def _load(self) -> None:
        try:
            # Into a context of its own first: a certificate without its key must not reach the one in use.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files)
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as wrong:
            raise Refused("tls-unusable", file=str(self._files[0]), why=wrong.strerror or str(wrong)) from wrong

    def _ask_for(self, client_ca: Path) -> None:
        """The authority is read once: another one needs a restart, or those whom the old one vouches for would still get in."""
        try:
            self.context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError) as wrong:
            raise Refused("tls-unusable", file=str(client_ca), why=wrong.strerror or str(wrong)) from wrong
        self.context.verify_mode = ssl.CERT_REQUIRED

    def _stamp(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in self._files)


def of(control: Control) -> Certificate | None:
    """The certificate to listen with; None for plain HTTP. Refused ``plain-http`` beyond this machine, ``tls-unusable``."""
    if control.certificate_file is not None:
        return Certificate(control.certificate_file, control.key_file or control.certificate_file, control.client_ca_file)
    if control.client_ca_file is not None:
        raise Refused("tls-unusable", file=str(control.client_ca_file), why="without certificate_file nobody can show one here")
    host = control.listen.rpartition(":")[0]
    if not control.plain_http and not loopback(host):
        raise Refused("plain-http", listen=control.listen)
    return None
