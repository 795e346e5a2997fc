"""What is answered by heart stays true while records arrive, clocks go and jump, and the gate is stopped: two gates hear the
same, one of them is asked the quick way."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from countermand.core import disowned
from countermand.core.decision import Reason
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.gates.app import Gate
from countermand.gates.config import GateConfig
from countermand.gates.held import Held
from countermand.gates.log import Log
from countermand.snapshot.read import Snapshot
from countermand.snapshot.records import Kind
from countermand.snapshot.write import Entry
from gate_lines import exchanged, opened
from gate_plane import DUE, ROOT, SECRET, Plane, basic, standing

PHONES = {
    ("alice", "A1"): 0,
    ("alice", "A2"): 1,
    ("bob", "B1"): 65_536,
    ("boss", "C1"): 65_537,
    ("bob", "NOT-MINE"): disowned.ORDINAL,
}
PEOPLE = {"alice": 0, "bob": 1, "boss": 2}
ASKING = [*PHONES, ("bob", "A1"), ("carol", "A1"), ("alice", "NEW"), ("Alice", "A1"), ("x\\bob", "B1"), ("alice", "a1")]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both have to begin with."""
    return Plane(time=DUE - HOUR).snapshot(
        tmp_path_factory.mktemp("pair") / "snapshot",
        devices={(login, "eas", id_): ordinal for (login, id_), ordinal in PHONES.items()},
        people=PEOPLE,
        protected=["boss"],
        standings=[standing(), standing("other", sunset=DUE + 3 * HOUR), disowned.standing()],
        denials=[
            Entry("no-tiktok", 0, DUE, BitMap([0])),
            Entry("no-tiktok", 1, DUE + MINUTE, BitMap([0, 1])),
            Entry("other", 0, DUE + 2 * HOUR, BitMap([1])),
            *(Entry(disowned.LINEAGE, disowned.BLOCK, *one) for one in disowned.entries(disowned.BLOCK)),
        ],
        unregistered=[Entry("no-tiktok", 0, DUE + HOUR, BitMap([0]))],
    )


class Pair:
    """Two gates, told the same. Their clocks are the test's."""

    def __init__(self, path: Path) -> None:
        self.plane = Plane(time=DUE - HOUR)
        self.own, self.steady = DUE - HOUR, 0
        self.log = io.StringIO()
        self.gates = [self._gate(path.parent, path) for _ in range(2)]

    def _gate(self, folder: Path, path: Path) -> Gate:
        config = GateConfig("door", "", "", folder, folder, folder, folder)
        gate = Gate(config, lambda: self.own, lambda: self.steady, Log(self.log))
        gate.held = Held(Snapshot(path, ROOT.public), ROOT.public, SECRET, self.own, 0)
        return gate

    def hear(self, line: bytes) -> None:
        for gate in self.gates:
            assert gate.held is not None
            gate.held.take(line, self.own, self.steady)

    def pass_(self, own: int, steady: int) -> None:
        self.own += own
        self.steady += steady

    def ask(self, phones: list[tuple[str, str]]) -> None:
        asked = [
            f"GET /decide HTTP/1.1\r\nHost: countermand-gate\r\nAuthorization: {basic(login)}\r\n"
            f"X-Original-URI: /Microsoft-Server-ActiveSync?Cmd=Sync&User={login}&DeviceId={device}&DeviceType=p\r\n\r\n".encode()
            for login, device in phones
        ]
        quick, plain = self.gates
        with opened(quick.answer, quick.quick.answers) as lines:
            found = exchanged(lines, asked)
        with opened(plain.answer) as lines:
            assert found == exchanged(lines, asked)
        assert quick.metrics.decisions == plain.metrics.decisions

    def name(self, login: str, device: str) -> str:
        return f"{self.plane.hashes.identity(login, 'eas', device):016x}"


def halted(pair: Pair) -> None:
    pair.hear(pair.plane.lineage(standing(halted=True)))


def resumed(pair: Pair) -> None:
    pair.hear(pair.plane.lineage(standing(not_before=pair.own + MINUTE)))


def ended(pair: Pair) -> None:
    pair.hear(pair.plane.lineage(standing("other", live=False)))


def short_of_patience(pair: Pair) -> None:
    pair.hear(pair.plane.lineage(standing(max_staleness=HOUR)))


