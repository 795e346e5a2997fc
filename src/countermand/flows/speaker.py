"""With whose voice the control plane speaks to gates: keys and secrets in the state directory's ``keys``, made on first use.

``root.key`` vouches for ``feed.key`` (``feed.certificate``) and can be kept elsewhere afterwards: only ``root.key.pub``, which
gates pin, and the certificates are read again. ``feed.certificate`` has a line per feed key there was, the last one's is in
use. ``gates.secret`` is the hash key that gates share; ``gates.tokens`` has a line ``name digest`` per gate that may ask.
"""

from dataclasses import dataclass
from pathlib import Path

from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant
from countermand.core.languages import SOURCE
from countermand.flows import epochs
from countermand.lib import drafts
from countermand.lib.keys import BadKeyFile, SigningKey, load, load_or_create, load_or_create_secret, load_public
from countermand.lib.read_json import read_json
from countermand.snapshot.signed import Certificate, certificate, certify, parts

#: How long a feed key is vouched for, and how long before its end a new certificate is due.
CERTIFIED, RENEW = 365 * DAY, 30 * DAY


@dataclass(frozen=True, slots=True)
class Speaker:
    """The feed's key with the line that vouches for it, and the secret that names in gates' tables are hashed with.

    ``chain``: the lines of the keys before it and its own. ``epoch``: the highest that a restore
    opened here; what is of an earlier one is an older copy, and does not speak. ``language``: what a door says to whoever has
    no language in the directory.
    """

    key: SigningKey
    certificate: bytes
    secret: bytes
    epoch: int = 0
    chain: bytes = b""
    state_dir: Path | None = None
    language: str = SOURCE

    def fresh(self) -> "Speaker":
        """This voice as its files are now: keys can be rotated while it speaks."""
        if self.state_dir is None:
            return self
        keys = keys_dir(self.state_dir)
        try:
            chain = (keys / "feed.certificate").read_bytes()
            if chain == self.chain:
                return self
            return _made(self.state_dir, load(keys / "feed.key"), self.secret, chain, self.language)
        except (BadKeyFile, OSError):
            return self  # in the middle of being replaced, or unreadable: what was read once goes on

    def vouched(self, real: Instant) -> bytes:
        """The lines that gates are told first: of the keys before, as long as they hold, and its own."""
        *before, last = self.chain.splitlines(keepends=True) or [self.certificate]
        return b"".join(line for line in before if read_json(parts(line)[1])["until"] > real) + last


def keys_dir(state_dir: Path) -> Path:
    return state_dir / "keys"


def speaker(state_dir: Path, real: Instant, language: str = SOURCE) -> Speaker:
    """The voice of the installation whose state is there, made now if it has none. ``real``: the real time, which decides
    about certificates also in a drill. Refused ``key-missing key-damaged key-readable``."""
    keys = keys_dir(state_dir)
    try:
        feed = load_or_create(keys / "feed.key")
        secret = load_or_create_secret(keys / "gates.secret")
        return _made(state_dir, feed, secret, _certificates(keys, feed, real), language)
    except BadKeyFile as bad:
        raise Refused(bad.code, file=str(bad.path)) from None


def certificates(keys: Path) -> list[Certificate]:
    """Every feed key that the root vouched for, the one in use last; none before gates were first spoken to."""
    path = keys / "feed.certificate"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    root = load_public(keys / "root.key.pub") if lines else None
    return [certificate(root, line) for line in lines] if root else []


def vouch(keys: Path, root: SigningKey, feed: SigningKey, real: Instant) -> bytes:
    """Add the root's word for ``feed`` to the certificates, in the place of what ran out; returns the file's new bytes."""
    known = [one for one in certificates(keys) if one.key != feed.public and real < one.until]
    line = certify(root, feed.public, max([real - DAY, *(one.since + 1 for one in known)]), real + CERTIFIED)
    chain = b"".join(one.line for one in known) + line
    drafts.write(keys / "feed.certificate", chain.decode())
    return chain


def _made(state_dir: Path, feed: SigningKey, secret: bytes, chain: bytes, language: str) -> Speaker:
    """The voice of ``feed``; its certificate need not be the last while the key is being replaced."""
    lines = [one for one in chain.splitlines(keepends=True) if _key_of(one) == feed.public.text]
    if not lines:
        raise BadKeyFile("key-damaged", keys_dir(state_dir) / "feed.certificate")
    return Speaker(feed, lines[-1], secret, epochs.kept(state_dir), chain, state_dir, language)


def _key_of(line: bytes) -> str:
    return str(read_json(parts(line)[1])["key"])


def _certificates(keys: Path, feed: SigningKey, real: Instant) -> bytes:
    if not (keys / "root.key.pub").exists():
        load_or_create(keys / "root.key")
    found = certificates(keys)
    lasting = any(one.key == feed.public and real < one.until - RENEW for one in found)
    # Near its end, or for another feed key, it is renewed if the root key is still at hand.
    if found and (lasting or not (keys / "root.key").exists()):
        return b"".join(one.line for one in found)
    return vouch(keys, load(keys / "root.key"), feed, real)
