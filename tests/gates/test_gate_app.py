"""The gate as a whole, in process: routes, headers, metrics, logs, stop, sightings, HTTP framing and its settings."""

import io
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyroaring import BitMap

from countermand import __version__
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE
from countermand.gates import config
from countermand.gates.app import Gate
from countermand.gates.config import GateConfig
from countermand.gates.configure import Failure, NginxSettings, gate_file, http_part, server_part
from countermand.gates.configure import main as render
from countermand.gates.held import Held
from countermand.gates.http import Request, Response
from countermand.gates.log import Log
from countermand.gates.shown import Shown, unknown
from countermand.gates.sightings import Sightings, receive
from countermand.lib.log import pseudonym
from countermand.snapshot.read import Snapshot
from countermand.snapshot.write import Entry
from gate_lines import exchanged, opened
from gate_plane import DUE, ROOT, SECRET, Plane, basic, standing

LATE = DUE + HOUR


class Clock:
    def __init__(self) -> None:
        self.now = LATE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def gate(tmp_path: Path, clock: Clock, log: io.StringIO) -> Gate:
    settings = GateConfig("door", "", "", tmp_path, tmp_path, tmp_path, tmp_path)
    gate = Gate(settings, lambda: clock.now, lambda: clock.now - LATE, Log(log))
    path = Plane(time=LATE).snapshot(
        tmp_path / "s",
        devices={("alice", "eas", "ApplBAD1"): 0},
        people={"alice": 0, "carol": 1},
        standings=[standing(text="Remove the app."), standing("other", text="Remove the other.")],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0])), Entry("other", 0, DUE, BitMap([0]))],
        unregistered=[Entry("no-tiktok", 0, DUE, BitMap([1]))],
    )
    gate.held = Held(Snapshot(path, ROOT.public), ROOT.public, SECRET, LATE, 0)
    return gate


def ask(gate: Gate, login: str, device: str, path: bytes = b"/decide", **headers: bytes) -> Response:
    found = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    uri = f"/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId={device}".encode()
    return gate.answer(Request(path, {b"authorization": basic(login).encode(), b"x-original-uri": uri, **found}))


def test_a_denial_says_why_to_the_front_end_only(gate: Gate) -> None:
    found = ask(gate, "alice", "ApplBAD1")
    assert (found.status, found.body) == (403, b"")
    assert dict(found.headers)[b"X-Countermand-Because"] == b"no-tiktok,other"
    assert dict(found.headers)[b"X-Countermand-Reason"] == b"denied"
    allowed = ask(gate, "bob", "X")
    assert (allowed.status, dict(allowed.headers)[b"X-Countermand-Reason"]) == (204, b"unregistered")


def test_the_page_has_the_words_of_every_order_that_denies(gate: Gate) -> None:
    shown = ask(gate, "alice", "ApplBAD1", b"/denied", x_countermand_because=b"no-tiktok,other,unheard-of")
    assert (shown.status, shown.body) == (403, b"Remove the app.\n\nRemove the other.\n")
    assert b"help desk" in ask(gate, "alice", "ApplBAD1", b"/denied").body


def test_denials_that_are_shown_are_counted_by_directive_as_devices_and_forgotten(gate: Gate, clock: Clock) -> None:
    def show(login: str, device: str, because: bytes = b"no-tiktok") -> None:
        ask(gate, login, device, b"/denied", x_countermand_because=because)

    ask(gate, "alice", "ApplBAD1")
    assert gate.shown.told(clock.now) == {}, "what is decided may be a stranger's"
    for device in ("MADE-UP", "MADE-UP", "ANOTHER"):
        show("carol", device)
    clock.now += 50 * MINUTE
    show("alice", "ApplBAD1", b"no-tiktok,other,unheard-of")
    show("alice", "ApplBAD1", b"no-tiktok,other")
    assert gate.shown.told(clock.now) == {
        "no-tiktok": {"lately": 1, "hour": 3, "times": 5},
        "other": {"lately": 1, "hour": 1, "times": 2},
    }
    assert "countermand_gate_denied_pages_total 5\n" in metrics(gate)
    clock.now += 15 * MINUTE
    assert gate.shown.told(clock.now)["no-tiktok"] == {"lately": 0, "hour": 1, "times": 2}
    clock.now -= 2 * HOUR
    assert gate.shown.told(clock.now) == {}, "nor what a clock that was set back leaves ahead of it"


