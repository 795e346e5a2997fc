"""Plays a scene, kills it at each of its events, and looks at what came of it.

A process of its own (``python -m killing FILE``), with everything imported and nothing open, from which each attempt is forked:
one line of JSON asks for a scene, one answers. A kill is SIGKILL from within, so that nothing of Python's runs after it:
no ``finally``, no rollback, no flush. What was killed is started again as a new process.

What comes after a death depends on what it left behind and on nothing else. So every death happens, and what it left is
read; and of deaths that left the same, row for row and file for file, one is followed up to the end.
"""

import contextlib
import gc
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from countermand.core.instants import MINUTE
from killing import invariants, outcome
from killing.events import Events, watch
from killing.grounds import Ground, digest, ground
from killing.mailbox import Mailbox, open_mailbox
from killing.receiver import Receiver, open_receiver
from killing.scenes import SCENES, Scene
from killing.world import World

#: Whether it dies at every event, also where nothing was done since the last.
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


@dataclass
class Report:
    """``points``: the events of the act; ``deaths``: at how many of them it was killed, each by itself; ``states``: how many
    different worlds the deaths left."""

    points: int = 0
    deaths: int = 0
    states: int = 0
    failures: list[str] = field(default_factory=list)


def in_child(work: Callable[[], Any], note: Path) -> tuple[int, Any]:
    """Run it in a child of this process: (how it ended, what it said)."""
    note.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        ended = 1
        try:
            note.write_text(json.dumps({"said": work()}))
            ended = 0
        except BaseException:
            note.write_text(json.dumps({"failed": traceback.format_exc()}))
        finally:
            os._exit(ended)
    status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status), json.loads(note.read_text()) if note.exists() else {}


class Play:
    """One scene on one ground."""

    def __init__(self, scene: Scene, ground: Ground, folder: Path, mailbox: Mailbox, receiver: Receiver) -> None:
        self.scene, self.ground, self.folder = scene, ground, folder
        self.world = World(folder / "room", ground.address, mailbox, receiver)
        self.world.folder.mkdir(exist_ok=True)
        self.report = Report()
        self._note = folder / "note"

    def run(self) -> Report:
        self.world.now, self.world.signatures = self._must(self._before)
        self.ground.keep()
        shutil.copytree(self.world.folder, self.folder / "kept")
        untouched = self._state()
        undone = self._must(lambda: self._after(self.scene.by_all_means))
        self._lay()
        seen, moments = self._must(lambda: self._act(Events()))
        done = self._must(lambda: self._after(False))
        for found in (undone, done):
            self.report.failures += [f"nobody was killed, and {problem}" for problem in found["violations"]]
        known: dict[str, int] = {}
        left: str | None = None
        for number in range(1, len(seen) + 1) if NIGHTLY else moments:
            what = seen[number - 1]
            self.report.deaths += 1
            if left != untouched:
                self._lay()
            self._kill(number, what)
            left = self._state()
            if left not in known:
                known[left] = number
                self._follow(number, what, done["outcome"], undone["outcome"])
                left = None
        self.report.points, self.report.states = len(seen), len(known)
        return self.report

    def _follow(self, number: int, what: str, done: Any, undone: Any) -> None:
        """Start it again: with somebody who does it once more, and with nobody who does."""
        for again in self.scene.repeats:
            self._lay()
            self._kill(number, what)
            how = f"killed at {number}, {what}{', asked again' if again else ''}: "
            code, found = self._child(lambda again=again: self._after(again))  # type: ignore[misc]
            if code:
                self.report.failures.append(how + found.get("failed", "it died"))
                continue
            came = found["said"]
            self.report.failures += [how + problem for problem in came["violations"]]
            allowed = [done, undone] if self.scene.by_person and not again else [done]
            apart = [outcome.differences(one, came["outcome"]) for one in allowed]
            if all(apart):
                self.report.failures.append(how + "it comes to something else: " + "; ".join(min(apart, key=len)))

    # -- in children --

    def _before(self) -> tuple[int, dict[str, str]]:
        self.world.found()
        self.scene.before(self.world)
        _close()
        return self.world.now, self.world.signatures

    def _act(self, events: Events) -> tuple[list[str], list[int]]:
        self._predictable()
        self.world.opened()
        watch(events, self.world.folder)
        events("the beginning")
        self.scene.act(self.world)
        events("the end")
        _close()
        return events.seen, events.moments

    def _after(self, again: bool) -> dict[str, Any]:
        """The system as it is started again: at once by whoever does it again, and by itself when every lease of the dead
        has run out."""
        self.world.opened()
        if again:
            self.scene.again(self.world)
        self.scene.meanwhile(self.world)
        self.world.now += self.world.config.notices.lease + MINUTE
        self.world.work()
        found = list(invariants.violations(self.world))
        came = outcome.outcome(self.world)
        came["entries"] = [line for line in came["entries"] if not any(f'"{kind}"' in line for kind in self.scene.extra)]
        _close()
        return {"violations": found, "outcome": came}

    def _predictable(self) -> None:
        """The same random bytes in every attempt, so that what deaths leave can be compared byte by byte."""
        same = random.Random(0)
        os.urandom = random._urandom = lambda size: same.randbytes(size)  # type: ignore[assignment, attr-defined]

    # -- between children --

    def _child(self, work: Callable[[], Any]) -> tuple[int, Any]:
        self.ground.acted()
        return in_child(work, self._note)

    def _must(self, work: Callable[[], Any]) -> Any:
        code, found = self._child(work)
        if code:
            raise RuntimeError(found.get("failed", "it died"))
        return found["said"]

    def _kill(self, number: int, what: str) -> None:
        code, found = self._child(lambda: self._act(Events(number)))
        if code != -signal.SIGKILL:
            raise RuntimeError(f"it was to die at {number}, {what}, and did not: {found}")

    def _lay(self) -> None:
        self.ground.lay()
        shutil.rmtree(self.world.folder)
        shutil.copytree(self.folder / "kept", self.world.folder)

    def _state(self) -> str:
        """Rows, files, and what the mail server has."""
        self.world.mailbox.settled()
        files = sorted(file for file in self.world.folder.rglob("*") if file.is_file())
        return digest([self.ground.content(), *(_described(file) for file in files)])


