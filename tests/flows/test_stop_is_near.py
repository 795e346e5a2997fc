"""How soon a halt or a rescission is felt, in counted events instead of seconds: statements, looks, records, messages.

A statement is well under a millisecond and a look comes every fiftieth of a second; what is counted here is that there is
one of each, whatever the fleet, and whatever else waits.
"""

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import house
import pytest
from django.db import connection, connections
from post import Post

from countermand.config import Database, Publisher
from countermand.core.decision import Clocks
from countermand.core.instants import HOUR, SECOND, from_iso
from countermand.flows.keep import Pace, keep_publishing
from countermand.flows.publish import publish
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.speaker import Speaker, keys_dir, speaker
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import issue_all, rescind_all
from countermand.gates.held import Held
from countermand.gates.subject import subject
from countermand.lib import clock
from countermand.lib.keys import load_public
from countermand.reads import feed as heard
from countermand.snapshot.read import Snapshot
from countermand.store import feed, models
from countermand.store.unit import aside, unit
from gate_plane import basic

DUE = from_iso("2020-07-18T00:00:00Z")
LATE = DUE + HOUR
pytestmark = pytest.mark.usefixtures("store")

Stop = Callable[[], object]
STOPS: dict[str, Stop] = {
    "halt": lambda: halt(house.operator(LATE), house.NAME),
    "rescind": lambda: rescind(house.operator(LATE), house.NAME, "sent-in-error"),
}


def denying(people: int) -> None:
    """An order under which everybody's phone is denied."""
    house.open_house()
    fleet = house.move_in(house.staff(people, with_app=people))
    found = house.issued(people)
    issue_all(house.operator(), house.NAME)
    house.told(found.version, fleet, list(fleet.people), DUE)


def statements(act: Stop) -> list[str]:
    """Every statement that the act makes, in order."""
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        act()
    return seen


class Gate:
    def __init__(self, folder: Path, voice: Speaker) -> None:
        root = load_public(keys_dir(folder) / "root.key.pub")
        file = publish_snapshot(voice, folder / "feed", LATE)
        self.held = Held(Snapshot(file.path, root), root, voice.secret, LATE, 0)

    def denies(self, phones: int) -> int:
        """How many of these phones, after everything that is there to hear."""
        for line in heard.after(self.held.epoch, self.held.n, self.held.heard).lines:
            self.held.take(line, LATE, 0)
        asked = [subject(basic(f"p{n:05d}").encode(), f"/?DeviceId=Appl{n:04d}".encode()) for n in range(phones)]
        return sum(not self.held.decide(one, Clocks(LATE, LATE, LATE)).allow for one in asked)


class Looks(threading.Event):
    """The stop flag of a loop: notes how long each look is waited for, lets things happen meanwhile, and then ends it."""

    def __init__(self, *meanwhile: Stop) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._meanwhile = deque(meanwhile)

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        if self._meanwhile:
            self._meanwhile.popleft()()
        else:
            self.set()
        return self.is_set()


def elsewhere(act: Stop) -> Stop:
    """As by another process: on a connection of its own."""

    def run() -> None:
        def work() -> None:
            act()
            connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    return run


@pytest.mark.parametrize("stop", sorted(STOPS))
def test_one_look_after_it_no_gate_denies(stop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denying(12)
    voice = speaker(tmp_path, LATE)
    publish(voice, "one", LATE)
    gate = Gate(tmp_path, voice)
    assert gate.denies(12) == 12
    monkeypatch.setattr(clock, "now", lambda: LATE + SECOND)
    felt: list[int] = []
    looks = Looks(lambda: None, elsewhere(STOPS[stop]), lambda: felt.append(gate.denies(12)))
    pace = Pace(Publisher().interval, Publisher().heartbeat)
    keep_publishing(voice, "one", pace, looks, lambda refused: pytest.fail(str(refused)), tmp_path)
    assert felt == [0]
    assert looks.waits == [pace.interval / 1000] * 4, "and it never waited for more than one look"


@pytest.mark.parametrize("stop", sorted(STOPS))
def test_it_takes_as_many_statements_and_one_record_for_a_fleet_of_any_size(stop: str, tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    for people in (3, 300):
        if counts:
            _afresh()
        denying(people)
        voice = speaker(tmp_path / str(people), LATE)
        publish(voice, "one", LATE)
        before = heard.newest().n
        made = len(statements(STOPS[stop]))
        publish(voice, "one", LATE)
        lines = feed.after(1, before, 10)
        assert len(lines) == 1
        counts.append((made, len(lines[0][1])))
    assert counts[0] == counts[1]
    assert counts[0][0] < 40


def _afresh() -> None:
    """Every table empty."""
    from django.apps import apps

    from countermand.store import archive

    with unit():
        archive.empty()
    assert not any(model._default_manager.exists() for model in apps.get_app_config("store").get_models())


@pytest.mark.parametrize("stop", sorted(STOPS))
def test_it_is_the_next_record_however_much_else_waits(stop: str, tmp_path: Path) -> None:
    denying(4)
    voice = speaker(tmp_path, LATE)
    publish(voice, "one", LATE)
    gate = Gate(tmp_path, voice)
    with unit():
        for _ in range(200):
            feed.mark("denials", house.NAME, 0)
            feed.mark("logins", "p00001")
    STOPS[stop]()
    before = heard.newest().n
    publish(voice, "one", LATE)
    first = feed.after(1, before, 1)[0][1]
    assert b'"what":"lineage"' in first
    gate.held.take(first, LATE, 0)
    gate.denies(0)
    assert gate.denies(4) == 0


def test_what_was_not_claimed_before_it_never_leaves() -> None:
    """Three batches wait, and the order is taken back while the first is at the mail server: four left, four are corrected."""
    house.open_house()
    house.move_in(house.staff(12, with_app=4))
    house.issued(12)
    issue_all(house.operator(), house.NAME)
    post = Post()
    post.during = lambda: rescind(house.operator(), house.NAME, "sent-in-error") and None if not post.sent else None
    claims = [post.deliver(batch=4).claimed]
    rescind_all(house.operator(), house.NAME)
    while claims[-1]:
        claims.append(post.deliver(batch=4).claimed)
    kinds = [message["X-Countermand-Kind"] for message in post.messages()]
    assert kinds == ["issued"] * 4 + ["rescinded"] * 4
    assert claims == [4, 4, 0]
    assert models.Notice.objects.filter(kind="issued", state="void").count() == 8


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_comes_begins_after_the_chunk_that_is_under_way(store: Database) -> None:
    """Work that begins its next transaction at once would otherwise keep everybody out who merely looks now and then."""
    begun, done = [0], threading.Event()

    def work() -> None:
        try:
            while not done.is_set():
                with unit():
                    begun[0] += 1
                    done.wait(0.03)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        late = []
        for _ in range(6):
            came = begun[0]
            with aside():
                late.append(begun[0] - came)
        assert sorted(late)[3] <= 1, "the chunk that began while it came, and no other"
    finally:
        done.set()
        worker.join()
