"""The keys that security event tokens are signed with, and what receivers find of them.

A new key signs at once, since receivers look again for a key that they do not know. The one before it is published until nothing
that was sent under it waits for an answer, and for a day at least: somebody may verify later than they answered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant
from countermand.lib import keys, rsa_keys
from countermand.lib.rsa_keys import Signer
from countermand.store import log, said
from countermand.store.unit import aside

_NAME = "signals"
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Rotated:
    """``kid`` signs from now on; ``before`` is published for a while yet."""

    kid: str
    before: str


def signer(state_dir: Path) -> Signer:
    """The key that signs now, made if there is none. Refused key-…."""
    return _refusing(lambda: rsa_keys.signer(_directory(state_dir), _NAME))


def jwks(state_dir: Path) -> dict[str, Any]:
    """The JSON Web Key Set that receivers verify with. Refused key-…."""
    return _refusing(lambda: rsa_keys.jwks(rsa_keys.published(_directory(state_dir), _NAME)))


def foresee(act: Act, state_dir: Path) -> Rotated:
    """What a rotation would replace; changes nothing."""
    require(act.actor, "keys")
    return Rotated("", signer(state_dir).kid)


def rotate(act: Act, state_dir: Path) -> Rotated:
    """Sign with a new key from now on; the private half of the old one is destroyed. Refused key-…."""
    require(act.actor, "keys")
    before = signer(state_dir)
    with aside():
        made = _refusing(lambda: rsa_keys.follow(_directory(state_dir), _NAME))
        log.append("key-rotated", act, {"key": _NAME, "new": made.kid, "before": before.kid})
    return Rotated(made.kid, before.kid)


def retire(state_dir: Path, real: Instant) -> int:
    """Publish no key any longer under which nothing can wait. Returns how many were withdrawn."""
    directory = _directory(state_dir)
    published = _refusing(lambda: rsa_keys.published(directory, _NAME))
    in_use = said.keys_in_use() if len(published) > 1 else set()
    old = [
        one
        for one in published[:-1]
        if one.kid not in in_use and real - rsa_keys.replaced_at(directory, _NAME, one.number) >= DAY
    ]
    for one in old:
        _refusing(lambda number=one.number: rsa_keys.withdraw(directory, _NAME, number))  # type: ignore[misc]
    return len(old)


def _directory(state_dir: Path) -> Path:
    return state_dir / "keys"


def _refusing(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except keys.BadKeyFile as bad:
        raise Refused(bad.code, file=str(bad.path)) from bad
