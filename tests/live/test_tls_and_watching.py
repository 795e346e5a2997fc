"""The control plane over TLS with a pinned authority, and what it says of itself to whoever watches it."""

import asyncio
import http.client
import json
import os
import signal
import ssl
from pathlib import Path

import pytest
from authority import Authority
from front_door import Door, wait_for

import control_rows as rows
from countermand.access import Act, Actor, Role
from countermand.config import Control, Database
from countermand.core.errors import Refused
from countermand.core.instants import HOUR
from countermand.flows.add_gate import NewGate, add_gate
from countermand.gates.client import Peer
from countermand.gates.config import load
from countermand.lib import clock
from countermand.web import tls

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def ask(
    door: Door, path: str, authority: Authority, version: ssl.TLSVersion | None = None, **headers: str
) -> tuple[int, str, str]:
    """(status, body, name of the certificate that was shown)."""
    context = ssl.create_default_context(cafile=str(authority.file))
    if version is not None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, version
    connection = http.client.HTTPSConnection("127.0.0.1", door.web_port, timeout=20, context=context)
    try:
        connection.request("GET", path, headers=headers)
        shown = connection.sock.getpeercert()
        found = connection.getresponse()
        return found.status, found.read().decode(), dict(pair[0] for pair in shown["subject"])["commonName"]
    finally:
        connection.close()


def test_a_gate_shows_its_certificate_where_one_is_wanted(tmp_path: Path, database: object) -> None:
    """Mutual TLS, as the control plane asks for it."""
    ours = Authority(tmp_path / "tls")
    certificate, key = ours.issue()
    mine = ours.issue_to("front-1")
    strange = Authority(tmp_path / "other", "somebody else").issue_to("front-1")
    asking = tls.of(Control(certificate_file=certificate, key_file=key, client_ca_file=ours.file))
    assert asking is not None
    context = asking.context

    async def run() -> list[int]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            shown = writer.get_extra_info("peercert")["subject"]
            ok = (("userId", "front-1"),) in [tuple(pair) for pair in shown] or (("UID", "front-1"),) in shown
            writer.write(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % (200 if ok else 403))
            await writer.drain()
            writer.close()

        found = []
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            for shown in (mine, strange, None):
                try:
                    async with Peer(url, ours.file, shown).exchange("GET", "/", [], b"", 10) as reply:
                        found.append(reply.status)
                except OSError:
                    found.append(0)
        return found

    assert asyncio.run(run()) == [200, 0, 0]
    for wrong in (Control(client_ca_file=ours.file), Control(certificate_file=certificate, key_file=key, client_ca_file=key)):
        with pytest.raises(Refused) as refused:
            tls.of(wrong)
        assert refused.value.code == "tls-unusable"


def test_a_gate_follows_over_tls_under_its_pinned_authority_alone(store: Database, tmp_path: Path) -> None:
    rows.found_house()
    version = rows.issue_order()
    told = [(version, clock.now() - HOUR)]
    rows.hire(0, "alice", told)
    rows.give(0, 0, "alice", "BAD1", told)
    ours, other = Authority(tmp_path / "tls"), Authority(tmp_path / "other", "somebody else")
    certificate, key = ours.issue(days=20)
    ada = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), clock.now())
    door = Door(tmp_path)
    try:
        door.start_web(store, f'certificate_file = "{certificate}"\nkey_file = "{key}"\n')
        url = f"https://127.0.0.1:{door.web_port}"
        new = NewGate("door", f"127.0.0.1:{door.gate_port}", url, ca=other.file.read_text())
        door.start_gate(add_gate(ada, tmp_path / "plane", new, tmp_path / "door"))
        wait_for(lambda: "feed-lost" in (tmp_path / "gate.log").read_text(), "the refusal of a stranger's certificate")
        assert door.fetch(door.gate_port, "GET", "/readyz").status == 503
        door.end("gate")
        (tmp_path / "door" / "ca.pem").write_text(ours.file.read_text())
        door.start_gate(tmp_path / "door" / "gate.toml")
        wait_for(lambda: door.fetch(door.gate_port, "GET", "/readyz").status == 200, "the snapshot over TLS")

        wait_for(lambda: ask(door, "/readyz", ours)[0] == 200, "the publisher's first word")
        found = json.loads(ask(door, "/readyz", ours)[1])
        assert set(found["checks"]) == {"database", "publisher", "ledger", "disk", "certificates"}
        assert 19 < found["running_out"]["tls"] <= 20, "said thirty days ahead"
        assert "running-out" in (tmp_path / "web.log").read_text()
        assert ask(door, "/metrics", ours, **{"X-Forwarded-For": "192.0.2.1"})[0] == 403
        wait_for(lambda: 'countermand_gate_silent_seconds{gate="door"}' in metrics(door, ours), "the gate's first report")
        seen = metrics(door, ours)
        assert 'countermand_directive_denied_devices{directive="no-tiktok"} 1\n' in seen
        assert 'countermand_certificate_days_left{name="feed"} 36' in seen
        assert "alice" not in seen
        assert "BAD1" not in seen

        with pytest.raises(ssl.SSLError), pytest.warns(DeprecationWarning, match="TLSv1_1"):
            ask(door, "/healthz", ours, ssl.TLSVersion.TLSv1_1)
        ours.issue(name="renewed")
        os.kill(door.running["web"].pid, signal.SIGHUP)
        wait_for(lambda: ask(door, "/healthz", ours)[2] == "renewed", "the new certificate")
        key.write_text("no key")
        os.kill(door.running["web"].pid, signal.SIGHUP)
        wait_for(lambda: "tls-reload-failed" in (tmp_path / "web.log").read_text(), "the refusal of half a pair")
        assert ask(door, "/healthz", ours)[2] == "renewed"
        for line in (tmp_path / "web.log").read_text().splitlines():
            json.loads(line)
    finally:
        door.close()


def metrics(door: Door, authority: Authority) -> str:
    """Counted every ten seconds at most."""
    status, text, _ = ask(door, "/metrics", authority)
    assert status == 200
    return text


def test_without_tls_nobody_beyond_this_machine_is_answered(database: Database, tmp_path: Path) -> None:
    for listen in ("0.0.0.0:8440", "[::]:8440", "192.0.2.7:8440", "countermand.example.org:8440"):
        with pytest.raises(Refused) as refused:
            tls.of(Control(listen=listen))
        assert refused.value.code == "plain-http"
        assert tls.of(Control(listen=listen, plain_http=True)) is None
    for listen in ("127.0.0.1:8440", "[::1]:8440", "localhost:8440"):
        assert tls.of(Control(listen=listen)) is None
    gate = tmp_path / "gate.toml"
    words = 'name = "g"\nlisten = "127.0.0.1:1"\ntoken_file = "t"\nroot_key_file = "r"\nsecret_file = "s"\nstate_dir = "d"\n'
    gate.write_text(words + 'control = "http://countermand.example.org"\n')
    with pytest.raises(Refused) as refused:
        load(gate)
    assert "plain_http" in refused.value.sentence
    gate.write_text(words + 'control = "http://countermand.example.org"\nplain_http = "allowed"\n')
    assert load(gate).name == "g"
