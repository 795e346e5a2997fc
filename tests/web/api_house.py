"""A house behind the API's door, asked as ASGI without a socket: one account per role, each with its token."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from countermand.access import Role
from countermand.config import Config
from countermand.web.api.door import ApiDoor

ROLES = [role for role in Role if role is not Role.SYSTEM]
DOCUMENT = """\
schema: countermand/v1
id: no-tiktok
title: Remove TikTok
issuer: Information Security
reason: Security risks.
prohibits: [{product: TikTok}]
consequence: deny_mail
due: {after: 7d}
notices: {rescinded: default}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class ApiHouse:
    """``tokens`` by the account's name, which is its role's."""

    door: ApiDoor
    config: Config
    tokens: Mapping[str, str]

    def ask(self, who: str, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Answer:
        """One request. ``body``: JSON values, or bytes as they are; ``idempotency_key="x"`` and the like are headers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token or who:
            sent["authorization"] = f"Bearer {token or self.tokens[who]}"
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if data:
            sent.setdefault("content-type", "application/json")
        return asyncio.run(self._asked(method, path, data, sent))

    async def _asked(self, method: str, path: str, data: bytes, sent: Mapping[str, str]) -> Answer:
        parts = urlsplit(path)
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": parts.path if parts.path.startswith("/api/") else f"/api/v1{parts.path}",
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "server": ("127.0.0.1", 80),
        }
        pieces = [{"type": "http.request", "body": data, "more_body": False}]
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return pieces.pop(0) if pieces else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)

        await self.door(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in told[0]["headers"]}
        return Answer(told[0]["status"], headers, b"".join(message.get("body", b"") for message in told[1:]))


def multipart(name: str, files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """A form of files, and its content type."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'.encode() + data + b"\r\n"
        for file, data in files.items()
    ]
    return b"".join([*parts, b"--x--\r\n"]), "multipart/form-data; boundary=x"


def fresh(state_dir: Path) -> Path:
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return state_dir
