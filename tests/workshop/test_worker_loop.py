"""The worker's loop: one failing step keeps no other from running, and a stop ends it between two acts."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from countermand import worker
from countermand.access import SYSTEM, Act
from countermand.config import Config, Database
from countermand.flows.sweep import Swept
from countermand.worker import Step, Stopping, loop


def times(stop: threading.Event, most: int, more: bool = False, failure: Exception | None = None) -> Callable[[], bool]:
    """A step that ends the loop when it has been asked ``most`` times."""
    left = [most]

    def run() -> bool:
        left[0] -= 1
        if left[0] <= 0:
            stop.set()
        if failure is not None:
            raise failure
        return more

    return run


def test_a_failing_step_is_said_and_the_others_go_on(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    asked: list[int] = []

    def broken() -> bool:
        asked.append(1)
        raise OSError("disk full")

    loop([Step("broken", broken, every=1), Step("fine", times(stop, 20), every=1)], stop)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {(line["event"], line["step"], line["code"]) for line in said} == {("step-failed", "broken", "OSError")}
    assert len(asked) == 1  # it waits a second before it is asked again


def test_waits_grow_and_end_with_the_first_success(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0]
    monkeypatch.setattr(worker.clock, "steady", lambda: now[0])
    waits = []
    step = Step("broken", times(threading.Event(), 99, failure=OSError("no")), every=5)
    for _ in range(9):
        worker.once(step)
        waits.append(step.next_at - now[0])
    assert waits == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]
    step.run = lambda: False
    worker.once(step)
    assert (step.failures, step.next_at) == (0, 5)


def test_what_has_more_to_do_is_asked_at_once_and_others_get_their_turn(store: Database) -> None:
    stop = threading.Event()
    turns: list[str] = []

    def busy() -> bool:
        turns.append("busy")
        return True

    def other() -> bool:
        turns.append("other")
        return (len(turns) >= 20 and bool(stop.set())) or True

    loop([Step("busy", busy, every=1000), Step("other", other, every=1000)], stop)
    assert turns[:4] == ["busy", "other", "busy", "other"]


def test_stopping_in_the_middle_is_no_failure(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    left: list[int] = []
    loop([Step("long", times(stop, 1, failure=Stopping()), every=1)], stop, lambda: left.append(1))
    assert left == [1]
    assert capsys.readouterr().err == ""


def test_a_sweep_of_a_large_fleet_leaves_most_of_the_time_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a drill it is begun every second, if it takes none; one that takes ten seconds is begun again after ninety."""
    now, begun = [0], list[int]()

    def ten_seconds(*_: object, **__: object) -> Swept:
        begun.append(now[0])
        now[0] += 10_000
        return Swept(0, 0, 0, 0, 0)

    monkeypatch.setattr(worker.clock, "steady", lambda: now[0])
    monkeypatch.setattr(worker, "acting", lambda: Act(SYSTEM, now[0], drill=True))
    monkeypatch.setattr(worker.sweep, "sweep", ten_seconds)
    step = next(one for one in worker.tidying(Config(Path("state"), Path("db")), threading.Event()) if one.name == "sweep")
    while now[0] < 200_000:
        step.run()
        now[0] += 500
    assert begun == [0, 90_000, 180_000]
