"""Whatever people, sources, the worker and the gate do to orders, unit by unit and in any order, the invariants hold.

Long work is taken apart where others can come between: a claim and its settling, chunk and chunk of telling, a change and
its publication.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import house
import pytest
from fleet_words import HEADER, TIKTOK, agrees, by, row, said, written
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import behind
from countermand.access import Act, Actor, Role
from countermand.config import Database
from countermand.core.bundle import Purpose
from countermand.core.instants import DAY, HOUR, MINUTE, SECOND
from countermand.flows import bring, deliver, hold, telling
from countermand.flows.ingest import ingest
from countermand.flows.issue import issue, resume
from countermand.flows.letters import Desk, Draft
from countermand.flows.publish import publish
from countermand.flows.seal import seal
from countermand.flows.speaker import Speaker, speaker
from countermand.flows.stop import halt, rescind
from countermand.flows.sweep import sweep
from countermand.lib import keys
from countermand.notices.mail import Outcome, Result
from countermand.reads import ledger
from countermand.store import models
from crowd_gate import Listener

PHONES = 5
NAMES = st.sampled_from(["one", "two"])
PEOPLE = "login,email,name,zone,locale,country,groups,employment\n" + "".join(
    f"p{n},p{n}@example.org,P,Europe/Berlin,en,DE,staff,employee\n" for n in range(PHONES)
)


class Orders(RuleBasedStateMachine):
    """``pending``: claimed batches that are at the mail server; ``corrected``: how often each person got the correction."""

    def __init__(self, store: Database, folder: Path, voice: Speaker) -> None:
        super().__init__()
        behind.afresh(store)
        self.now, self.folder, self.voice = house.NOW, folder, voice
        self.desk = Desk(b"k" * 32, "example.org", "security@example.org", 10 * MINUTE)
        self.pending: list[Sequence[Draft]] = []
        house.open_house()
        bring.bring_people(by(now=self.now), written(folder, "people.csv", PEOPLE))
        rows = [row(f"F{n}", f"p{n}", apps=[TIKTOK] if n % 2 else [], eas=f"E{n}", at=self.now) for n in range(PHONES)]
        bring.bring_devices(by(now=self.now), written(folder, "phones.csv", HEADER + "".join(rows)), source="mdm")
        shutil.rmtree(folder / "feed", ignore_errors=True)  # snapshots of the example before have higher numbers
        self.gate = Listener(folder, voice, PHONES, self.now)

    def act(self, *roles: Role) -> Act:
        self.now += SECOND
        return Act(Actor("otto", frozenset(roles)), self.now)

    def state(self, name: str) -> str:
        row = models.Lineage.objects.filter(pk=name).first()
        if row is None:
            return "none"
        if row.ended_at is not None:
            return "ended"
        states = set(models.Version.objects.filter(lineage=name).values_list("state", flat=True))
        return ("halted" if row.halted_at else "issued") if "issued" in states else "approved"

    # -- people decide --

    @rule(name=NAMES)
    def approve(self, name: str) -> None:
        if self.state(name) == "none":
            self.act()
            house.proposed(house.document(name, due="2020-07-17T17:00", more="reminders: [1d]"), self.now)
            for who in ("petra", "paul"):
                house.approved(who, name, self.now)

    @rule(name=NAMES)
    def issue(self, name: str) -> None:
        if self.state(name) == "approved" and self.now < house.NOW + 3 * DAY:
            issue(self.act(Role.OPERATOR), name, expected=PHONES, acknowledged=PHONES)

    @rule(name=NAMES)
    def halt(self, name: str) -> None:
        if self.state(name) in ("issued", "halted"):
            halt(self.act(Role.OPERATOR), name)

    @rule(name=NAMES)
    def resume(self, name: str) -> None:
        if self.state(name) == "halted":
            self.act()
            for who in ("petra", "paul"):
                if not models.Approval.objects.filter(version__lineage=name, purpose="resume", operator=who).exists():
                    house.approved(who, name, self.now, Purpose.RESUME)
            if models.Approval.objects.filter(version__lineage=name, purpose="resume").count() == 2:
                resume(self.act(Role.OPERATOR), name, expected=PHONES, acknowledged=PHONES)
                models.Approval.objects.filter(purpose="resume").delete()  # so that it can be halted and resumed again

    @rule(name=NAMES)
    def rescind(self, name: str) -> None:
        if self.state(name) in ("issued", "halted"):
            rescind(self.act(Role.OPERATOR), name, "changed")

    # -- the world goes on --

    @rule(phone=st.integers(0, PHONES - 1), has_app=st.booleans())
    def report(self, phone: int, has_app: bool) -> None:
        act = self.act(Role.OPERATOR)
        ingest(act, "mdm", [said(f"F{phone}", self.now, *([TIKTOK] if has_app else []))], confirmed=True)

    @rule(span=st.sampled_from([HOUR, DAY, 4 * DAY]))
    def time_passes(self, span: int) -> None:
        self.now += span

    # -- the worker's steps, apart --

    @rule(name=NAMES)
    def tell(self, name: str) -> None:
        telling.issue_next(house.worker(self.now), name)

    @rule(name=NAMES)
    def follow(self, name: str) -> None:
        """The next words of a rescission, or of a halt or its end."""
        if self.state(name) == "ended":
            telling.rescind_next(house.worker(self.now), name)
        elif self.state(name) in ("issued", "halted"):
            hold.hold_next(house.worker(self.now), name)

    @rule(batch=st.integers(1, 4))
    def claim(self, batch: int) -> None:
        claimed = deliver._claim(house.worker(self.now), self.desk, self.now, "w", batch)
        if claimed:
            self.pending.append(claimed)

    @precondition(lambda self: self.pending)
    @rule(result=st.sampled_from([Result.ACCEPTED, Result.ACCEPTED, Result.UNKNOWN, Result.REFUSED, Result.RETRY]))
    def settle(self, result: Result) -> None:
        claimed = self.pending.pop(0)
        outcomes = {draft.row.id: Outcome(draft.row.id, result, "as drawn") for draft in claimed}
        deliver.settle(house.worker(self.now), self.desk, "w", claimed, outcomes, self.now, self.now)

    @rule()
    def sweep(self) -> None:
        sweep(self.now)

    @rule()
    def publish(self) -> None:
        publish(self.voice, "p", self.now, beat=True)
        self.gate.listen(self.now)
        fresh = Listener(self.folder, self.voice, PHONES, self.now)
        assert self.gate.answers(self.now) == fresh.answers(self.now)
        for person, (_, because) in enumerate(self.gate.answers(self.now)):
            for name in because:
                assert self.state(name) == "issued"
                due = models.Told.objects.get(version__lineage=name, person=person).due
                assert due <= self.now

    # -- what never happens --

    @invariant()
    def sets_equal_rows(self) -> None:
        assert agrees(self.now)

    @invariant()
    def nobody_is_told_beyond_what_was_approved(self) -> None:
        for version in models.Version.objects.exclude(issued_at=None):
            assert models.Told.objects.filter(version=version).count() <= version.ceiling

    def teardown(self) -> None:
        """Everything comes to its end: who was reached by what was taken back is corrected, once, and the ledger verifies."""
        while self.pending:
            self.settle(Result.ACCEPTED)
        for name in ("one", "two"):
            if self.state(name) == "ended":
                telling.rescind_all(house.worker(self.now), name)
        self.now += DAY  # past every retry
        while claimed := deliver._claim(house.worker(self.now), self.desk, self.now, "w", 100):
            self.pending.append(claimed)
            self.settle(Result.ACCEPTED)
        notices = models.Notice.objects.filter(version__lineage__ended_at__isnull=False)
        reached = notices.filter(reached=True).exclude(kind="rescinded").values_list("version__lineage", "person")
        corrected = notices.filter(kind="rescinded", state="accepted").values_list("version__lineage", "person")
        assert sorted(corrected) == sorted(set(reached))
        while seal(house.worker(self.now), self.folder / "ledger.key"):
            pass
        line = ledger.verifier_line("example.org", self.folder / "ledger.key.pub")
        found = ledger.verify_live(Act(Actor("ada", frozenset({Role.AUDITOR})), self.now), [line])
        assert (found.problem, found.unsealed, found.entries) == (None, 0, models.LedgerRow.objects.count())


@pytest.mark.parametrize(("database", "share"), [("sqlite", 10), ("postgresql", 25)], indirect=["database"])
def test_in_any_order(store: Database, share: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "CHUNK", 2)
    monkeypatch.setattr(hold, "CHUNK", 2)
    keys.create(tmp_path / "ledger.key")
    voice = speaker(tmp_path, house.NOW)
    few: Any = {"max_examples": max(settings().max_examples // share, 1), "stateful_step_count": 25}
    quiet = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, **few)
    run_state_machine_as_test(lambda: Orders(store, tmp_path, voice), settings=quiet)