def test_made_up_devices_are_counted_up_to_a_bound_and_known_ones_always() -> None:
    found = Shown()
    for number in range(10_500):
        found.note(["no-tiktok"], unknown(number), LATE)
    for ordinal in range(500):
        found.note(["no-tiktok"], ordinal, LATE)
    assert found.told(LATE)["no-tiktok"] == {"lately": 10_500, "hour": 10_500, "times": 11_000}


def test_the_page_may_be_activesyncs_own(gate: Gate) -> None:
    gate.config = replace(gate.config, denial="activesync")
    shown = ask(gate, "alice", "ApplBAD1", b"/denied", ms_asprotocolversion=b"14.1", x_countermand_because=b"no-tiktok")
    assert (shown.status, shown.kind) == (200, b"application/vnd.ms-sync.wbxml")
    assert ask(gate, "alice", "ApplBAD1", b"/denied", ms_asprotocolversion=b"12.1").status == 403


def test_a_domain_of_the_house_is_not_part_of_a_login(gate: Gate) -> None:
    assert ask(gate, "Alice@Example.ORG", "ApplBAD1").status == 204
    gate = Gate(replace(gate.config, login_domains="example.com EXAMPLE.org"), gate.now, gate.steady, gate.log)
    gate.held = Held(Snapshot(gate.config.state_dir / "s", ROOT.public), ROOT.public, SECRET, LATE, 0)
    for login in ("Alice@Example.ORG", "DOMAIN\\alice", "alice"):
        assert ask(gate, login, "ApplBAD1").status == 403, login
    assert ask(gate, "alice@elsewhere.example", "ApplBAD1").status == 204


def test_stopped_everything_is_allowed_and_counted(gate: Gate, tmp_path: Path) -> None:
    said: list[bool] = []
    gate.stop.changed = said.append
    (tmp_path / "stop").touch()
    gate.stop.look()
    assert ask(gate, "alice", "ApplBAD1").status == 204
    assert 'countermand_gate_fail_open_total{reason="stopped"} 1' in metrics(gate)
    (tmp_path / "stop").unlink()
    gate.stop.look()
    gate.stop.look()
    assert said == [True, False]
    assert ask(gate, "alice", "ApplBAD1").status == 403


def test_a_signal_stops_at_once_and_outlives_the_file(gate: Gate, tmp_path: Path) -> None:
    said: list[bool] = []
    gate.stop.changed = said.append
    gate.stop.signal(True)
    assert ask(gate, "alice", "ApplBAD1").status == 204
    (tmp_path / "stop").touch()
    gate.stop.look()
    (tmp_path / "stop").unlink()
    gate.stop.look()
    assert ask(gate, "alice", "ApplBAD1").status == 204, "the signal still holds"
    gate.stop.signal(False)
    assert ask(gate, "alice", "ApplBAD1").status == 403
    assert said == [True, False]


def metrics(gate: Gate) -> str:
    return gate.answer(Request(b"/metrics")).body.decode()


def test_metrics_are_prometheus_text(gate: Gate, clock: Clock) -> None:
    ask(gate, "alice", "ApplBAD1")
    ask(gate, "bob", "X")
    gate.metrics.refused["feed-forged"] += 1
    clock.now += 90_500
    text = metrics(gate)
    assert 'countermand_gate_decisions_total{outcome="deny",reason="denied"} 1\n' in text
    assert 'countermand_gate_refused_total{code="feed-forged"} 1\n' in text
    assert "countermand_gate_heartbeat_age_seconds 90.5\n" in text
    assert "countermand_gate_ready 1\n" in text
    for line in text.splitlines():
        assert line.startswith(("# HELP countermand_gate_", "# TYPE countermand_gate_", "countermand_gate_"))
    clock.now += 25 * HOUR
    assert "countermand_gate_stale_lineages 2\n" in metrics(gate)


