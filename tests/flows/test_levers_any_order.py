"""Whatever happens to a lever, in whatever order, wherever it dies: in the end all of theirs is there, and nothing of ours."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import house
import pulling
import pytest
from django.db import connection
from elsewhere import Elsewhere, elsewhere
from killed import Killed, killed_at
from pulling import NAME, Pull, change, told

import fake_exchange
from countermand.config import Database
from countermand.flows import levers
from countermand.flows.lever_verify import verify
from countermand.flows.stop import halt, rescind
from countermand.levers.kinds import KINDS
from countermand.lib.http import Unreachable
from countermand.store import entries, lease, models
from fake_entra import device_id

PHONES = 12
ORDERS = ("no-tiktok", "no-tiktok-either")
#: Histories that are tried: more in a nightly run.
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
HISTORIES = range(40 if NIGHTLY else 2)
OTTO = house.operator(pulling.LATER)


def begun_anew(pull: Pull) -> None:
    """Another process takes over, after the first one's lease is over."""
    connection.close()
    pull.using = None
    models.Lease.objects.all().delete()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_killed_at_every_statement_and_request(store: Database, tmp_path: Path, record_property: Callable[..., None]) -> None:
    """Some come, some go, the switch is turned; it dies somewhere in between, and the next one finishes it."""
    with pulling.pulled(store, tmp_path, phones=PHONES, with_app=PHONES) as pull:
        told(pull.fleet, house.issued(PHONES).version, list(range(PHONES)))
        levers.lever_begin(OTTO, NAME)
        pull.enable()
        pull.directory.edit(11, "their own")
        retired, point, ended = set[int](), 0, False
        pull.work()
        while not ended:
            going = {point % 5, 5 + point % 4}
            for number in retired ^ going:
                change(number, retired=number in going)
            retired = going
            try:
                with killed_at(point):
                    pull.work()
                ended = True
            except Killed:
                begun_anew(pull)
                pull.work()
            expected = {device_id(number) for number in range(PHONES - 1) if number not in retired}
            assert set(pull.directory.values()) == expected | {device_id(11)}, point
            assert pull.struck() == {number for number in range(PHONES - 1) if number not in retired}, point
            point += 1
        assert pull.directory.value(11) == "their own"
        assert len(pull.directory.policies) == 1
        record_property("said", f"a lever killed at {point} statements and requests")
        assert point > 40


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("stop", ["halt", "rescind", "undo"])
def test_killed_on_the_way_back(store: Database, tmp_path: Path, stop: str) -> None:
    """Taken back, killed again and again on the way: what is written first is the switch, and in the end nothing is left."""
    with pulling.pulled(store, tmp_path, phones=PHONES, with_app=PHONES) as pull:
        told(pull.fleet, house.issued(PHONES).version, list(range(PHONES)))
        levers.lever_begin(OTTO, NAME)
        pull.enable()
        pull.work()
        before = len(pull.directory.journal)
        if stop == "halt":
            halt(OTTO, house.NAME)
        elif stop == "rescind":
            rescind(OTTO, house.NAME, "sent-in-error")
        else:
            levers.lever_undo(OTTO, NAME)
        for point in range(0, 200, 3):
            try:
                with killed_at(point):
                    pull.work()
            except (Killed, Unreachable):
                begun_anew(pull)
            else:
                break
        pull.work()
        assert pull.directory.journal[before].what == "policy"
        assert pull.struck() == set()
        assert pull.directory.values() == {}
        assert pull.count().ours == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_killed_where_nothing_bears_a_mark(store: Database, tmp_path: Path) -> None:
    """Only the receipts tell whose an id on a mailbox's list is: they are written before it."""
    there = fake_exchange.Organisation(mailboxes={f"p{number:05d}": [] for number in range(PHONES)})
    there.mailboxes["p00005"] = ["Appl0005", "Old0001"]
    with fake_exchange.served(there):
        settings = {"tenant": fake_exchange.TENANT, "client": fake_exchange.CLIENT, "probe": "p00010", "unsupported": "accepted"}
        where = {"url": there.url, "login": there.url}
        kind = "exchange-unsupported"
        pull = pulling.moved_in(store, tmp_path, kind, settings | where, fake_exchange.SECRET, phones=PHONES, with_app=PHONES)
        told(pull.fleet, house.issued(PHONES).version, list(range(6)))
        levers.lever_begin(OTTO, kind)
        retired, point, ended = set[int](), 0, False
        while not ended:
            going = set[int]() if point % 2 else {0, 1, 2, 3, 4, 5}
            for number in retired ^ going:
                change(number, retired=number in going)
            retired = going
            try:
                with killed_at(point):
                    pull.work()
                ended = True
            except Killed:
                begun_anew(pull)
                pull.work()
            expected = {(f"p{number:05d}", f"Appl{number:04d}") for number in range(6) if number not in retired}
            assert there.blocked() == expected | {("p00005", "Appl0005"), ("p00005", "Old0001")}, point
            point += 1
        assert point > 20