def denied_more(pair: Pair) -> None:
    pair.hear(pair.plane.denials([(DUE, [0]), (pair.own + MINUTE, [1])]))


def denied_less(pair: Pair) -> None:
    pair.hear(pair.plane.denials([]))


def handed_over(pair: Pair) -> None:
    """alice's first phone is bob's now."""
    body = {"set": [[pair.name("bob", "A1"), 0]], "gone": [pair.name("alice", "A1")]}
    pair.hear(pair.plane.record(Kind.IDENTITIES, body))


def protected(pair: Pair) -> None:
    body = {"set": [f"{pair.plane.hashes.login('alice'):016x}"], "gone": [f"{pair.plane.hashes.login('boss'):016x}"]}
    pair.hear(pair.plane.record(Kind.PROTECTED, body))


def unprotected(pair: Pair) -> None:
    body = {"set": [f"{pair.plane.hashes.login('boss'):016x}"], "gone": [f"{pair.plane.hashes.login('alice'):016x}"]}
    pair.hear(pair.plane.record(Kind.PROTECTED, body))


def beat(pair: Pair) -> None:
    pair.hear(pair.plane.beat(max(pair.plane.time, DUE - HOUR + pair.steady)))


def stopped(pair: Pair) -> None:
    for gate in pair.gates:
        gate.stop.on = not gate.stop.on


CHANGES = [
    halted,
    resumed,
    ended,
    short_of_patience,
    denied_more,
    denied_less,
    handed_over,
    protected,
    unprotected,
    beat,
    stopped,
]
ran = st.sampled_from([0, 1, MINUTE - 1, MINUTE, HOUR - 1, HOUR, 2 * HOUR, DAY])
jumps = st.sampled_from([0, 0, 1, -1, HOUR, -HOUR, 2 * DAY])
steps = st.sampled_from(CHANGES) | st.tuples(ran, jumps)


@given(st.lists(st.tuples(steps, st.lists(st.sampled_from(ASKING), min_size=1, max_size=4)), max_size=8))
def test_answers_by_heart_are_those_that_parsing_gives_whatever_happens(
    snapshot: Path, story: list[tuple[object, list[tuple[str, str]]]]
) -> None:
    pair = Pair(snapshot)
    pair.ask(ASKING)
    for step, phones in story:
        if callable(step):
            step(pair)
        elif isinstance(step, tuple):
            passed, jump = step
            pair.pass_(passed + jump, passed)
        pair.ask(phones)
    pair.ask(ASKING)


@pytest.fixture
def pair(snapshot: Path) -> Pair:
    return Pair(snapshot)


def test_a_pair_that_was_disowned_is_denied_like_any(pair: Pair) -> None:
    pair.ask([("bob", "NOT-MINE"), ("bob", "B1"), ("bob", "NOT-MINE")])
    assert pair.gates[0].metrics.decisions == {Reason.DENIED: 2, Reason.NOT_DENIED: 1}


def test_a_denial_begins_and_ends_in_its_millisecond(pair: Pair) -> None:
    count = pair.gates[0].metrics.decisions
    for passed, denied in ((HOUR - 1, 0), (1, 1), (DAY, 2)):
        pair.pass_(passed, passed)
        beat(pair)
        pair.ask([("alice", "A1")])
        assert count[Reason.DENIED] == denied
    halted(pair)
    pair.ask([("alice", "A1")])
    assert count[Reason.DENIED] == 2


def test_who_becomes_protected_is_not_remembered_as_anybody(pair: Pair) -> None:
    pair.pass_(DAY, DAY)
    beat(pair)
    pair.ask([("alice", "A1"), ("alice", "A1")])
    protected(pair)
    pair.ask([("alice", "A1")])
    counts = pair.gates[0].metrics.decisions
    assert (counts[Reason.DENIED], counts[Reason.PROTECTED]) == (2, 1)
    unprotected(pair)
    pair.ask([("alice", "A1")])
    assert counts[Reason.DENIED] == 3


def test_each_denial_is_said_once_a_minute_however_it_is_answered(pair: Pair) -> None:
    pair.pass_(DAY, DAY)
    beat(pair)
    for _ in range(3):
        pair.ask([("alice", "A1"), ("bob", "B1")])
    assert pair.log.getvalue().count('"event": "denied"') == 4, "two phones, two gates"
