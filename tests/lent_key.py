"""One key to sign event tokens with, made once in a process and lent to every house that does not ask for its own."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from countermand.lib import rsa_keys


@cache
def _halves() -> dict[str, bytes]:
    with TemporaryDirectory() as name:
        rsa_keys.signer(Path(name), "signals")
        return {path.name: path.read_bytes() for path in Path(name).iterdir()}


def lend(state_dir: Path) -> None:
    """Into the directory of keys, as if it had been made there."""
    directory = state_dir / "keys"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in _halves().items():
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o600 if name.endswith(".pem") else 0o644)
