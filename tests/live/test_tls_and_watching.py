"""The control plane over TLS with a pinned authority, and what it says of itself to whoever watches it."""

import asyncio
import http.client
import json
import os
import re
import signal
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from authority import Authority
from front_door import Door, wait_for

import control_rows as rows
from countermand.access import Act, Actor, Role
from countermand.cli.render import soon_over
from countermand.config import Control, Database, standard
from countermand.config import load as load_config
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR
from countermand.flows.accounts import First, init
from countermand.flows.add_gate import NewGate, add_gate
from countermand.flows.keyring import rotate_ledger
from countermand.flows.speaker import speaker
from countermand.gates.client import Peer
from countermand.gates.config import GateConfig, load
from countermand.gates.metrics import Metrics
from countermand.lib import clock
from countermand.operations import house, standing
from countermand.operations.operation import Call, perform
from countermand.reads import condition
from countermand.reads.metrics import metrics as published
from countermand.reads.settings import examine
from countermand.web import tls
from countermand.web.application import _look_ahead

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


class Once(threading.Event):
    """Set as soon as somebody waits for it."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def test_what_runs_out_is_said_thirty_days_ahead_wherever_somebody_looks(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real certificates: the chain that is shown, authorities old and new, the root's words for both keys, and a gate's own."""
    config = replace(standard(tmp_path / "state"), database=store)
    init(config, [First("ada", frozenset({Role.ADMINISTRATOR})), First("bo", frozenset({Role.OPERATOR}))])
    ada = Call(Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), clock.now()), config)
    speaker(config.state_dir, clock.now())
    rotate_ledger(ada.act, config)
    shown = Authority(tmp_path / "tls", days=20)
    certificate, key = shown.issue(days=90)
    chain, both = tmp_path / "chain.pem", tmp_path / "both.pem"
    chain.write_bytes(certificate.read_bytes() + shown.file.read_bytes())
    old, new = Authority(tmp_path / "old", days=2), Authority(tmp_path / "new", days=25)
    both.write_bytes(old.file.read_bytes() + new.file.read_bytes())
    file = tmp_path / "countermand.toml"
    file.write_text(
        f'state_dir = "{config.state_dir}"\ndatabase = "{store}"\n'
        f'[control]\ncertificate_file = "{chain}"\nkey_file = "{key}"\nclient_ca_file = "{both}"\n'
        f'[sources]\nca_file = "{old.file}"\n[levers]\nca_file = "{shown.file}"\n'
    )
    config = load_config(file)
    assert [one.key for one in examine(config).files if one.wrong and one.key.endswith("ca_file")] == []
    said = {"tls": 20, "control.client_ca_file": 25, "sources.ca_file": 2, "levers.ca_file": 20}
    seen = replace(ada, config=config)
    for days_left in (perform(standing.status, seen).running_out, perform(house.doctor, seen).running_out):
        assert {name: round(days) for name, days in days_left.items()} == said
    assert "The certificate of tls holds for 20 more days: renew it." in soon_over(condition.days_left(config))
    for name, days in (*said.items(), ("feed", 365), ("ledger", 3650)):
        found = re.search(f'countermand_certificate_days_left{{name="{name}"}} (.*)', published(config))
        assert found is not None
        assert round(float(found[1])) == days
    _look_ahead(config, Once())
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "running-out" in line]
    assert {line["name"]: round(line["days"]) for line in lines} == said

    mine = shown.issue_to("front-1")[0]
    gate = GateConfig("g", "127.0.0.1:1", "https://x", key, key, key, tmp_path, ca_file=both, certificate_file=mine)
    assert {name: round(days) for name, days in gate.days_left(clock.now()).items()} == {"certificate_file": 90, "ca_file": 25}
    text = Metrics().text({}, gate.days_left(clock.now()))
    assert 'countermand_gate_certificate_days_left{name="ca_file"} 2' in text

    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 21 * DAY)
    gone = next(check for check in condition.checks(config) if check.name == "certificates")
    assert gone.why == "ran out: tls", "a source's authority, which ran out as well, keeps nobody from being halted"
    assert "The certificate of tls ran out 1 days ago: renew it." in soon_over(condition.days_left(config))


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
