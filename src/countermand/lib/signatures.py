"""Signatures of approvers, by whichever kind of key: an SSH key at the command line, a passkey in the console."""

from countermand.lib import passkeys, sshsig


def verifies(key: str, signature: str, digest: str) -> bool:
    """True if ``signature`` is ``digest`` signed by this public key. What is neither kind verifies nowhere."""
    if passkeys.is_key(key):
        return passkeys.verifies(key, signature, digest)
    return sshsig.verifies(key, signature, digest)
