"""The site behind its door, asked as ASGI without a socket, by a browser that keeps cookies."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from countermand.web.site import Site


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def words(self) -> str:
        """What is read, without markup."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.text).split())


@dataclass
class Browser:
    """``language``: what it asks for; ``address``: from where it comes; ``host``: whom it asks; ``around``: what holds during
    each request."""

    site: Site
    language: str = ""
    address: str = "127.0.0.1"
    host: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    around: Callable[[], AbstractContextManager[None]] = nullcontext

    def get(self, path: str, **headers: str) -> Page:
        return self._ask("GET", path, b"", headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Page:
        """A form without its token, unless it is among the fields."""
        sent = {"content_type": "application/x-www-form-urlencoded", **headers}
        return self._ask("POST", path, urlencode(fields).encode(), sent)

    def submit(self, page: Page, action: str, **fields: str) -> Page:
        """The form of a page that leads to ``action``, filled in, and the page that it leads to."""
        form = next(one for one in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if f'action="{action}"' in one)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        answer = self.post(action, {**hidden, **fields})
        return self.get(answer.headers["location"]) if answer.status in (302, 303) else answer

    def _ask(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> Page:
        with self.around():
            return asyncio.run(self._asked(method, path, data, headers))

    async def _asked(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> Page:
        parts = urlsplit(path)
        sent = {"host": self.host, "accept-language": self.language, **headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent["content-length"] = str(len(data))
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": parts.path,
            "query_string": parts.query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
            "server": ("127.0.0.1", 80),
            "client": (self.address, 4711),
            "scheme": "http",
        }
        pieces = [{"type": "http.request", "body": data, "more_body": False}]
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return pieces.pop(0) if pieces else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)

        await self.site(scope, receive, send)
        for name, value in told[0]["headers"]:
            if name == b"set-cookie":
                self.cookies |= {key: one.value for key, one in SimpleCookie(value.decode()).items()}
        answered = {name.decode(): value.decode() for name, value in told[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in told[1:])
        return Page(told[0]["status"], answered, body)
