"""Mail passwords that belong to one device: issued once, shown once, and known afterwards by their digest alone.

The digest is the device's identity at the mail door: Dovecot finds it in the file that ``passwd_file`` writes and tells the gate;
the gate sees neither the password nor a question about a wrong one. A password is long and random, so a plain digest suffices.
"""

import hashlib
import secrets

from countermand.access import Act, require
from countermand.core.devices import Identity, IdentityKind
from countermand.core.errors import Refused
from countermand.flows.flipping import flipping
from countermand.store import directory, feed, fleet, log
from countermand.store.unit import unit

#: 26 letters and digits that nobody mistakes for one another, in groups to be read aloud: some 128 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS = (5, 5, 5, 5, 6)


def issue_mail_password(act: Act, device: str) -> str:
    """A new password for this device's mail; the one before ends. Refused ``not-found device-retired device-ownerless``."""
    require(act.actor, "attest")
    with unit():
        return renew(act, *_owned(device))


def renew(act: Act, ordinal: int, login: str) -> str:
    """The password itself, in the caller's unit: whether it may be issued is the caller's to know."""
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(length)) for length in _GROUPS)
    before = _passwords(ordinal)
    fresh = identity(login, password)
    with flipping(act, devices=[ordinal]):
        fleet.unname_one(before)
        fleet.name([(ordinal, fresh)])
        fleet.reads_mail(ordinal)
    feed.mark_names((login, one.kind.value, one.value) for one in [*before, fresh])
    log.append("mail-password-issued", act, {"ended": len(before)}, [f"device:{ordinal}"])
    return password


def revoke_mail_password(act: Act, device: str) -> int:
    """This device's mail password ends; returns how many did. Refused ``not-found device-retired device-ownerless``."""
    require(act.actor, "attest")
    with unit():
        ordinal, login = _owned(device)
        before = _passwords(ordinal)
        if before:
            with flipping(act, devices=[ordinal]):
                fleet.unname_one(before)
            feed.mark_names((login, one.kind.value, one.value) for one in before)
            log.append("mail-password-revoked", act, {"ended": len(before)}, [f"device:{ordinal}"])
    return len(before)


def identity(login: str, password: str) -> Identity:
    """The name of the device that this password of this login was issued to. The login is part of it: a phone that changes
    hands does not take its password into somebody else's mailbox."""
    return Identity(IdentityKind.PASSWORD, f"{login}/{hashlib.sha256(password.encode()).hexdigest()}")


def _owned(device: str) -> tuple[int, str]:
    ordinal = fleet.named(device)
    row = fleet.load([ordinal])[ordinal]
    if row.retired:
        raise Refused("device-retired", device=device)
    login = directory.logins([row.owner]).get(row.owner, "") if row.owner is not None else ""
    # A colon would end the name in the file that Dovecot reads, and space the line.
    if not login or set(login) & set(": \t/"):
        raise Refused("device-ownerless", device=device)
    return ordinal, login


def _passwords(ordinal: int) -> list[Identity]:
    return [one for one in fleet.identities([ordinal]).get(ordinal, []) if one.kind is IdentityKind.PASSWORD]
