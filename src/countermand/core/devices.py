"""Devices as values: the phone, the names systems know it by, and what can be seen on it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct


class Platform(StrEnum):
    IOS = "ios"
    ANDROID = "android"


class Ownership(StrEnum):
    CORPORATE = "corporate"
    PERSONAL = "personal"
    CONTRACTOR = "contractor"


class Enrollment(StrEnum):
    """How a device is managed; decides what can be seen on it (visibility)."""

    SUPERVISED = "supervised"  # iOS supervised, Android fully managed
    DEVICE = "device"  # device enrolment, not supervised
    USER = "user"  # user enrolment, personally owned work profile
    COPE = "cope"  # company-owned, personal profile closed to us
    EAS = "eas"  # known to the mail server only
    NONE = "none"


class IdentityKind(StrEnum):
    SERIAL = "serial"
    UDID = "udid"
    EAS = "eas"
    ENTRA = "entra"
    GOOGLE = "google"
    CERT = "cert"
    PASSWORD = "password"


#: What a mail client says of itself: a name and a version that many devices share. Evidence, and no identity.
IMAP_ID = "imap-id"
#: Kinds of identity under which a gate can recognise a device at the mail door.
MAIL_KINDS = frozenset({IdentityKind.EAS, IdentityKind.CERT, IdentityKind.PASSWORD})


class Identity(Struct, frozen=True, order=True, gc=False):
    """One name of a device. Values are compared whole and case-sensitively, as the systems that issue them do."""

    kind: IdentityKind
    value: str


@dataclass(frozen=True, slots=True)
class Device:
    """One phone or tablet. ``login`` is the owner's, '' if nobody's; ``retired`` devices are out of every scope."""

    identities: frozenset[Identity]
    login: str
    platform: Platform
    model: str = ""
    ownership: Ownership = Ownership.PERSONAL
    enrollment: Enrollment = Enrollment.NONE
    reads_mail: bool = False
    retired: bool = False

    @property
    def mail_identities(self) -> frozenset[Identity]:
        """The names under which a gate could recognise it; none = noncompliant but not deniable."""
        return frozenset(identity for identity in self.identities if identity.kind in MAIL_KINDS)


#: What makers and systems write where a serial number should stand.
_NO_SERIAL = frozenset(
    {
        *("unknown", "none", "null", "nil", "na", "n/a", "empty", "invalid", "undefined", "notavailable", "notapplicable"),
        *("notspecified", "defaultstring", "serialnumber", "systemserialnumber", "tobefilledbyo.e.m.", "tobefilledbyoem"),
    }
)
_SHORTEST_SERIAL = 2
#: Names of one kind that one phone may have: a mail app has one of its own, a phone that is enrolled anew gets another.
_MOST = 8


def plausible(identity: Identity) -> bool:
    """Whether it can name one device: fillers would make one phone of thousands."""
    if identity.kind is not IdentityKind.SERIAL:
        return bool(identity.value.strip(" 0-"))
    bare = "".join(identity.value.lower().split())
    return len(bare) >= _SHORTEST_SERIAL and bare not in _NO_SERIAL and len(set(bare)) > 1


def one_device(*named: Collection[Identity]) -> bool:
    """Whether these can all be names of one phone: it has one serial number, and not many names of any kind."""
    values: dict[IdentityKind, set[str]] = {}
    for identity in {one for names in named for one in names}:
        values.setdefault(identity.kind, set()).add(identity.value)
    return len(values.get(IdentityKind.SERIAL, ())) <= 1 and all(len(some) <= _MOST for some in values.values())
