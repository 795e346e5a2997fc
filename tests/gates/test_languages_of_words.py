"""What a denied person is told stands in their language, at every front end that has words; and in English without one."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap

from countermand.core.instants import HOUR
from countermand.gates.app import Gate
from countermand.gates.authzen import Authzen
from countermand.gates.config import GateConfig
from countermand.gates.dovecot import Dovecot
from countermand.gates.envoy import Envoy
from countermand.gates.held import Held
from countermand.gates.http import Request
from countermand.gates.kick import Sessions
from countermand.gates.log import Log
from countermand.gates.messages import Message
from countermand.gates.subject import Subject
from countermand.snapshot.read import Snapshot
from countermand.snapshot.records import Kind, standing_body, standing_of
from countermand.snapshot.write import Entry
from gate_plane import DUE, ROOT, SECRET, Plane, basic, standing

LATE = DUE + HOUR
TEXTS = (("de", "Kein Mail.\n\nEntfernen Sie die App."), ("ja", "メールを利用できません。"))
DENIED = standing(text="No mail.\n\nRemove the app.", texts=TEXTS)
FAR = 65_536 * 3 + 7


@pytest.fixture
def plane() -> Plane:
    return Plane(time=LATE)


@pytest.fixture
def gate(plane: Plane, tmp_path: Path) -> Gate:
    settings = GateConfig("door", "", "", tmp_path, tmp_path, tmp_path, tmp_path, login_domains="example.org")
    gate = Gate(settings, lambda: LATE, lambda: 0, Log(io.StringIO()))
    people = {"anna": 0, "kenji": FAR, "alice": 2}
    path = plane.snapshot(
        tmp_path / "s",
        devices={(login, kind, "X"): number for number, login in enumerate(people) for kind in ("eas", "password")},
        people=people,
        standings=[DENIED],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0, 1, 2]))],
        spoken=[("de", 0, BitMap([0])), ("ja", FAR // 65_536, BitMap([FAR % 65_536]))],
    )
    gate.held = Held(Snapshot(path, ROOT.public), ROOT.public, SECRET, LATE, 0)
    return gate


def alert(gate: Gate, login: str) -> str:
    body = json.dumps({"login": login, "attrs": {"device": "X"}}).encode()
    found = asyncio.run(Dovecot(gate, Sessions(gate)).answer(Message("POST", b"/?command=allow", {}, body)))
    return str(json.loads(found.body)["msg"])


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("anna", "Kein Mail. Entfernen Sie die App."),
        ("EX\\Anna", "Kein Mail. Entfernen Sie die App."),
        ("anna@example.org", "Kein Mail. Entfernen Sie die App."),
        ("kenji", "メールを利用できません。"),
        ("alice", "No mail. Remove the app."),
    ],
)
def test_dovecot_shows_the_persons_language_in_one_line(gate: Gate, login: str, words: str) -> None:
    assert alert(gate, login) == words


def test_the_other_front_ends_do_too(gate: Gate) -> None:
    headers = {b"authorization": basic("anna").encode(), b"x-countermand-because": b"no-tiktok"}
    assert gate.answer(Request(b"/denied", headers)).body.decode() == TEXTS[0][1] + "\n"
    headers[b"authorization"] = basic("nobody").encode()
    assert gate.answer(Request(b"/denied", headers)).body.decode() == "No mail.\n\nRemove the app.\n"
    asked = {b"authorization": basic("kenji").encode()}
    envoy = Envoy(gate).answer(Message("GET", b"/again", asked | {b"x-original-uri": b"/?DeviceId=X&x="}))
    assert asyncio.run(envoy).body.decode() == TEXTS[1][1] + "\n"
    question: Any = {"subject": {"type": "user", "id": "anna", "properties": {"device": {"eas": "X"}}}}
    question |= {"action": {"name": "read"}, "resource": {"type": "mailbox", "id": "anna"}}
    found = asyncio.run(Authzen(gate).answer(Message("POST", b"/access/v1/evaluation", {}, json.dumps(question).encode())))
    assert json.loads(found.body)["context"]["reason_user"] == {"de": TEXTS[0][1]}


def test_records_change_who_speaks_what_and_older_ones_do_not_say(gate: Gate, plane: Plane) -> None:
    held = gate.held
    assert held is not None

    def hear(body: dict[str, Any]) -> None:
        held.take(plane.record(Kind.LOGINS, body), LATE, 0)

    anna, bert = (f"{plane.hashes.login(login):016x}" for login in ("anna", "bert"))
    hear({"set": [[anna, 0], [bert, 9]], "gone": [], "spoken": {"ja": [0]}})
    assert (held.language("anna"), held.language("bert")) == ("ja", "")
    hear({"set": [[anna, 0]], "gone": [], "spoken": {}})
    assert held.language("anna") == "", "she is spoken to in English now"
    hear({"set": [[anna, 0]], "gone": [], "spoken": {"de": [0]}})
    hear({"set": [[anna, 0]], "gone": []})
    assert held.language("anna") == "de", "an older control plane says nothing of it"
    hear({"set": [], "gone": [anna], "spoken": {}})
    assert held.language("anna") == ""


def test_a_lineage_of_an_older_control_plane_has_english_alone() -> None:
    body = standing_body(DENIED)
    assert standing_of(body) == DENIED
    del body["texts"], body["language"]
    assert standing_of(body).words("de") == DENIED.text
    assert standing_of(body).language == "en"


def test_the_house_s_language_is_said(gate: Gate, plane: Plane) -> None:
    assert gate.held is not None
    gate.held.take(plane.lineage(standing(text="Keine Mail.", language="de")), LATE, 0)
    assert gate.spoken_by(["no-tiktok"], Subject("bert", ())) == "de"


def test_a_language_without_words_is_answered_in_english(gate: Gate, plane: Plane) -> None:
    assert gate.held is not None
    gate.held.take(plane.lineage(standing(text="No mail.", texts=(("ja", "メール"),))), LATE, 0)
    assert alert(gate, "anna") == "No mail."
