"""Letting gates in, and what they report: tokens, settings that work, sightings, and reports that are no reports."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from control_rows import found_house
from countermand.access import Act, Actor, Role
from countermand.core.errors import Refused
from countermand.flows.add_gate import NewGate, add_gate
from countermand.flows.hear_gate import hear_gate, read_report
from countermand.flows.speaker import keys_dir
from countermand.gates import config
from countermand.store import feed, sightings
from countermand.web.gate_tokens import gate_of

pytestmark = pytest.mark.usefixtures("store")
GATE = NewGate("door", "127.0.0.1:1", "http://127.0.0.1:2")


def act(role: Role = Role.ADMINISTRATOR) -> Act:
    return Act(Actor("ada", frozenset({role})), 1_000)


def test_a_gate_is_let_in_with_everything_it_needs(tmp_path: Path) -> None:
    found_house()
    path = add_gate(act(), tmp_path, GATE, tmp_path / "out")
    found = config.load(path)
    assert (found.name, found.listen, found.clock) == ("door", "127.0.0.1:1", "own")
    assert len(found.secret) == len(found.root.raw) == 32
    assert [(path.parent / name).stat().st_mode & 0o777 for name in ("token", "secret")] == [0o600, 0o600]
    tokens = keys_dir(tmp_path) / "gates.tokens"
    assert found.token not in tokens.read_text()
    assert gate_of(tokens, f"Bearer {found.token}".encode()) == "door"
    assert config.load(add_gate(act(), tmp_path, replace(GATE, name="two", rehearsal=True), tmp_path / "two")).clock == "feed"
    assert gate_of(tokens, f"Bearer {found.token}".encode()) == "door"


def test_a_name_is_given_once_and_by_whoever_may(tmp_path: Path) -> None:
    found_house()
    add_gate(act(), tmp_path, GATE, tmp_path / "out")
    with pytest.raises(Refused) as caught:
        add_gate(act(), tmp_path, GATE, tmp_path / "other")
    assert caught.value.code == "gate-exists"
    with pytest.raises(Refused) as caught:
        add_gate(act(), tmp_path, NewGate("two", "", ""), tmp_path / "out")
    assert caught.value.code == "gate-exists"
    with pytest.raises(Refused) as caught:
        add_gate(act(Role.AUDITOR), tmp_path, NewGate("three", "", ""), tmp_path / "three")
    assert caught.value.code == "not-allowed"
    assert not (tmp_path / "three").exists()


@pytest.mark.parametrize("authorization", [b"", b"Bearer", b"Bearer ", b"Bearer wrong", b"Basic secret", b"secret"])
def test_nobody_else_is_a_gate(tmp_path: Path, authorization: bytes) -> None:
    path = tmp_path / "tokens"
    assert gate_of(path, b"Bearer secret") is None
    path.write_text(f"door {hashlib.sha256(b'secret').hexdigest()}\nbroken\n\n")
    assert gate_of(path, authorization) is None
    assert gate_of(path, b"bearer secret") == "door"


REPORT: dict[str, Any] = {
    "epoch": 1,
    "n": 5,
    "heard": 900,
    "stopped": False,
    "decisions": {"deny/denied": 3},
    "sightings": [{"login": "bob", "kind": "eas", "value": "NEW", "first": 100, "last": 200, "times": 2}],
}


def test_what_a_mail_client_says_of_itself_is_evidence_and_no_shared_name() -> None:
    said = {"kind": "imap-id", "value": '"name" "iOS Mail"', "first": 100, "last": 200, "times": 1}
    people = [{"login": login, **said} for login in ("anna", "bert", "carl")]
    hear_gate("door", read_report({**REPORT, "clients": people}), 1_000)
    assert [(one.kind, one.value) for one in sightings.of_login("anna")] == [("imap-id", '"name" "iOS Mail"')]
    assert sightings.shared_names(3) == 0, "many have the same client"
    for wrong in ({"sightings": people}, {"clients": REPORT["sightings"]}):
        with pytest.raises(Refused, match="not a mail identity"):
            read_report({**REPORT, **wrong})


def test_a_name_that_no_database_takes_keeps_nothing_else_out() -> None:
    odd = {**REPORT["sightings"][0], "value": "a\0b"}
    hear_gate("door", read_report({**REPORT, "sightings": [odd, *REPORT["sightings"]]}), 1_000)
    assert {one.value for one in sightings.of_login("bob")} == {"a\N{REPLACEMENT CHARACTER}b", "NEW"}


def test_reports_are_kept_and_sightings_added_up() -> None:
    hear_gate("door", read_report(REPORT), 1_000)
    again = {**REPORT, "n": 6, "sightings": [{**REPORT["sightings"][0], "first": 150, "last": 180, "times": 1}]}
    hear_gate("door", read_report(again), 2_000)
    assert feed.gates() == [feed.Gate("door", 1, 6, 2_000, 900, False, {"deny/denied": 3})]
    assert sightings.latest(10) == [sightings.Sighting("bob", "eas", "NEW", 100, 200, 3)]


def test_denials_that_were_shown_and_the_version_are_kept_and_an_earlier_gate_says_neither() -> None:
    shown = {"no-tiktok": {"lately": 1, "hour": 2, "times": 9, "of a later version": 1}}
    hear_gate("door", read_report({**REPORT, "version": "0.2", "shown": shown, "of a later version": 1}), 1_000)
    hear_gate("old", read_report(REPORT), 1_000)
    assert [(one.version, one.shown) for one in feed.gates()] == [
        ("0.2", {"no-tiktok": feed.DenialsShown(1, 2, 9)}),
        ("", {}),
    ]


def test_a_gate_ahead_of_this_database_is_noticed() -> None:
    hear_gate("door", read_report(REPORT), 1_000)
    assert feed.ahead(1, 5) is None
    assert feed.ahead(2, 0) is None
    found = feed.ahead(1, 4)
    assert found is not None
    assert found.name == "door"


@pytest.mark.parametrize(
    "report",
    [
        None,
        [],
        "x",
        {},
        {**REPORT, "n": "many"},
        {**REPORT, "decisions": 3},
        {**REPORT, "shown": {"no-tiktok": {"lately": 1}}},
        {**REPORT, "shown": ["no-tiktok"]},
        {**REPORT, "sightings": [{}]},
        {**REPORT, "sightings": ["x"]},
        {**REPORT, "sightings": [{**REPORT["sightings"][0], "kind": "serial"}]},
        {**REPORT, "sightings": [{**REPORT["sightings"][0], "value": ""}]},
        {**REPORT, "sightings": [{**REPORT["sightings"][0], "login": "x" * 300}]},
    ],
)
def test_what_is_no_report_is_refused_whole(report: object) -> None:
    with pytest.raises(Refused) as caught:
        read_report(report)
    assert caught.value.code == "gate-report"
    assert caught.value.sentence
