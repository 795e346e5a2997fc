"""The person from a client certificate, and from a proxy's introspection of a token: real TLS at every HTTP front end, from its
printed configuration."""

import http.client
import json
import re
import ssl
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from authority import Authority
from front_door import EAS, Answer
from other_doors import HTTP_KINDS, FrontEnd
from test_nginx_door import BAD, GOOD, USERS, keys, seed

from countermand.gates.logins import attribute
from gate_plane import basic

pytestmark = pytest.mark.live
TEXT = "Remove the app, then mail works again.\n"


class TlsDoor(FrontEnd):
    """Phones show certificates that ``authority`` issued; the mail server believes what the front end says of them."""

    def __init__(self, directory: Path, kind: str) -> None:
        super().__init__(directory, kind)
        self.authority = Authority(directory / "ca")
        self.server, self.key = self.authority.issue(name="mail.example.org")
        self.mail.vouched = self._vouched
        self.settings = {"login_form": "subject", "login_header": "x-client-subject"}

    def with_tls(self, text: str) -> str:
        both = self.directory / "both.pem"
        both.write_bytes(self.server.read_bytes() + self.key.read_bytes())
        ca = self.authority.file
        if self.kind == "haproxy":
            return re.sub(r"(?m)^( +bind \S+)$", rf"\1 ssl crt {both} ca-file {ca} verify optional", text)
        if self.kind == "envoy":
            files = f"certificate_chain: {{ filename: {self.server} }}, private_key: {{ filename: {self.key} }}"
            context = f"{{ tls_certificates: [{{ {files} }}], validation_context: {{ trusted_ca: {{ filename: {ca} }} }} }}"
            kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
            config = f'{{ "@type": {kind}, common_tls_context: {context} }}'
            socket = f"{{ name: envoy.transport_sockets.tls, typed_config: {config} }}"
            return text.replace("        - filters:", f"        - transport_socket: {socket}\n          filters:", 1)
        more = f"ssl_certificate {both}; ssl_certificate_key {both}; ssl_client_certificate {ca}; ssl_verify_client optional;"
        return text.replace(f"listen 127.0.0.1:{self.port};", f"listen 127.0.0.1:{self.port} ssl; {more}")

    def _vouched(self, headers: Message) -> str:
        """The mail server's side of the agreement. Envoy tells it in its own header."""
        if self.kind != "envoy":
            return attribute(headers.get("x-client-subject", ""), "UID")
        found = re.search(r'Subject="([^"]*)"', headers.get("x-forwarded-client-cert", ""))
        return attribute(found[1], "UID") if found else ""

    def show(self, login: str, query: str, method: str = "POST", **headers: str) -> Answer:
        """What a phone with this login's certificate is answered; without one if ``login`` is ''."""
        context = ssl.create_default_context(cafile=str(self.authority.file))
        if login:
            context.load_cert_chain(*map(str, self.authority.issue_to(login)))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        try:
            connection.request(method, f"{EAS}?{query}", b"\x03\x01\x6a\x00" if method == "POST" else None, headers)
            found = connection.getresponse()
            return Answer(found.status, found.read().decode(), dict(found.getheaders()), found.getheaders())
        finally:
            connection.close()


@pytest.fixture(params=HTTP_KINDS)
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TlsDoor]:
    door = TlsDoor(tmp_path, request.param)
    door.configure_gate(*keys(tmp_path))
    seed(tmp_path)
    try:
        door.start_gate()
        door.start_front()
        yield door
    finally:
        door.close()


def test_the_person_is_whom_the_certificate_names(door: TlsDoor) -> None:
    denied = door.show("alice", BAD)
    assert (denied.status, denied.body) == (403, TEXT)
    assert door.show("alice", "Cmd=Sync&DeviceId=OTHER").body == "mail for alice\n"
    assert door.show("bob", GOOD).body == "mail for bob\n"
    spoofed = {"X-Client-Subject": "UID=bob", "X-Forwarded-Client-Cert": 'Subject="UID=bob"'}
    assert door.show("alice", BAD, **spoofed).status == 403, "what a client says about certificates is nothing"
    assert door.show("alice", BAD, Authorization=basic("nobody")).status == 403, "nor does somebody's password help"
    assert door.show("bob", GOOD, Authorization=basic("alice", "wrong")).status == 200, "alice's GOOD1 is nobody's"
    strangers = [door.show("", BAD, **more) for more in ({}, spoofed, {"Authorization": basic("alice", "wrong")})]
    assert {one.status for one in strangers} == {401}
    assert len({repr(one.essence) for one in strangers}) == 1
    assert door.mail.delivered == {"alice": 1, "bob": 2}


@pytest.mark.parametrize("kind", ["nginx", "haproxy", "envoy"])
def test_the_person_is_whom_the_introspection_of_a_token_names(tmp_path: Path, kind: str) -> None:
    """A proxy in front of ours introspected the token; ours hands its header to the gate, and the mail server believes it."""
    door = FrontEnd(tmp_path, kind, USERS)
    door.settings = {"login_form": "introspection", "login_header": "x-token", "login_claim": "upn"}
    door.mail.vouched = lambda headers: str(json.loads(headers.get("x-token", "{}")).get("upn", "")).partition("\\")[2]
    door.configure_gate(*keys(tmp_path))
    seed(tmp_path)
    try:
        door.start_gate()
        door.start_front()

        def ask(login: str, query: str, active: bool = True) -> Answer:
            token = json.dumps({"active": active, "upn": f"EXAMPLE\\{login}", "exp": 1}) if login else "{}"
            return door.ask("", query, **{"X-Token": token, "Authorization": "Bearer abc"})

        assert (ask("alice", BAD).status, ask("alice", BAD).body) == (403, TEXT)
        assert ask("alice", "Cmd=Sync&DeviceId=OTHER").body == "mail for alice\n"
        assert ask("bob", GOOD).body == "mail for bob\n"
        assert ask("", BAD).status == 401
        assert door.metric('countermand_gate_decisions_total{outcome="allow",reason="not-proven"}') >= 1
    finally:
        door.close()
