"""Six processes at work on one PostgreSQL database, and a person who halts and rescinds among them."""

import json
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from django.db import connection
from fleet_words import HEADER, TIKTOK, agrees, by, row, written
from post import Post

import behind
import crowd
from countermand.access import Act, Actor, Role
from countermand.config import Database
from countermand.core.facts import BLOCK_SIZE
from countermand.flows import bring, telling
from countermand.flows.publish import publish
from countermand.flows.seal import seal
from countermand.flows.speaker import Speaker, speaker
from countermand.flows.stop import halt, rescind
from countermand.lib import keys
from countermand.reads import ledger
from countermand.store import lease, models
from crowd_gate import Listener

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
CAST = ("reports", "reports", "orders", "work", "voice", "voice")
PEOPLE = "login,email,name,zone,locale,country,groups,employment\n" + "".join(
    f"p{number},p{number}@example.org,P,Europe/Berlin,en,DE,staff,employee\n" for number in range(crowd.PHONES)
)


@pytest.fixture
def company(store: Database, tmp_path: Path) -> Path:
    """People with a phone each, in two blocks; three orders told and due, two approved and not issued yet."""
    house.open_house()
    bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
    half = crowd.PHONES // 2
    for first in (0, half):
        rows = [row(f"F{n}", f"p{n}", apps=[TIKTOK], eas=f"E{n}", at=house.NOW) for n in range(first, first + half)]
        bring.bring_devices(by(now=house.NOW), written(tmp_path, "phones.csv", HEADER + "".join(rows)), source="mdm")
        models.Installation.objects.update(next_device=BLOCK_SIZE)
    for name in ("halted", "ended", "stays"):
        house.issued(crowd.PHONES, house.document(name))
        telling.issue_all(house.operator(), name)
    Post().deliver_all()
    for name in ("next-1", "next-2"):
        house.proposed(house.document(name, due="2020-09-17T17:00"), crowd.AFTER)
        for who in ("petra", "paul"):
            house.approved(who, name, crowd.AFTER)
    keys.create(tmp_path / "ledger.key")
    return tmp_path


def test_a_crowd_neither_loses_nor_repeats_nor_waits_in_a_circle(company: Path, store: Database) -> None:
    voice = speaker(company, lease.real())
    gate = Listener(company, voice, crowd.PHONES, lease.real())
    before = len(house.ledger_kinds())
    with _crowd(store, company) as names:
        _listen(gate, 20)
        halt(Act(Actor("olga", frozenset({Role.OPERATOR})), crowd.AFTER), "halted")
        _listen(gate, 20)
        rescind(Act(Actor("olga", frozenset({Role.OPERATOR})), crowd.AFTER), "ended", "changed")
        while not all((company / f"{name}.done").exists() for name in names if name.startswith(("reports", "orders"))):
            _listen(gate, 1)
        time.sleep(0.5)
        (company / "over").touch()
    did = {name: json.loads((company / f"{name}.done").read_text()) for name in names}
    assert [said["fell"] for said in did.values() if "fell" in said] == []
    _settle(company, voice, gate)
    _nothing_is_lost(company, did, before)
    _everybody_is_told_what_counts()
    # Records in the order in which they were numbered make the same of the old snapshot as the rows make of a new one.
    assert gate.answers(lease.real()) == Listener(company, voice, crowd.PHONES, lease.real()).answers(lease.real())
    assert {name for _, because in gate.answers(lease.real()) for name in because} == {"stays", "next-1", "next-2"}
    deadlocks = behind.ask(store, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks == [(0,)]


class _crowd:
    """The processes of the cast, begun together and waited for."""

    def __init__(self, store: Database, folder: Path) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.folder = folder
        self.processes = {
            f"{part}{number}": spawn.Process(target=crowd.play, args=(store, folder, part, number))
            for number, part in enumerate(CAST)
        }

    def __enter__(self) -> list[str]:
        for process in self.processes.values():
            process.start()
        while not all((self.folder / f"{name}.here").exists() for name in self.processes):
            time.sleep(0.02)
        (self.folder / "begin").touch()
        return list(self.processes)

    def __exit__(self, *failure: object) -> None:
        (self.folder / "over").touch()
        for process in self.processes.values():
            process.join(60)
            if process.is_alive():
                process.kill()


def _listen(gate: Listener, times: int) -> None:
    for _ in range(times):
        gate.listen(lease.real())
        time.sleep(0.01)


def _settle(folder: Path, voice: Speaker, gate: Listener) -> None:
    """Everything that was left over is finished, by one process alone."""
    telling.rescind_all(house.worker(crowd.AFTER), "ended")
    Post(now=lease.real()).deliver_all()
    publish(voice, "last", lease.real() + 60_000, beat=True)
    while gate.listen(lease.real()):
        pass
    while seal(house.worker(crowd.AFTER), folder / "ledger.key"):
        pass


def _nothing_is_lost(folder: Path, did: dict[str, dict[str, int]], before: int) -> None:
    assert agrees(crowd.AFTER)
    kinds = house.ledger_kinds()[before:]
    assert [kinds.count(kind) for kind in ("halted", "rescinded", "issued")] == [1, 1, 2]
    assert kinds.count("reports") == models.LedgerRow.objects.count() - before - sum(kind != "reports" for kind in kinds)
    assert kinds.count("reports") >= 2 * crowd.REPORTS
    public = [ledger.verifier_line("example.org", folder / "ledger.key.pub")]
    found = ledger.verify_live(Act(Actor("ada", frozenset({Role.AUDITOR})), crowd.AFTER), public)
    assert (found.problem, found.unsealed) == (None, 0)
    assert found.entries == models.LedgerRow.objects.count()
    records = list(models.FeedRecord.objects.order_by("n").values_list("n", flat=True))
    assert records == list(range(1, len(records) + 1))
    assert sum(said.get("records", 0) for said in did.values()) <= len(records)


def _everybody_is_told_what_counts() -> None:
    notices = models.Notice.objects.values_list("version__lineage_id", "kind", "state", "reached", "person_id")
    open_ = [row for row in notices if row[2] in ("promised", "claimed")]
    assert [row for row in open_ if row[0] == "ended"] == []
    corrected = sorted(row[4] for row in notices if row[0] == "ended" and row[1] == "rescinded" and row[2] == "accepted")
    assert corrected == sorted({row[4] for row in notices if row[0] == "ended" and row[1] != "rescinded" and row[3]})
    for name in ("next-1", "next-2"):
        version = models.Version.objects.get(lineage=name)
        assert models.Told.objects.filter(version=version).count() == crowd.PHONES
        assert version.issue_done


@pytest.fixture(autouse=True)
def _let_go() -> Iterator[None]:
    yield
    connection.close()
