"""Whose signature an approval is: by the account's SSH key, or by a passkey of it that counted when it signed."""

from collections.abc import Iterable, Mapping

from countermand.core.instants import Instant
from countermand.lib import passkeys, signatures
from countermand.store import operators
from countermand.store import passkeys as rows
from countermand.store.approvals import Approval

#: name → (key, from when its signatures count)
Keys = Mapping[str, tuple[tuple[str, Instant], ...]]


def keys() -> Keys:
    """Every key that is registered now."""
    found: dict[str, list[tuple[str, Instant]]] = {}
    for account in operators.every():
        if account.ssh_key:
            found.setdefault(account.name, []).append((account.ssh_key, 0))
    for one in rows.every():
        found.setdefault(one.operator, []).append((one.public_key, one.counts_from))
    return {name: tuple(pairs) for name, pairs in found.items()}


def signed_with(known: Keys, name: str, signature: str, digest: str, at: Instant) -> str | None:
    """The key of this operator that made the signature, and counted then."""
    for key, since in known.get(name, ()):
        if (
            since <= at
            and passkeys.is_key(key) is passkeys.is_assertion(signature)
            and signatures.verifies(key, signature, digest)
        ):
            return key
    return None


def verified(given: Iterable[Approval], digest: str) -> frozenset[str]:
    """The operators whose stored signature is the bundle's, made by a key that is registered for them now: an approval is
    believed for its signature and not for its row."""
    known = keys()
    return frozenset(one.operator for one in given if signed_with(known, one.operator, one.signature, digest, one.at))
