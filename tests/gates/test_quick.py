"""What nginx asks is answered without parsing, and with the same bytes as if it were parsed, whatever a client puts into it."""

import base64
import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from countermand.core.instants import HOUR, MINUTE
from countermand.gates.app import Gate
from countermand.gates.config import GateConfig
from countermand.gates.held import Held
from countermand.gates.log import Log
from countermand.gates.nginx import plainly_asked
from countermand.gates.subject import subject
from countermand.snapshot.read import Snapshot
from countermand.snapshot.write import Entry
from gate_lines import exchanged, opened
from gate_plane import DUE, ROOT, SECRET, Plane, basic, packed_query, standing

EAS = "/Microsoft-Server-ActiveSync"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """alice's BAD1 is denied, and so are unknown devices of carol; dora's SOON1 and erin's unknown devices will be; the boss is
    protected."""
    folder = tmp_path_factory.mktemp("gate")
    settings = GateConfig("door", "", "", folder, folder, folder, folder)
    gate = Gate(settings, lambda: DUE + HOUR, lambda: 0, Log(io.StringIO()))
    path = Plane(time=DUE + HOUR).snapshot(
        folder / "snapshot",
        devices={
            ("alice", "eas", "BAD1"): 0,
            ("bob", "eas", "GOOD1"): 1,
            ("boss", "eas", "BAD1"): 2,
            ("dora", "eas", "SOON1"): 4,
        },
        people={"alice": 0, "bob": 1, "boss": 2, "carol": 3, "dora": 4, "erin": 5},
        protected=["boss"],
        standings=[standing()],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0, 2])), Entry("no-tiktok", 0, DUE + HOUR + MINUTE, BitMap([4]))],
        unregistered=[Entry("no-tiktok", 0, DUE, BitMap([3])), Entry("no-tiktok", 0, DUE + HOUR + 1, BitMap([2, 5]))],
    )
    gate.held = Held(Snapshot(path, ROOT.public), ROOT.public, SECRET, DUE + HOUR, 0)
    return gate


def answered(gate: Gate, pieces: list[bytes], quick: bool) -> tuple[bytes, bool]:
    """What was said when these pieces arrived, and whether the connection was ended."""
    with opened(gate.answer, gate.quick.answers if quick else None) as lines:
        return exchanged(lines, pieces)


def asked(authorization: str, uri: str, more: str = "") -> bytes:
    head = (
        f"GET /decide HTTP/1.1\r\nHost: countermand-gate\r\nAuthorization: {authorization}\r\nX-Original-URI: {uri}\r\n{more}\r\n"
    )
    return head.encode()


def plain(device: str, login: str = "alice", tail: str = "") -> str:
    return f"{EAS}?Cmd=Sync&User={login}&DeviceId={device}{tail}&DeviceType=Phone"


@pytest.mark.parametrize(
    ("login", "device", "status"),
    [
        ("alice", "BAD1", b"403"),
        ("EXAMPLE\\Alice", "BAD1", b"403"),
        ("alice", "OTHER", b"204"),
        ("bob", "GOOD1", b"204"),
        ("boss", "BAD1", b"204"),
        ("carol", "NEW", b"403"),
        ("dora", "SOON1", b"204"),
        ("erin", "NEW", b"204"),
    ],
)
def test_what_nginx_asks_is_known_by_heart(gate: Gate, login: str, device: str, status: bytes) -> None:
    question = asked(basic(login), plain(device))
    assert gate.quick.answers([question])[0].split(b" ")[1] == status
    assert answered(gate, [question, question], True) == answered(gate, [question, question], False)


def test_how_long_a_yes_holds_is_said_where_a_due_is_known(gate: Gate) -> None:
    phones = [("alice", "BAD1"), ("bob", "GOOD1"), ("boss", "NEW"), ("dora", "SOON1"), ("dora", "NEW"), ("erin", "NEW")]
    answers = [gate.quick.answers([asked(basic(login), plain(device))])[0] for login, device in phones]
    lasts = [answer.partition(b"X-Countermand-Lasts: ")[2].partition(b"\r")[0] for answer in answers]
    assert lasts == [b"", b"", b"", b"60", b"", b"8"]


