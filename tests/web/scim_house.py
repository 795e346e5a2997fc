"""A house that a directory provisions: the SCIM service behind the web server on a socket, asked as directories ask."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import uvicorn
from scim2_client import BaseSyncSCIMClient
from scim2_client.client import RawResponse

from countermand.access import Act, Actor, Role
from countermand.config import Config, Database, standard
from countermand.core.instants import DAY
from countermand.flows.accounts import First, init
from countermand.flows.tokens import token_add
from countermand.reads import installation
from countermand.web.scim.door import ScimDoor

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Answered:
    """An answer as scim2-client reads one."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class ScimHouse:
    """``token`` is of the scope scim; ``own`` is the operator's account's."""

    port: int
    config: Config
    token: str
    own: str

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Answered:
        sent = {"Authorization": f"Bearer {self.token if token is None else token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/scim+json")
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, f"/scim/v2{path}", data, sent)
            answer = line.getresponse()
            return Answered(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            line.close()

    def find(self, path: str, wanted: str, **more: str) -> list[dict[str, Any]]:
        """The resources that fit a filter."""
        answer = self.ask("GET", f"{path}?{urlencode({'filter': wanted, **more})}")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["Resources"])

    def made(self, path: str, **said: Any) -> dict[str, Any]:
        """A new user or group."""
        schema = USER if path == "/Users" else GROUP
        answer = self.ask("POST", path, {"schemas": [schema], **said})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def patch(self, path: str, *operations: dict[str, Any]) -> Answered:
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def act(self) -> Act:
        return installation.act(Actor("operator", frozenset({Role.OPERATOR})))


class Client(BaseSyncSCIMClient):
    """scim2-client over a plain connection."""

    def __init__(self, house: ScimHouse) -> None:
        super().__init__()
        self._house = house

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return not urlsplit(endpoint).scheme

    def _parse_json(self, response: RawResponse) -> Any:
        return json.loads(response.text)

    def request(self, method: str, url: str, **given: Any) -> Any:
        params = f"?{urlencode(given['params'], doseq=True)}" if given.get("params") else ""
        headers = {name.replace("-", "_"): value for name, value in (given.get("headers") or {}).items()}
        return self._house.ask(method, f"/{url.lstrip('/')}{params}", given.get("json"), **headers)


@contextmanager
def opened(store: Database, folder: Path, **sections: Any) -> Iterator[ScimHouse]:
    """The service on a port of this machine. ``sections`` of the configuration."""
    state = folder / "state"
    state.mkdir(mode=0o700)
    config = replace(standard(state), database=store, **sections)
    firsts = [First("operator", frozenset({Role.OPERATOR})), First("ada", frozenset({Role.ADMINISTRATOR}))]
    made = init(config, firsts)
    actor = Actor("operator", frozenset({Role.OPERATOR}))
    _, token = token_add(installation.act(actor), "entra", ["scim"], 30 * DAY)
    door = ScimDoor(config)
    server = uvicorn.Server(
        uvicorn.Config(door, host="127.0.0.1", port=0, lifespan="off", log_config=None, http="httptools", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield ScimHouse(port, config, token, made.tokens["operator"])
    finally:
        server.should_exit = True
        thread.join(30)
        door.end()
