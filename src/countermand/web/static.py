"""The files that pages are dressed in, read once. An address holds the file's digest, so it can be kept for ever."""

import hashlib
from functools import cache
from pathlib import Path

from countermand.web.answers import Scope, Send, answer, part

ROOT = "/static/"
_FOLDER = Path(__file__).parent / "static"
_KINDS = {".css": b"text/css; charset=utf-8", ".svg": b"image/svg+xml", ".js": b"text/javascript; charset=utf-8"}


@cache
def files() -> dict[str, tuple[str, bytes, bytes]]:
    """Name → (address, content type, bytes)."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _KINDS:
            octets = path.read_bytes()
            digest = hashlib.sha256(octets).hexdigest()[:16]
            found[path.name] = (f"{ROOT}{digest}/{path.name}", _KINDS[path.suffix], octets)
    return found


def address(name: str) -> str:
    """Where the file is. KeyError for a name that is none of ours."""
    return files()[name][0]


async def serve(scope: Scope, send: Send) -> None:
    """The file at exactly this address."""
    found = next((one for one in files().values() if one[0] == scope["path"]), None)
    if found is None or scope["method"] not in ("GET", "HEAD"):
        await answer(send, 404, {"code": "not-found"})
        return
    _, kind, octets = found
    headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(octets)),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await part(send, b"" if scope["method"] == "HEAD" else octets, more=False)
