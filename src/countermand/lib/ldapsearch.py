"""Asking an LDAP directory, by the program ``ldapsearch`` of OpenLDAP: read-only by its nature, and a process of its own.

The password goes through a pipe, never by a command line that others can see. TLS is verified, and asked for wherever the
directory is not on this machine. An answer that is not complete is none.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from countermand.core.errors import Refused

#: Entries of one page; Active Directory gives no more than 1,000 at once.
_PAGE = 500
#: Seconds for the first connection, and for one whole search.
_CONNECT, _LONGEST = 30, 3600
#: What its exit codes mean where "it failed" would not help (RFC 4511).
_MEANINGS = {
    3: "the directory's time limit ended the search",
    4: "the directory's size limit cut the answer off",
    8: "the directory asks for stronger authentication",
    13: "the directory asks for TLS",
    32: "there is nothing at this base",
    34: "a name is written wrongly",
    49: "the name or the password is wrong",
    50: "this account may not read there",
    51: "the directory is busy",
    52: "the directory is not available",
    53: "the directory will not",
    255: "it cannot be reached, or its certificate is not trusted",
}


@dataclass(frozen=True, slots=True)
class Server:
    """``url``: ldap:// or ldaps://; ``starttls``: encrypt before anything is said, and refuse to go on otherwise."""

    url: str
    bind_dn: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = True
    ca_file: Path | None = None


def search(server: Server, base: str, wanted: str, attributes: Sequence[str], into: Path, *, scope: str = "sub") -> None:
    """Write the complete answer, LDIF, into a file that only this account reads. Refused ``ldap-missing``, ``ldap-insecure``,
    ``ldap-failed``."""
    program = shutil.which("ldapsearch")
    if program is None:
        raise Refused("ldap-missing")
    secured = _secured(server)
    asked = [program, "-LLL", "-x", "-o", "ldif_wrap=no", "-o", f"nettimeout={_CONNECT}", "-E", f"pr={_PAGE}/noprompt"]
    asked += ["-H", server.url, *secured, "-b", base, "-s", scope]
    with tempfile.TemporaryDirectory() as nowhere, contextlib.ExitStack() as open_:
        if server.bind_dn:
            reader, writer = os.pipe()
            open_.callback(os.close, reader)
            os.write(writer, server.password.encode()[:4096])
            os.close(writer)
            asked += ["-D", server.bind_dn, "-y", f"/dev/fd/{reader}"]
        descriptor = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        file = open_.enter_context(os.fdopen(descriptor, "wb"))
        _run([*asked, wanted, *attributes], server, nowhere, file.fileno(), [reader] if server.bind_dn else [])


def _run(asked: Sequence[str], server: Server, nowhere: str, into: int, keep: Sequence[int]) -> None:
    # No file of somebody's home may change what is trusted.
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": nowhere, "LC_ALL": "C", "LDAPTLS_REQCERT": "demand"}
    if server.ca_file is not None:
        environment["LDAPTLS_CACERT"] = str(server.ca_file)
    try:
        done = subprocess.run(
            asked, stdin=subprocess.DEVNULL, stdout=into, stderr=subprocess.PIPE, env=environment, cwd=nowhere, pass_fds=keep,
            timeout=_LONGEST, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refused("ldap-failed", url=server.url, why=f"no end after {_LONGEST} seconds") from None
    if done.returncode:
        raise Refused("ldap-failed", url=server.url, why=_MEANINGS.get(done.returncode) or _said(done.stderr, done.returncode))


def _said(stderr: bytes, code: int) -> str:
    """What the program said, as far as one line can be shown."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    said = "".join(mark for mark in (lines[0] if lines else "") if mark.isprintable())[:200]
    return said or f"code {code}"


def _secured(server: Server) -> list[str]:
    """How TLS is asked for. Refused ``ldap-insecure`` where a password, or people, would travel in the clear."""
    parts = urlsplit(server.url)
    if parts.scheme == "ldaps":
        return []
    if parts.scheme != "ldap":
        raise Refused("ldap-insecure", url=server.url)
    if server.starttls:
        return ["-ZZ"]
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise Refused("ldap-insecure", url=server.url)
    return []
