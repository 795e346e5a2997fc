"""A certified OpenID provider (npm's oidc-provider) on loopback, if this machine has npm."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_HERE = ROOT / "tests/live/provider"
#: Installed once, from the lock, and kept between runs.
_KEPT = ROOT / "build/identity-provider"
SECRET = "a secret of thirty-two letters or more"


def _installed() -> Path:
    if shutil.which("npm") is None:
        pytest.skip("no npm here: the provider cannot be installed")
    if not (_KEPT / "node_modules/oidc-provider").is_dir():
        _KEPT.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_HERE / name, _KEPT / name)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=_KEPT, capture_output=True)
        if done.returncode:
            pytest.skip("npm cannot install the provider here")
    return _KEPT


@contextmanager
def provider(back: str) -> Iterator[str]:
    """The issuer; ``back``: where it sends people."""
    folder = _installed()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["node", str(_HERE / "provider.mjs"), str(port), back, SECRET]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        assert process.stdout.readline().strip() == "ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
