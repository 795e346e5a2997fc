"""What each process of a crowd does on one database, at once with all the others: the parts of the stress run.

A part is asked for by name in a process of its own (``play``). It does its work a stated number of times, or until the
others are done, and says in a file what it did or how it fell.
"""

import json
import random
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import house
from fleet_words import CHESS, TIKTOK, said

from countermand.access import SYSTEM, Act, Actor, Role
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.instants import DAY, MINUTE, Instant
from countermand.flows import hold, telling
from countermand.flows.deliver import deliver
from countermand.flows.ingest import ingest
from countermand.flows.issue import issue
from countermand.flows.letters import Desk
from countermand.flows.publish import publish
from countermand.flows.seal import seal
from countermand.flows.speaker import speaker
from countermand.flows.sweep import sweep
from countermand.notices.mail import Letter, Outcome, Result
from countermand.store import directives, lease
from countermand.store.setup import close_store, open_store
from countermand.store.unit import aside

#: Three days after everything that was told before has come due.
AFTER: Instant = house.NOW + 10 * DAY
PHONES = 24
REPORTS = 40


class Stage:
    """Where a part is played: the folder with the signs by which parts know of each other, and a clock that runs."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.begun = time.monotonic()
        self.random = random.Random(name)

    @property
    def now(self) -> Instant:
        return AFTER + int((time.monotonic() - self.begun) * 1000)

    @property
    def over(self) -> bool:
        return (self.folder / "over").exists()

    def by(self, *roles: Role) -> Act:
        return Act(Actor(self.name, frozenset(roles)), self.now)

    def system(self) -> Act:
        return Act(SYSTEM, self.now)


def reports(stage: Stage) -> dict[str, int]:
    """Phones that come and go, mostly one at a time, now and then a handful out of both blocks."""
    for number in range(REPORTS):
        count = 6 if number % 10 == 0 else 1
        phones = stage.random.sample(range(PHONES), count)
        apps = [[TIKTOK, CHESS], [CHESS]]
        mentions = [said(f"F{phone}", stage.now, *stage.random.choice(apps)) for phone in phones]
        ingest(stage.by(Role.OPERATOR), "mdm", mentions, confirmed=True)
    return {"batches": REPORTS}


def orders(stage: Stage) -> dict[str, int]:
    """What was approved is issued and told, order after order."""
    names = [name for name in directives.names() if name.startswith("next-")]
    promised = 0
    for name in names:
        issued = issue(stage.by(Role.OPERATOR), name, expected=PHONES)
        promised += telling.issue_all(stage.system(), name, issued.audience).promised
    return {"issued": len(names), "promised": promised}


def work(stage: Stage) -> dict[str, int]:
    """As the worker does: letters leave and told is written, what was taken back or put on hold is followed by its words,
    and time is told by the sweep."""
    desk = Desk(b"k" * 32, "example.org", "security@example.org", 10 * MINUTE)
    handed: list[int] = []

    def send(letters: Sequence[Letter], until: Instant) -> Iterator[Outcome]:
        for letter in letters:
            handed.append(letter.id)
            yield Outcome(letter.id, Result.ACCEPTED, "as ever")

    while not stage.over:
        for name in directives.uncorrected():
            telling.rescind_all(stage.system(), name)
        for name in directives.names():
            hold.hold_all(stage.system(), name)
        while deliver(stage.system, send, desk, stage.name, lease.real, batch=7).claimed:
            pass
        sweep(stage.now)
        time.sleep(0.05)
    assert len(handed) == len(set(handed)), "a notice left twice"
    return {"handed": len(handed)}


def voice(stage: Stage) -> dict[str, int]:
    """Publishing and sealing, as long as the lease is held; given up now and then, so that the other one takes over."""
    speaks, records, sealed = speaker(stage.folder, lease.real()), 0, 0
    while not stage.over:
        real = lease.real()
        done = publish(speaks, stage.name, real)
        records += done.records
        found = seal(stage.system(), stage.folder / "ledger.key", 50, holder=stage.name)
        sealed += found.count if found else 0
        if stage.random.random() < 0.1:
            with aside():
                lease.release("publisher", stage.name)
                lease.release("sealer", stage.name)
        time.sleep(0.02)
    return {"records": records, "sealed": sealed}


PARTS: dict[str, Callable[[Stage], dict[str, int]]] = {
    "reports": reports, "orders": orders, "work": work, "voice": voice,
}  # fmt: skip


def play(place: Database, folder: Path, part: str, number: int) -> None:
    """One process: wait until everybody is there, do the part, say how it went."""
    name = f"{part}{number}"
    said_so: dict[str, object] = {}
    try:
        open_store(place)
        (folder / f"{name}.here").touch()
        while not (folder / "begin").exists():
            time.sleep(0.01)
        said_so = dict(PARTS[part](Stage(folder, name)))
    except BaseException:
        said_so = {"fell": traceback.format_exc()}
    finally:
        with suppress(Refused):
            close_store()
        (folder / f"{name}.new").write_text(json.dumps(said_so))
        (folder / f"{name}.new").rename(folder / f"{name}.done")
