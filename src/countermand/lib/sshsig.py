"""Signatures by SSH keys (``ssh-keygen -Y``): made where the key is, verified here or offline by an auditor.

What is signed is the hexadecimal digest of a bundle, as text without a newline, in the namespace ``countermand``. The
server holds public keys only.
"""

import base64
import hashlib
import subprocess
import tempfile
from pathlib import Path

from countermand.core.errors import Refused

NAMESPACE = "countermand"
#: Seconds that ssh-keygen may take; a key on a token waits for a touch when signing.
_VERIFY_PATIENCE, _SIGN_PATIENCE = 10, 120
_KINDS = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
_NAME = "signer"


def public_key(text: str) -> str:
    """The one OpenSSH public key in ``text`` as ``<type> <base64>``, comment dropped. Refused ``ssh-key-unusable``."""
    lines = [line for line in text.splitlines() if line.strip()]
    words = lines[0].split() if len(lines) == 1 else []
    if len(words) < 2 or words[0] not in _KINDS:
        raise Refused("ssh-key-unusable")
    key = f"{words[0]} {words[1]}"
    with tempfile.TemporaryDirectory(prefix="countermand-") as folder:
        file = _private(Path(folder) / "key.pub", key + "\n")
        if _run(["-l", "-f", str(file)], _VERIFY_PATIENCE).returncode != 0:
            raise Refused("ssh-key-unusable")
    return key


def fingerprint(key: str) -> str:
    """The key's SHA-256 as ssh-keygen prints it: ``SHA256:...``."""
    hashed = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(hashed).decode().rstrip("=")


def sign(key_file: Path, digest: str) -> str:
    """The armoured signature of ``digest`` by the private key in this file (or its twin in the agent, if the file is the
    public half). Refused ``signing-failed``, ``ssh-keygen-missing``."""
    with tempfile.TemporaryDirectory(prefix="countermand-") as folder:
        message = _private(Path(folder) / "digest", digest)
        done = _run(["-Y", "sign", "-f", str(key_file), "-n", NAMESPACE, str(message)], _SIGN_PATIENCE)
        made = Path(folder) / "digest.sig"
        if done.returncode != 0 or not made.exists():
            raise Refused("signing-failed", key=str(key_file), why=_last_line(done.stderr))
        return made.read_text()


def verifies(key: str, signature: str, digest: str) -> bool:
    """True if ``signature`` is ``digest`` signed by this public key in our namespace. Refused ``ssh-keygen-missing``."""
    with tempfile.TemporaryDirectory(prefix="countermand-") as folder:
        signers = _private(Path(folder) / "signers", f'{_NAME} namespaces="{NAMESPACE}" {key}\n')
        signed = _private(Path(folder) / "signature", signature)
        command = ["-Y", "verify", "-f", str(signers), "-I", _NAME, "-n", NAMESPACE, "-s", str(signed)]
        return _run(command, _VERIFY_PATIENCE, digest).returncode == 0


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _run(arguments: list[str], patience: int, given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["ssh-keygen", *arguments], input=given, capture_output=True, text=True, timeout=patience, check=False
        )
    except FileNotFoundError:
        raise Refused("ssh-keygen-missing") from None
    except subprocess.TimeoutExpired:
        raise Refused("signing-failed", key="ssh-keygen", why=f"it did not answer within {patience} s") from None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "ssh-keygen made no signature"
