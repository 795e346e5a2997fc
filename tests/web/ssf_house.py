"""A house with an order and the door for receivers, on a real server over TLS; and a receiver that manages its stream there."""

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
import uvicorn

from countermand.config import Config
from countermand.web.ssf.door import SsfDoor
from listeners import certificate
from shared_signals import Believer, need

POLL, PUSH = "urn:ietf:rfc:8936", "urn:ietf:rfc:8935"


@contextmanager
def listening(folder: Path) -> Iterator[tuple[str, Path, "Behind"]]:
    """(address, the certificate to trust, what to put the door of a house behind) of a server."""
    crt, key = certificate(folder)
    plug = socket.create_server(("127.0.0.1", 0))
    behind = Behind()
    settings = uvicorn.Config(
        behind, interface="asgi3", loop="asyncio", http="httptools", ws="none", lifespan="off", log_level="error",
        ssl_certfile=str(crt), ssl_keyfile=str(key), timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([plug])), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{plug.getsockname()[1]}", crt, behind
    finally:
        if behind.door is not None:
            behind.door.end()
        server.should_exit = True
        thread.join(10)
        plug.close()


class Behind:
    """An application that is not there yet when its server begins to listen."""

    door: SsfDoor | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.door is not None
        assert self.door.serves(scope["path"])
        await self.door(scope, receive, send)

    def open(self, config: Config) -> None:
        self.door = SsfDoor(config)


@dataclass(frozen=True)
class Said:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def plain(self) -> Any:
        need(self.headers["content-type"].startswith("application/json"), "content type")
        return json.loads(self.body)


@dataclass
class Client:
    """The receiver's side of the management API. ``token``: what it shows; None for nothing."""

    issuer: str
    ca_file: Path
    name: str = ""
    secret: str = field(default="", repr=False)
    token: str | None = None
    stream: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(ca_certs=str(self.ca_file), retries=False, timeout=60)

    def ask(self, method: str, url: str, body: object = None, **headers: str) -> Said:
        """``body``: JSON, or bytes as they are."""
        headers["connection"] = "close"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if self.token is not None:
            headers.setdefault("authorization", f"Bearer {self.token}")
        answer = self._pool.request(method, url, body=content, headers=headers, redirect=False)
        found = {name.lower(): value for name, value in answer.headers.items()}
        need(found.get("cache-control") == "no-store", "cache-control")
        return Said(answer.status, found, answer.data)

    def metadata(self, name: str = "ssf-configuration") -> dict[str, Any]:
        parts = urlsplit(self.issuer)
        answer = self.ask("GET", f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path}")
        need(answer.status == 200, "metadata")
        found: dict[str, Any] = answer.plain
        return found

    def endpoint(self, name: str) -> str:
        return str(self.metadata()[f"{name}_endpoint"])

    def jwks(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", self.metadata()["jwks_uri"]).plain
        return found

    def sign_in(self, scope: str = "", *, by: str = "basic") -> Said:
        """Get a token by client credentials, as the authorization server's own metadata say."""
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if by == "basic":
            headers |= urllib3.make_headers(basic_auth=f"{self.name}:{self.secret}")
        else:
            form |= {"client_id": self.name, "client_secret": self.secret}
        self.token = None
        answer = self.ask(
            "POST", self.metadata("oauth-authorization-server")["token_endpoint"], urlencode(form).encode(), **headers
        )
        if answer.status == 200:
            self.token = answer.plain["access_token"]
        return answer

    # -- its stream --

    def create(self, body: object) -> Said:
        answer = self.ask("POST", self.endpoint("configuration"), body)
        if answer.status == 201:
            self.stream = answer.plain
        return answer

    @property
    def id(self) -> str:
        return str(self.stream["stream_id"])

    def read(self, stream_id: str | None = None) -> Said:
        query = f"?{urlencode({'stream_id': stream_id})}" if stream_id else ""
        return self.ask("GET", self.endpoint("configuration") + query)

    def delete(self, stream_id: str) -> Said:
        return self.ask("DELETE", f"{self.endpoint('configuration')}?{urlencode({'stream_id': stream_id})}")

    def status(self, stream_id: str | None = None) -> Said:
        return self.ask("GET", f"{self.endpoint('status')}?{urlencode({'stream_id': stream_id or self.id})}")

    def set_status(self, status: str, **more: str) -> Said:
        return self.ask("POST", self.endpoint("status"), {"stream_id": self.id, "status": status, **more})

    def verify(self, **more: object) -> Said:
        return self.ask("POST", self.endpoint("verification"), {"stream_id": self.id, **more})

    def poll(self, **asked: object) -> dict[str, Any]:
        answer = self.ask("POST", self.stream["delivery"]["endpoint_url"], {"returnImmediately": True, **asked})
        need(answer.status == 200, f"a poll is answered {answer.status}")
        found: dict[str, Any] = answer.plain
        need(isinstance(found["sets"], dict) and set(found) <= {"sets", "moreAvailable"}, "a poll's answer")
        most = asked.get("maxEvents")
        need(not isinstance(most, int) or len(found["sets"]) <= most, "more than maxEvents")
        return found

    def take(self, believer: Believer) -> list[str]:
        """Everything that waits, taken and acknowledged; the jti of it."""
        every: list[str] = []
        acks: list[str] = []
        while True:
            found = self.poll(ack=acks)
            for jti, token in found["sets"].items():
                need(believer.take(token)["jti"] == jti, "jti of a poll")
            acks = list(found["sets"])
            every += acks
            if not acks:
                return every


def state() -> str:
    return secrets.token_urlsafe(12)