@dataclass
class Story:
    """One lever, and what is done with it. ``theirs``: what administrators left under each key that they touched."""

    chance: Random
    pull: Pull
    there: Elsewhere
    versions: list[int]
    untold: list[list[int]]
    theirs: dict[str, str] = field(default_factory=dict)

    def tell(self) -> None:
        which = self.chance.randrange(2)
        if self.untold[which]:
            told(self.pull.fleet, self.versions[which], [self.untold[which].pop()])

    def retire(self) -> None:
        change(self.chance.randrange(PHONES), retired=self.chance.random() < 0.5)

    def edit(self) -> None:
        """An administrator writes over whatever is there, or empties it, a good while after we last wrote. What nobody could
        tell from our own write, where we wrote or may have, is not tried: whoever does that has done what we did."""
        self.settle()
        key, value = self.chance.choice(self.there.keys), self.there.leaves(self.chance)
        row = entries.keyed(self.pull.row.pk, [key], lease.real()).get(key)
        if value in self.there.alike and row is not None and row.receipt.any:
            return
        if self.there.edit(key, value) is not False:
            self.theirs[key] = value

    def hold(self) -> None:
        halted = self.pull.now if self.chance.random() < 0.5 else None
        models.Lineage.objects.filter(pk=self.chance.choice(ORDERS)).update(halted_at=halted)

    def enable(self) -> None:
        if self.pull.hand.kind.switch and not self.pull.row.enabled_by:
            self.pull.enable()

    def verify(self) -> None:
        verify(self.pull.act, self.pull.name, self.pull.hand, self.pull.way, holder="me")

    def begin(self) -> None:
        levers.lever_begin(OTTO, self.pull.name)

    def undo(self) -> None:
        levers.lever_undo(OTTO, self.pull.name)

    def work(self) -> None:
        if self.pull.row.works:
            self.pull.work()

    def die(self) -> None:
        try:
            with killed_at(self.chance.randrange(60)):
                self.work()
        except Killed:
            begun_anew(self.pull)

    def settle(self) -> None:
        self.there.settle()
        self.pull.settle_receipts()

    def end(self) -> None:
        """Everything that is under way comes to its end."""
        for _ in range(30):
            self.work()
            self.pull.settle_receipts()
            if not self.pull.row.works or not self.pull.count().open:
                return
        raise AssertionError("it never ends")


#: Levers that are written to over the network: each with the histories that are tried.
TOLD = [(kind, seed) for kind in KINDS if KINDS[kind].open for seed in (HISTORIES if kind == "entra" or NIGHTLY else [0])]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("kind", "seed"), TOLD)
def test_any_history_ends_with_exactly_theirs(store: Database, tmp_path: Path, kind: str, seed: int) -> None:
    with elsewhere(kind, store, tmp_path, PHONES) as (pull, there):
        versions = [house.issued(PHONES, house.document(name)).version for name in ORDERS]
        story = Story(Random(seed), pull, there, versions, [list(range(PHONES)), list(range(PHONES))])
        doings = [story.tell, story.work, story.work, story.retire, story.edit, story.edit, story.hold, story.enable]
        doings += [story.verify, story.begin, story.undo, story.die]
        for _ in range(30):
            story.chance.choice(doings)()
        story.end()
        rescind(OTTO, story.chance.choice(ORDERS), "sent-in-error")
        story.undo()
        story.end()
        assert there.stands() == {key: value for key, value in story.theirs.items() if value}
        assert there.struck() == set()
        assert pull.count().ours == 0
