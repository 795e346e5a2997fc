"""Receivers of Shared Signals: letting one in, giving it another secret, showing it the door; and tokens for what it may ask."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from countermand.access import Act, Actor, Role, require
from countermand.config import Config
from countermand.core import caep
from countermand.core.caep import Shape, Wording
from countermand.core.devices import IdentityKind
from countermand.core.errors import Refused
from countermand.core.forms import not_found
from countermand.core.instants import MINUTE, SECOND
from countermand.flows.set_keys import signer
from countermand.flows.stream_doors import checked_endpoint, credential
from countermand.lib import clock, keys
from countermand.signals.places import MANAGE, READ, places
from countermand.store import log, signal_receivers, streams
from countermand.store.signal_receivers import Receiver as Receiver
from countermand.store.unit import aside, unit

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
#: Names of a device that another system could know it by. A per-device password's name opens nothing elsewhere.
DEVICE_KINDS = tuple(kind.value for kind in IdentityKind if kind is not IdentityKind.PASSWORD)
#: Milliseconds that an access token lives.
LIFETIME = 30 * MINUTE
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class NewReceiver:
    """``secret``: shown this once; '' for one that only has tokens pushed to it. ``metadata``: where it finds everything else."""

    name: str
    secret: str = field(repr=False)
    metadata: str


@dataclass(frozen=True, slots=True)
class Left:
    name: str


@dataclass(frozen=True, slots=True)
class Access:
    """``token`` for ``seconds``, for what is in ``scopes``."""

    token: str = field(repr=False)
    scopes: frozenset[str]
    seconds: int


def receiver_add(
    act: Act,
    config: Config,
    name: str,
    wording: Wording,
    *,
    read_only: bool = False,
    push: str = "",
    authorization: str = "",
) -> NewReceiver:
    """Let a receiver in. It makes its own stream, with the secret that is shown this once; or ``push`` names where its tokens are
    pushed, the stream is made here, and it asks for nothing. Refused ``signals-issuer``, ``receiver-name``, ``receiver-exists``,
    ``receiver-audience``, ``unknown-choice``, and what an address is refused for."""
    require(act.actor, "subscribe")
    where = places(config.signals.issuer)
    if not _NAME.fullmatch(name):
        raise Refused("receiver-name", name=name)
    if signal_receivers.find(name) is not None:
        raise Refused("receiver-exists", name=name)
    _check(wording)
    if push:
        checked_endpoint(config, push, drill=act.drill)
    signer(config.state_dir)
    secret = "" if push else secrets.token_urlsafe(32)
    scopes = frozenset({READ} if read_only else {READ, MANAGE})
    stream_id = secrets.token_hex(16)
    sealed = credential(config.state_dir, stream_id, authorization)
    with aside():
        pk = signal_receivers.add(name, _digest(secret) if secret else "", scopes, wording, act.now)
        if push:
            asked = [caep.COMPLIANCE, *([caep.SESSION_REVOKED] if wording.revokes else [])]
            streams.add(pk, stream_id, act.now, method=caep.PUSH, endpoint=push, credential=sealed, requested=asked)
        log.append("receiver-added", act, _about(name, wording) | {"pushed": bool(push), "scopes": sorted(scopes)})
    return NewReceiver(name, secret, where.metadata)


def receiver_rotate(act: Act, config: Config, name: str) -> NewReceiver:
    """Give a receiver another secret; the old one, and every token that it got, open nothing any more. Refused ``not-found``,
    ``receiver-asks-nothing``."""
    require(act.actor, "subscribe")
    where, found = places(config.signals.issuer), known(name)
    if not found.secret_digest:
        raise Refused("receiver-asks-nothing", name=name)
    secret = secrets.token_urlsafe(32)
    with aside():
        signal_receivers.rotate(found.pk, _digest(secret), found.generation + 1)
        log.append("receiver-rotated", act, {"receiver": name})
    return NewReceiver(name, secret, where.metadata)


def receiver_revoke(act: Act, name: str) -> Left:
    """Tell a receiver nothing more and let it ask nothing; its stream is gone, with all that waited. Refused ``not-found``."""
    require(act.actor, "subscribe")
    found = known(name)
    with unit():
        if (stream := streams.of(name)) is not None:
            streams.remove(stream.pk)
        signal_receivers.remove(found.pk)
        log.append("receiver-revoked", act, {"receiver": name})
    return Left(name)


def known(name: str) -> Receiver:
    """Refused ``not-found``."""
    found = signal_receivers.find(name)
    if found is None:
        names = [one.name for one in signal_receivers.every()]
        raise not_found("receiver", name, names)
    return found


# -- what it may ask --

#: Whoever has not said yet who it is.
NOBODY = Actor("", frozenset())


def acting(found: Receiver) -> Actor:
    """Whoever asks over the network. It may do nothing but what concerns its own stream, which its door sees to."""
    return Actor(f"receiver {found.name}", frozenset({Role.SYSTEM}))


def access(config: Config, name: str, secret: str, wanted: Collection[str]) -> Access:
    """A token for a receiver that knows its secret; ``wanted`` scopes, or all of its own. Refused ``client-unknown``,
    ``scope-unknown``."""
    found = signal_receivers.find(name)
    kept = found.secret_digest if found else ""
    if not hmac.compare_digest(_digest(secret), kept) or found is None:
        raise Refused("client-unknown")
    scopes = frozenset(wanted) & found.scopes if wanted else found.scopes
    if not scopes:
        raise Refused("scope-unknown", known=" ".join(sorted(found.scopes)))
    seconds = clock.now() // SECOND
    claims = {
        "iss": config.signals.issuer,
        "aud": config.signals.issuer,
        "sub": name,
        "generation": found.generation,
        "scope": " ".join(sorted(scopes)),
        "iat": seconds,
        "exp": seconds + LIFETIME // SECOND,
    }
    token = jwt.encode(claims, _secret(config.state_dir), _ALGORITHM, {"typ": "at+jwt"})
    return Access(token, scopes, LIFETIME // SECOND)


def bearer(config: Config, token: str) -> tuple[Receiver, frozenset[str]]:
    """(whose token this is, its scopes). Refused ``access-token`` for one that opens nothing here, or nothing any more."""
    issuer = config.signals.issuer
    required = ["iss", "aud", "sub", "generation", "scope", "exp"]
    try:
        claims = jwt.decode(
            token, _secret(config.state_dir), [_ALGORITHM], audience=issuer, issuer=issuer, options={"require": required}
        )
    except jwt.PyJWTError:
        raise Refused("access-token") from None
    found = signal_receivers.find(str(claims["sub"]))
    if found is None or not found.secret_digest or found.generation != claims["generation"]:
        raise Refused("access-token")
    return found, frozenset(str(claims["scope"]).split()) & found.scopes


def _check(wording: Wording) -> None:
    if not wording.audience or any(sign.isspace() or not sign.isprintable() for sign in wording.audience):
        raise Refused("receiver-audience", audience=wording.audience)
    if wording.device_kind and wording.device_kind not in DEVICE_KINDS:
        raise Refused("unknown-choice", what="name of a device", name=wording.device_kind, known=", ".join(DEVICE_KINDS))
    if wording.shape not in set(Shape):
        raise Refused("unknown-choice", what="shape", name=str(wording.shape), known=", ".join(Shape))


def _about(name: str, wording: Wording) -> dict[str, object]:
    told = {"shape": wording.shape.value, "device": wording.device_kind, "revokes": wording.revokes, "inside": wording.inside}
    return {"receiver": name, "audience": wording.audience, **told}


def _digest(secret: str) -> str:
    """A secret of ours has 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _secret(state_dir: Path) -> bytes:
    try:
        return keys.load_or_create_secret(state_dir / "keys" / "receivers.secret")
    except keys.BadKeyFile as bad:
        raise Refused(bad.code, file=str(bad.path)) from bad
