"""With whose voice the control plane speaks to gates: keys and secrets in the state directory's ``keys``, made on first use.

``root.key`` vouches for ``feed.key`` (``feed.certificate``) and can be kept elsewhere afterwards: only ``root.key.pub``, which
gates pin, and the certificate are read again. ``gates.secret`` is the hash key that gates share; ``gates.tokens`` has a line
``name digest`` per gate that may ask.
"""

from dataclasses import dataclass
from pathlib import Path

from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant
from countermand.lib.keys import BadKeyFile, SigningKey, load, load_or_create, load_or_create_secret, load_public
from countermand.snapshot.signed import certificate, certify

#: How long a feed key is vouched for, and how long before its end a new certificate is due.
_CERTIFIED, _RENEW = 365 * DAY, 30 * DAY


@dataclass(frozen=True, slots=True)
class Speaker:
    """The feed's key with the line that vouches for it, and the secret that names in gates' tables are hashed with."""

    key: SigningKey
    certificate: bytes
    secret: bytes


def keys_dir(state_dir: Path) -> Path:
    return state_dir / "keys"


def speaker(state_dir: Path, real: Instant) -> Speaker:
    """The voice of the installation whose state is there, made now if it has none. ``real``: the real time, which decides
    about certificates also in a drill. Refused ``key-missing key-damaged key-readable``."""
    keys = keys_dir(state_dir)
    try:
        feed = load_or_create(keys / "feed.key")
        secret = load_or_create_secret(keys / "gates.secret")
        return Speaker(feed, _certificate(keys, feed, real), secret)
    except BadKeyFile as bad:
        raise Refused(bad.code, file=str(bad.path)) from None


def _certificate(keys: Path, feed: SigningKey, real: Instant) -> bytes:
    path = keys / "feed.certificate"
    if not (keys / "root.key.pub").exists():
        load_or_create(keys / "root.key")
    if path.exists():
        found = certificate(load_public(keys / "root.key.pub"), path.read_bytes())
        lasting = found.key == feed.public and real < found.until - _RENEW
        # Near its end, or for another feed key, it is renewed if the root key is still at hand.
        if lasting or not (keys / "root.key").exists():
            return found.line
    line = certify(load(keys / "root.key"), feed.public, real - DAY, real + _CERTIFIED)
    draft = path.with_suffix(".new")
    draft.write_bytes(line)
    draft.rename(path)
    return line