def _described(file: Path) -> tuple[str, object]:
    """A draft's name is random, as keys are."""
    name = file.name.split(".")[1] if file.suffix == ".draft" else file.name
    return name, file.stat().st_size if file.parent.name == "keys" else hashlib.sha256(file.read_bytes()).hexdigest()


def _close() -> None:
    from countermand.store.setup import close_store

    close_store()


def play(scene: str, address: str, folder: Path) -> Report:
    """In a child of the stage: nothing that a scene opens is left to the next."""
    (folder / "room").mkdir(parents=True)
    room = folder / "room"
    with open_mailbox(room / "mail.ndjson") as mailbox, open_receiver(room / "tokens") as receiver:
        place = ground(address, folder)
        try:
            return Play(SCENES[scene], place, folder, mailbox, receiver).run()
        finally:
            place.leave()


def warm_up(address: str) -> None:
    """Live through a whole order once, so that what is forked finds everything imported, compiled and laid out."""
    with TemporaryDirectory() as folder:
        with open_mailbox(Path(folder) / "mail.ndjson") as mailbox, open_receiver(Path(folder) / "tokens") as receiver:
            world = World(Path(folder) / "room", address, mailbox, receiver)
            world.folder.mkdir()
            world.found()
            SCENES["rescind"].before(world)
            SCENES["rescind"].act(world)
            list(invariants.violations(world))
            outcome.outcome(world)
        _close()


def main() -> None:
    """Warm, and then at the command of whoever holds the other end. The argument: a new SQLite database to get warm with."""
    import django.db.backends.postgresql.base  # noqa: F401

    from countermand.store import setup

    # A test may kill a process but never the power, so it need not wait for the disk.
    setup.PRAGMAS = setup.PRAGMAS.replace("synchronous=FULL", "synchronous=OFF")
    with contextlib.redirect_stderr(io.StringIO()):
        warm_up(sys.argv[1])
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        folder = Path(asked["folder"])
        with contextlib.redirect_stderr(io.StringIO()):
            code, found = in_child(lambda: asdict(play(asked["scene"], asked["database"], folder / "scene")), folder / "report")  # noqa: B023
        print(json.dumps(found or {"failed": f"the scene ended with {code}"}), flush=True)


if __name__ == "__main__":
    main()
