"""The front ends besides nginx, in process: their questions, their answers, and what nobody may learn from them."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap

from countermand.core.errors import Refused
from countermand.core.instants import HOUR
from countermand.gates import recipes
from countermand.gates.app import Gate
from countermand.gates.authzen import Authzen
from countermand.gates.config import GateConfig
from countermand.gates.configure import Failure, gate_file
from countermand.gates.dovecot import Dovecot
from countermand.gates.envoy import Envoy
from countermand.gates.held import Held
from countermand.gates.http import Request, Response
from countermand.gates.kick import Sessions
from countermand.gates.log import Log
from countermand.gates.messages import Answer, Message, converse
from countermand.snapshot.read import Snapshot
from countermand.snapshot.write import Entry
from gate_plane import DUE, ROOT, SECRET, Plane, basic, standing

LATE = DUE + HOUR
BAD = b"/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=BAD1"


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    settings = GateConfig("door", "", "", tmp_path, tmp_path, tmp_path, tmp_path)
    gate = Gate(settings, lambda: LATE, lambda: 0, Log(io.StringIO()))
    devices = {("alice", "eas", "BAD1"): 0, ("alice", "password", "pw-bad"): 0, ("alice", "cert", "ab" * 32): 0}
    path = Plane(time=LATE).snapshot(
        tmp_path / "s",
        devices=devices | {("alice", "password", "pw-good"): 1},
        people={"alice": 0},
        standings=[standing(text="Remove the app.\nThen mail works.")],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0]))],
    )
    gate.held = Held(Snapshot(path, ROOT.public), ROOT.public, SECRET, LATE, 0)
    return gate


def answered(answer: Answer, message: Message) -> Response:
    async def once() -> Response:
        return await answer(message)

    return asyncio.run(once())


def said(answer: Answer, target: bytes, asked: Any) -> dict[str, Any]:
    found = answered(answer, Message("POST", target, {}, json.dumps(asked).encode()))
    return dict(json.loads(found.body)) | {"code": found.status}


# -- Dovecot --


def test_dovecot_is_told_minus_one_or_nought_and_words_in_one_line(gate: Gate) -> None:
    answer = Dovecot(gate, Sessions(gate)).answer
    asked = {"login": "DOMAIN\\Alice", "protocol": "imap", "attrs": {"device": "pw-bad"}, "tls": False}
    assert said(answer, b"/?command=allow", asked) == {"status": -1, "msg": "Remove the app. Then mail works.", "code": 200}
    assert said(answer, b"/?command=allow", asked | {"attrs": {"device": "pw-good"}})["status"] == 0
    assert said(answer, b"/?command=allow", asked | {"attrs": {}, "device_id": '"x-device-id" "BAD1"'})["status"] == 0
    assert envoy(gate, b"/again", authorization=basic("alice"), x_original_uri=BAD.decode()).status == 403
    assert gate.shown.told(LATE) == {"no-tiktok": {"lately": 1, "hour": 1, "times": 2}}, "one device, by whatever door it comes"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null"])
def test_dovecot_is_not_broken_by_what_is_no_question(gate: Gate, body: bytes) -> None:
    assert answered(Dovecot(gate, Sessions(gate)).answer, Message("POST", b"/?command=allow", {}, body)).status == 400


def test_sessions_of_whom_is_denied_now_are_found_once(gate: Gate) -> None:
    gate.stop.signal(True)
    sessions = Sessions(gate)
    answer = Dovecot(gate, sessions).answer
    for device, success in (("pw-bad", True), ("pw-good", True), ("pw-bad", False), ("", True)):
        asked = {"login": "Alice", "remote": "10.0.0.1", "success": success, "policy_reject": False, "attrs": {"device": device}}
        assert said(answer, b"/?command=report", asked)["code"] == 200
    assert asyncio.run(sessions.denied()) == []
    gate.stop.signal(False)
    found = asyncio.run(sessions.denied())
    assert [(one.login, one.who.names, one.remote) for one in found] == [("Alice", (("password", "pw-bad"),), "10.0.0.1")]
    assert asyncio.run(sessions.denied()) == []


def test_what_a_client_says_of_itself_is_reported_of_who_got_in_without_a_devices_password(gate: Gate) -> None:
    answer = Dovecot(gate, Sessions(gate)).answer
    asked = {"login": "DOMAIN\\Alice", "success": True, "policy_reject": False, "attrs": {}, "device_id": '"name" "iOS\0 Mail"'}
    device = {"attrs": {"device": "pw-good"}}
    for more in ({"success": False}, {"policy_reject": True}, device, {"device_id": ""}, {"device_id": None}):
        assert said(answer, b"/?command=report", asked | more)["code"] == 200
    assert gate.sightings.due() == {}
    said(answer, b"/?command=allow", asked)
    assert gate.sightings.due() == {}, "who asks has not got in yet"
    said(answer, b"/?command=report", asked)
    (seen,) = gate.sightings.due().values()
    assert (seen["login"], seen["kind"], seen["value"]) == ("alice", "imap-id", '"name" "iOS  Mail"')


# -- Envoy --


def envoy(gate: Gate, target: bytes, **headers: str) -> Response:
    found = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
    return answered(Envoy(gate).answer, Message("POST", target, found))


def test_envoy_is_told_200_or_403_and_never_204(gate: Gate) -> None:
    asked = envoy(gate, b"/ask" + BAD, authorization=basic("alice"))
    said = (asked.status, asked.body, dict(asked.headers)[b"X-Countermand-Refuse"])
    assert said == (200, b"", b"1"), "nobody has proved anything yet"
    for path, login in ((b"/ask" + BAD, "bob"), (b"/ask/autodiscover", "alice")):
        allowed = envoy(gate, path, authorization=basic(login))
        assert (allowed.status, b"X-Countermand-Refuse" in dict(allowed.headers)) == (200, False)
    denied = envoy(gate, b"/again", authorization=basic("alice"), x_original_uri=BAD.decode())
    assert (denied.status, denied.body) == (403, b"Remove the app.\nThen mail works.\n")
    assert envoy(gate, b"/again", authorization=basic("alice"), x_original_uri="/").status == 200


def test_a_phones_path_reaches_nothing_else_of_the_gate(gate: Gate) -> None:
    for path in (b"/metrics", b"/decide", b"/askew", b"/ask"):
        assert envoy(gate, path).status == 404


def test_envoy_certificate_counts_and_two_sets_of_credentials_do_not(gate: Gate) -> None:
    certificate = f"By=spiffe://x;Hash={'AB' * 32};Subject=CN=phone"
    denied = envoy(gate, b"/ask/x", authorization=basic("alice"), x_forwarded_client_cert=certificate)
    assert b"X-Countermand-Refuse" in dict(denied.headers)
    assert envoy(gate, b"/ask" + BAD, authorization=f"{basic('bob')},{basic('alice')}").status == 400


# -- AuthZEN --


def test_authzen_evaluates(gate: Gate) -> None:
    asked: dict[str, Any] = {
        "subject": {"type": "user", "id": "alice", "properties": {"device": {"eas": "BAD1"}}},
        "action": {"name": "read"},
        "resource": {"type": "mailbox", "id": "alice"},
    }
    denied = said(Authzen(gate).answer, b"/access/v1/evaluation", asked)
    assert (denied["decision"], denied["context"]["because"]) == (False, ["no-tiktok"])
    asked["subject"]["properties"] = {}
    assert said(Authzen(gate).answer, b"/access/v1/evaluation", asked)["decision"] is True
    asked["context"] = {"device": {"cert": "ab" * 32}}
    assert said(Authzen(gate).answer, b"/access/v1/evaluation", asked)["decision"] is False


@pytest.mark.parametrize("asked", [{}, [], {"subject": {"type": "user", "id": 3}}, {"subject": {"type": "user", "id": "a"}}])
def test_authzen_says_400_to_what_is_no_request(gate: Gate, asked: object) -> None:
    message = Message("POST", b"/access/v1/evaluation", {b"x-request-id": b"7"}, json.dumps(asked).encode())
    found = answered(Authzen(gate).answer, message)
    assert (found.status, dict(found.headers)) == (400, {b"X-Request-ID": b"7"})
    assert answered(Authzen(gate).answer, Message("GET", b"/access/v1/evaluation")).status == 404


# -- messages --


class _Writer:
    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def conversation(*parts: bytes) -> bytes:
    async def echo(message: Message) -> Response:
        return Response(200, message.method.encode() + b" " + message.target + b" " + message.body)

    async def talk() -> _Writer:
        reader, writer = asyncio.StreamReader(), _Writer()
        for part in parts:
            reader.feed_data(part)
        reader.feed_eof()
        await converse(echo, reader, writer)  # type: ignore[arg-type]
        return writer

    writer = asyncio.run(talk())
    assert writer.closed
    return writer.written


def test_bodies_come_in_parts_and_requests_one_after_the_other() -> None:
    found = conversation(b"POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nab", b"cdGET /b HTTP/1.1\r\n\r\n")
    assert found.index(b"POST /a abcd") < found.index(b"GET /b ")


def test_what_is_no_http_or_too_long_is_told_so() -> None:
    assert b" 400 " in conversation(b"\x16\x03\x01nonsense\r\n\r\n")
    assert b" 400 " in conversation(b"POST / HTTP/1.1\r\nContent-Length: 999999\r\n\r\n" + b"x" * 140_000)


# -- recipes --


def settings(**changes: str) -> GateConfig:
    here = Path("/x")
    values = {"envoy": "127.0.0.1:1", "haproxy": "unix:/run/h.sock", "dovecot": "127.0.0.1:3"}
    return GateConfig("door", "127.0.0.1:8450", "", here, here, here, here, **(values | changes))  # type: ignore[arg-type]


def printed(kind: str, failure: Failure, part: str = "", **changes: str) -> str:
    return recipes.render(kind, recipes.Asked(settings(**changes), "127.0.0.1:8080", "0.0.0.0:443", failure, part))


@pytest.mark.parametrize("kind", recipes.RECIPES)
def test_every_recipe_is_whole_and_says_how_it_fails(kind: str) -> None:
    for failure in recipes.RECIPES[kind].failures:
        for part in recipes.RECIPES[kind].parts:
            text = printed(kind, failure, part, login_header="x-login", doveadm="http://127.0.0.1:8")
            rest = [
                line
                for line in text.splitlines()
                if "@" in line.replace("@countermand", "").replace("unix@", "").replace('"@type"', "")
            ]
            assert not rest
            if part != "spoe" and kind != "dovecot":
                assert recipes.SAID[failure].split(",")[0].format(keep=300) in text


@pytest.mark.parametrize("kind", ["envoy", "dovecot"])
def test_a_front_end_without_memory_cannot_keep_the_last_answer(kind: str) -> None:
    with pytest.raises(Refused, match="keeps no answers"):
        printed(kind, Failure.KEEP_LAST)


def test_an_address_that_the_gate_does_not_listen_to_is_asked_for() -> None:
    with pytest.raises(Refused, match="listens to no envoy yet"):
        printed("envoy", Failure.OPEN, envoy="")
    with pytest.raises(Refused, match="no part nonsense"):
        printed("nginx", Failure.OPEN, "nonsense")


def test_versions_that_were_not_proved_are_said() -> None:
    assert recipes.installed(("no-such-program", "-v")) == ""
    asked = recipes.Asked(settings(), "127.0.0.1:8080", ":443", Failure.OPEN, installed="2.4.1")
    assert "CAUTION: proved with version 2.3; 2.4.1 is installed here" in recipes.render("dovecot", asked)


def test_the_program_prints_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = {"name": "d", "listen": "127.0.0.1:1", "control": "http://127.0.0.1:2", "token_file": "t", "root_key_file": "r"}
    (tmp_path / "gate.toml").write_text(gate_file(values | {"secret_file": "s", "state_dir": "d"}))
    words = ["--config", str(tmp_path / "gate.toml")]
    assert recipes.main(["nginx", *words, "--failure", "keep-last", "--part", "http"]) == 0
    assert "proxy_cache_path" in capsys.readouterr().out
    assert recipes.main(["haproxy", *words]) == 2
    assert "listens to no haproxy" in capsys.readouterr().err


def test_kept_answers_are_bounded_by_the_gates_own_word_and_their_key_has_no_credential(gate: Gate) -> None:
    """Two traps: stale answers that live for as long as phones poll, and passwords in the names of cached files."""
    headers = {b"authorization": basic("alice").encode(), b"x-original-uri": BAD}
    assert dict(gate.answer(Request(b"/decide", headers)).headers)[b"X-Accel-Expires"] == b"300"
    for part in ("http", "server"):
        text = printed("nginx", Failure.KEEP_LAST, part)
        assert "use_stale" not in text
        assert "proxy_cache_valid" not in text
    keys = [line.strip() for line in text.splitlines() if "proxy_cache_key" in line]
    assert keys == ['proxy_cache_key "$request_method|$request_uri|$remote_user|$countermand_fingerprint";'] * 2