# Spellings that a client is free to choose, what looks like another device to a careless reader, and noise around it.
logins = st.sampled_from(["alice", "Alice", "x\\alice", "boss", "älice", "", "alice "]) | st.text(max_size=8)
devices = st.sampled_from(["BAD1", "bad1", "GOOD1", "B%41D1", "", "x" * 128, "x" * 129, "BAD1=", "a+b"])
ids = st.sampled_from(["DeviceId=", "deviceid=", "Device%49d=", "xDeviceId=", "User=", "DeviceId"])
parts = st.builds(str.__add__, ids, devices) | st.sampled_from(
    ["DeviceType=p", "", "=", "?DeviceId=BAD1", "#x", "x=%", "Cmd=Sync"]
)
queries = st.lists(parts, max_size=4).map(lambda found: "?" + "&".join(found))
packed = st.builds(lambda device, login: f"?{packed_query(device.encode(), login)}", st.sampled_from(["BAD1", "GOOD1"]), logins)
paths = st.just(EAS) | st.sampled_from(["/x?y", "/&DeviceId=BAD1&", "", "/a%20b", "/&DeviceId=BAD1"])
uris = st.builds(str.__add__, paths, queries | packed | st.just(""))


def _damaged(login: str, password: str, ending: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode().rstrip("=") + ending


credentials = (
    st.builds(basic, logins, st.text(max_size=6))
    | st.builds(_damaged, logins, st.text(max_size=6), st.sampled_from(["", "=", "==", "===", "=A", "-", "_w", " "]))
    | st.builds(lambda raw: "Basic " + base64.b64encode(raw).decode(), st.binary(max_size=20))
    | st.sampled_from(["", "Bearer x", "basic YWxpY2U6eA==", "Basic  YWxpY2U6eA==", "Basic", "Basic ="])
)
more = st.sampled_from(
    [
        "",
        "X-Client-Fingerprint: ab\r\n",
        "Connection: close\r\n",
        "Authorization: Basic Ym9iOng=\r\n",
        "Content-Length: 2\r\n",
        "\r\nGET /healthz HTTP/1.1\r\n",
        " folded: x\r\n",
        "\n",
    ]
)


TRICKS = ["&DeviceId=GOOD1", "&deviceid=GOOD1", "&Device%49d=GOOD1", "%31", "?&DeviceId=GOOD1", "&x", "x" * 129]


@pytest.mark.parametrize("tail", TRICKS)
@pytest.mark.parametrize("credential", [basic("alice"), "Basic " + base64.b64encode(b"alice").decode(), "Basic YWxpY2U6eA="])
def test_no_trick_hides_a_device_or_a_login(tail: str, credential: str) -> None:
    uri = plain("BAD1", tail=tail)
    assert plainly_asked(asked(credential, uri)) in (None, subject(credential.encode(), uri.encode()))


def test_a_body_is_not_taken_for_a_question(gate: Gate) -> None:
    question = asked(basic("alice"), plain("BAD1"))
    head = b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(question)
    said, _ = answered(gate, [head, question, question], True)
    assert said.count(b"HTTP/1.1 ") == 2
    assert said == answered(gate, [head, question, question], False)[0]


@given(credentials, uris)
def test_who_asks_is_the_same_without_parsing(credential: str, uri: str) -> None:
    found = plainly_asked(asked(credential, uri))
    assert found is None or found == subject(credential.encode(), uri.encode())


@given(credentials, uris, more, st.integers(0, 300))
def test_a_quick_answer_is_the_parsed_ones(gate: Gate, credential: str, uri: str, rest: str, cut: int) -> None:
    question = asked(credential, uri, rest)
    for pieces in ([question], [question, question], [question[:cut], question[cut:], question]):
        gate.sightings.__init__()  # type: ignore[misc]  # what was asked once is not asked for anew
        found = answered(gate, [piece for piece in pieces if piece], True)
        gate.sightings.__init__()  # type: ignore[misc]
        assert found == answered(gate, [piece for piece in pieces if piece], False)


@given(st.binary(max_size=40), st.integers(0, 200))
def test_noise_in_a_question_is_parsed_like_any_noise(gate: Gate, noise: bytes, place: int) -> None:
    question = asked(basic("alice"), plain("BAD1"))
    spoilt = question[:place] + noise + question[place:]
    assert answered(gate, [spoilt], True) == answered(gate, [spoilt], False)


def test_what_is_too_long_is_too_long(gate: Gate) -> None:
    question = asked(basic("alice"), plain("BAD1", tail="&x=" + "y" * 70_000))
    assert answered(gate, [question], True) == answered(gate, [question], False)


def test_where_a_header_says_who_asks_credentials_do_not(gate: Gate) -> None:
    trusting = Gate(dataclasses.replace(gate.config, login_header="x-login"), gate.now, gate.steady, gate.log)
    trusting.held = gate.held
    question = asked(basic("alice"), plain("BAD1"))
    assert trusting.quick.answers([question]) == [b""]
