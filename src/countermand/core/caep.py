"""Security events as Shared Signals receivers read them: their types, whom they are about, and what stands in a token.

OpenID SSF 1.0, CAEP 1.0, RFC 8417 (security event tokens) and RFC 9493 (subject identifiers). Pure: ids and times come in.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from countermand.core.instants import SECOND, Instant

_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
COMPLIANCE = _CAEP + "device-compliance-change"
SESSION_REVOKED = _CAEP + "session-revoked"
VERIFICATION = _SSF + "verification"
STREAM_UPDATED = _SSF + "stream-updated"

PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"

Json = Mapping[str, Any]


class Compliance(StrEnum):
    """CAEP's two words. *Not compliant* is whoever an order in force denies now; nothing is said of anybody else."""

    COMPLIANT = "compliant"
    NOT_COMPLIANT = "not-compliant"

    @property
    def other(self) -> "Compliance":
        return Compliance.COMPLIANT if self is Compliance.NOT_COMPLIANT else Compliance.NOT_COMPLIANT


class Shape(StrEnum):
    """How a stream names its subjects: the device with its person, the device alone, or the person alone."""

    COMPLEX = "complex"
    DEVICE = "device"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a receiver is told; the operator's choice. ``device_kind``: under which of its names a device is told, '' for our own;
    ``revokes``: it may ask for session-revoked; ``inside``: the subject stands inside the event as well."""

    audience: str
    shape: Shape = Shape.COMPLEX
    device_kind: str = ""
    revokes: bool = False
    inside: bool = False


class Status(StrEnum):
    """Of a stream. Paused: nothing leaves, and the last word about each subject waits. Disabled: nothing leaves or waits."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Phone:
    """What a subject is made of. ``device``: the name it is told under; ``login`` '' and ``email`` '' where there is none."""

    device: str
    login: str
    email: str


def subject(shape: Shape, issuer: str, phone: Phone) -> Json | None:
    """Whom an event is about; None if the shape needs a name that there is not."""
    device = {"format": "iss_sub", "iss": issuer, "sub": phone.device}
    if shape is Shape.DEVICE:
        return device
    user = _user(issuer, phone)
    if shape is Shape.USER:
        return user if user and user["format"] == "email" else None
    return {"format": "complex", "device": device} | ({"user": user} if user else {})


def _user(issuer: str, phone: Phone) -> Json | None:
    email = phone.email or (phone.login if "@" in phone.login else "")
    if email:
        return {"format": "email", "email": email}
    return {"format": "iss_sub", "iss": issuer, "sub": phone.login} if phone.login else None


def of_stream(stream_id: str) -> Json:
    """The subject of events that are about a stream itself."""
    return {"format": "opaque", "id": stream_id}


def matches(asked: Json, told: Json) -> bool:
    """Whether a subject that a receiver names is one of ours (SSF 1.0, subject matching): simple ones if they are identical,
    complex ones if no member that both have differs. A simple one is also found as the person or the device of a complex one."""
    if asked.get("format") != "complex" or told.get("format") != "complex":
        return _plain(asked) == _plain(told) or any(_plain(asked) == _plain(told.get(part)) for part in ("user", "device"))
    both = (asked.keys() & told.keys()) - {"format"}
    return bool(both) and all(_plain(asked[name]) == _plain(told[name]) for name in both)


def well_formed(asked: object) -> bool:
    """Whether this is a subject identifier at all: an object that names its format, with more in it than that."""
    return isinstance(asked, dict) and isinstance(asked.get("format"), str) and len(asked) > 1


def _plain(one: object) -> object:
    """What is compared. Nobody's mailbox differs from another's by the case of a letter."""
    if isinstance(one, dict) and one.get("format") == "email":
        return {**one, "email": str(one.get("email", "")).lower()}
    return one


def canonical(one: Json) -> str:
    """A subject as the one text by which it is known."""
    return json.dumps(one, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def changed(now: Compliance, at: Instant, by: str, reason: str, advice: Mapping[str, str]) -> Json:
    """What *device-compliance-change* says. ``by``: admin or policy; ``reason`` for administrators, ``advice`` for the person, by
    language."""
    return {"previous_status": now.other.value, "current_status": now.value, **_common(at, by, reason, advice)}


def revoked(at: Instant, by: str, reason: str, advice: Mapping[str, str]) -> Json:
    """What *session-revoked* says."""
    return _common(at, by, reason, advice)


def _common(at: Instant, by: str, reason: str, advice: Mapping[str, str]) -> Json:
    told = {"event_timestamp": at // SECOND, "initiating_entity": by, "reason_admin": {"en": reason}}
    return {**told, "reason_user": dict(advice)} if advice else told


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every token of a stream has. ``inside``: the subject stands in the event as well, where some receivers look for it."""

    issuer: str
    audience: str
    inside: bool = False


def claims(head: Letterhead, jti: str, at: Instant, txn: str, sub_id: Json, type_: str, event: Json) -> dict[str, Any]:
    """One security event token with one event. There is no ``sub`` and no ``exp`` in it, so that nothing takes it for another
    kind of token."""
    about = {"subject": _unformatted(sub_id), **event} if head.inside and type_.startswith(_CAEP) else dict(event)
    return {
        "iss": head.issuer,
        "jti": jti,
        "iat": at // SECOND,
        "aud": head.audience,
        "txn": txn,
        "sub_id": dict(sub_id),
        "events": {type_: about},
    }


def _unformatted(sub_id: Json) -> Json:
    """A subject as it stood inside events before SSF 1.0: the members of a complex one without its format, a simple one under
    what it is."""
    if sub_id.get("format") == "complex":
        return {name: value for name, value in sub_id.items() if name != "format"}
    return {"user" if sub_id.get("format") == "email" else "device": dict(sub_id)}


def delivered(supported: Sequence[str], requested: Sequence[str]) -> list[str]:
    """The types that a stream delivers: what it can, of what was asked for."""
    return [one for one in supported if one in requested]