def test_a_rehearsals_gate_has_no_clock_but_the_feeds(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    clock.now = DUE - 9 * HOUR
    assert ask(gate, "alice", "ApplBAD1").status == 204, "its own clock says that nothing is due"
    gate.config = GateConfig("door", "", "", tmp_path, tmp_path, tmp_path, tmp_path, clock="feed")
    assert ask(gate, "alice", "ApplBAD1").status == 403
    gate.prove(dict(ask(gate, "bob", "NEW").headers)[b"X-Countermand-Sighting"].decode())
    assert [seen["first"] for seen in gate.sightings.due().values()] == [LATE], "sightings are dated by the same clock"


def test_denials_are_logged_once_a_minute_and_without_names(gate: Gate, clock: Clock, log: io.StringIO) -> None:
    for _ in range(3):
        ask(gate, "alice", "ApplBAD1")
    clock.now += MINUTE
    ask(gate, "alice", "ApplBAD1")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["denied", "denied"]
    assert lines[0]["because"] == ["no-tiktok", "other"]
    assert lines[0]["who"] == pseudonym(b"", "login", "alice")
    assert lines[0]["device"] == f"eas:{pseudonym(b'', 'eas', 'ApplBAD1')}"
    assert "ApplBAD1" not in log.getvalue()
    assert "alice" not in log.getvalue()


def test_unknown_paths(gate: Gate) -> None:
    assert gate.answer(Request(b"/")).status == 404
    assert gate.answer(Request(b"/decide/../metrics")).status == 404
    assert gate.answer(Request(b"/healthz?x=1")).status == 200


# -- sightings --


def test_a_sighting_needs_the_gates_own_token_and_a_proof() -> None:
    seen = Sightings()
    token = seen.token(7, "bob", ("eas", "NEW"), 100)
    assert seen.due() == {}
    assert not seen.prove("0" * 16, 100)
    assert seen.prove(token, 110)
    assert seen.prove(token, 120)
    row = {"login": "bob", "kind": "eas", "value": "NEW", "first": 110, "last": 120, "times": 2}
    due = seen.due()
    assert due == {token: row}
    seen.prove(token, 130)
    seen.reported(due, 131)
    assert seen.due()[token]["times"] == 1, "what came meanwhile is reported next"
    seen.reported(seen.due(), 132)
    assert seen.due() == {}
    assert seen.token(7, "bob", ("eas", "NEW"), 133) == "", "not again within the hour"
    assert seen.token(7, "bob", ("eas", "NEW"), 133 + HOUR) == token


def test_a_flood_of_made_up_devices_is_forgotten_not_kept() -> None:
    seen = Sightings()
    for number in range(30_000):
        seen.prove(seen.token(number, "bob", ("eas", str(number)), 0), 0)
    assert len(seen.due()) == 10_000


def test_the_datagrams_of_nginx() -> None:
    ours, nginx = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    proven: list[str] = []
    with ours, nginx:
        ours.setblocking(False)
        for text in (b"<190>Nov 24 04:35:31 countermand: 00000000000000aa 200", b"x: 00000000000000bb 401", b"", b"junk 200"):
            nginx.send(text)
        receive(ours, proven.append)
    assert proven == ["00000000000000aa"]


def test_its_health_says_version_and_age(gate: Gate) -> None:
    assert gate.answer(Request(b"/healthz")).body.splitlines()[0] == b"ok"
    said = dict(line.split(b" ", 1) for line in gate.answer(Request(b"/healthz")).body.splitlines()[1:])
    assert said[b"version"] == __version__.encode()
    assert said.keys() >= {b"stopped", b"epoch", b"record", b"age"}
    gate.held = None
    gate.stop.signal(True)
    assert gate.answer(Request(b"/healthz")).body.splitlines()[2:] == [b"stopped yes", b"nothing heard yet"]


# -- HTTP --


def talk(data: list[bytes], answer: Callable[[Request], Response]) -> bytes:
    """What comes back when these pieces arrive, until the other side has said everything."""

    with opened(answer) as lines:
        return exchanged(lines, data)[0]


def test_requests_on_one_connection_are_answered_in_order() -> None:
    one, two = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
    found = talk([one + two[:10], two[10:]], lambda request: Response(200, request.path))
    assert found.count(b"HTTP/1.1 200 OK") == 2
    assert found.index(b"/1") < found.index(b"/2")


def test_the_first_of_repeated_headers_counts() -> None:
    request = b"GET / HTTP/1.1\r\nX-A: one\r\nx-a: two\r\n\r\n"
    assert talk([request], lambda found: Response(200, found.headers[b"x-a"])).endswith(b"one")


def test_204_has_no_body_and_close_is_honoured() -> None:
    found = talk([b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"], lambda request: Response(204))
    assert found == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("noise", [b"\x16\x03\x01 hello\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000])
def test_noise_is_answered_400_and_hung_up_on(noise: bytes) -> None:
    assert talk([noise], lambda request: Response(200)).startswith(b"HTTP/1.1 400")


# -- settings --

VALUES = {
    "name": "door",
    "listen": "127.0.0.1:1",
    "control": "http://127.0.0.1:2",
    "token_file": "token",
    "root_key_file": "root.pub",
    "secret_file": "secret",
    "state_dir": "state",
}


def test_settings_are_read_with_paths_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(gate_file(VALUES))
    found = config.load(path)
    assert (found.name, found.state_dir, found.clock) == ("door", tmp_path / "state", "own")
    assert found.stop_path == tmp_path / "state" / "stop"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lissen": "x"}, "nearest: listen"),
        ({"mail": "http://127.0.0.1:3"}, "mail is no setting any more: front ends ask the mail server themselves"),
        ({"clock": "mine"}, "clock is own or feed"),
        ({"name": None}, "name is missing"),
    ],
)
def test_wrong_settings_say_what_to_mend(tmp_path: Path, changes: dict[str, str | None], words: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(gate_file({key: value for key, value in (VALUES | changes).items() if value is not None}))
    with pytest.raises(Refused, match="gate-config") as caught:
        config.load(path)
    assert words in str(caught.value)
    assert caught.value.where is not None
    assert caught.value.where.file == str(path)


@pytest.mark.parametrize("text", ["name = ", "name = 3"])
def test_settings_that_are_no_texts(tmp_path: Path, text: str) -> None:
    (tmp_path / "gate.toml").write_text(text)
    with pytest.raises(Refused, match="gate-config"):
        config.load(tmp_path / "gate.toml")
    with pytest.raises(Refused, match="no such file"):
        config.load(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["root", "secret"])
def test_a_missing_key_is_said_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "gate.toml").write_text(gate_file(VALUES))
    with pytest.raises(Refused, match="key-missing"):
        getattr(config.load(tmp_path / "gate.toml"), name)


def test_nginx_files_have_no_blanks_left_and_never_the_decoded_name(capsys: pytest.CaptureFixture[str]) -> None:
    settings = NginxSettings("127.0.0.1:1", "127.0.0.1:2", sightings_socket=Path("/run/x.sock"), failure=Failure.OPEN)
    text = http_part(settings) + server_part(settings)
    directives = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert not [line for line in directives if "@" in line and "@countermand_" not in line]
    assert not [line for line in directives if "$remote_user" in line]
    assert "countermand_open" in text
    assert render(["server", "--gate", "127.0.0.1:1", "--mail", "127.0.0.1:2", "--sightings", "/run/x.sock"]) == 0
    assert "auth_request" in capsys.readouterr().out
