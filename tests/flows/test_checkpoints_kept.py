"""Checkpoints kept beside the database: nothing goes forward from a copy that lacks what was signed; the way back stays."""

import threading
from dataclasses import replace
from pathlib import Path

import house
import pytest
from house import NAME, operator

import behind
from countermand import worker
from countermand.access import SYSTEM, Act, Actor, Role
from countermand.config import Database, standard
from countermand.core.errors import Refused
from countermand.core.instants import HOUR
from countermand.flows import kept
from countermand.flows.accounts import key_file
from countermand.flows.issue import issue, resume
from countermand.flows.publish import publish
from countermand.flows.seal import seal
from countermand.flows.speaker import speaker
from countermand.flows.stop import halt, rescind
from countermand.ledger.kept import NEWEST
from countermand.lib import keys
from countermand.reads import ledger
from countermand.store import log, models
from countermand.store.setup import close_store, open_store
from countermand.store.unit import unit

SEALER = Act(SYSTEM, house.NOW)
AUDITOR = Act(Actor("ada", frozenset({Role.AUDITOR})), house.NOW)


@pytest.fixture
def state(store: Database, tmp_path: Path) -> Path:
    """A house with an order in proposal, and its ledger's key."""
    house.open_house()
    house.move_in(house.staff(3, with_app=1))
    house.proposed()
    house.approved("petra")
    house.approved("paul")
    keys.create(key_file(tmp_path, "ledger"))
    return tmp_path


def sealed(state: Path, kind: str = "noted", *, kept_too: bool = True) -> None:
    with unit():
        log.append(kind, SEALER, {})
    assert seal(SEALER, key_file(state, "ledger"), state_dir=state if kept_too else None) is not None


@pytest.fixture
def restored(state: Path, store: Database) -> Path:
    """The database of an hour ago, beside checkpoints of now."""
    sealed(state)
    issue(operator(), NAME, expected=3, state_dir=state)
    close_store()
    copy = behind.copy(store)
    open_store(store)
    sealed(state)
    close_store()
    behind.put_back(copy, store)  # as somebody restores it: by hand, without telling anybody
    open_store(store)
    return state


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


def test_every_sealing_is_kept_and_the_first_of_a_day_stays(state: Path) -> None:
    for _ in range(3):
        sealed(state)
    files = sorted(path.name for path in kept.kept_in(state).iterdir())
    assert files == ["2020-07-10.note", NEWEST]
    kept.require_newest(state)
    line = ledger.verifier_line("example.org", key_file(state, "ledger").with_name("ledger.key.pub"))
    assert ledger.verify_live(AUDITOR, [line], kept.kept_beside(state)).problem is None
    assert len(kept.kept_beside(state)) == 2


def test_nothing_goes_forward_from_an_older_copy(restored: Path) -> None:
    halt(operator(), NAME)
    for verb in (issue, resume):
        with pytest.raises(Refused) as refused:
            verb(operator(), NAME, expected=3, state_dir=restored)
        assert code(refused) == "ledger-truncated"
    with unit():
        log.append("noted", SEALER, {})
    with pytest.raises(Refused) as refused:
        seal(SEALER, key_file(restored, "ledger"), state_dir=restored)
    assert code(refused) == "ledger-truncated"


def test_the_worker_does_not_start_on_it(restored: Path, store: Database) -> None:
    with pytest.raises(Refused) as refused:
        worker.work(replace(standard(restored), database=store), threading.Event())
    assert code(refused) == "ledger-truncated"


def test_the_way_back_stays_open(restored: Path) -> None:
    assert not halt(operator(), NAME).already
    assert rescind(operator(), NAME, "sent-in-error").lineage == NAME


def test_only_halts_and_rescissions_are_published(restored: Path) -> None:
    voice, older = speaker(restored, house.NOW), kept.older(restored)
    assert older is not None
    with pytest.raises(Refused) as refused:
        publish(voice, "p", house.NOW, beat=True, older=older)
    assert code(refused) == "ledger-truncated"
    assert models.FeedRecord.objects.count() == 0
    halt(operator(), NAME)
    with pytest.raises(Refused):
        publish(voice, "p", house.NOW, older=older)
    body = bytes(models.FeedRecord.objects.get().body)
    assert b'"halted":true' in body


def test_another_history_of_the_same_length_is_found(restored: Path) -> None:
    for _ in range(3):
        sealed(restored, "otherwise", kept_too=False)
    with pytest.raises(Refused) as refused:
        kept.require_newest(restored)
    assert code(refused) == "ledger-history-differs"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("nonsense", "ledger-checkpoint-malformed"), (None, "ledger-checkpoint-forged")],
    ids=["damaged", "forged"],
)
def test_what_our_key_did_not_sign_frightens_nobody_silently(state: Path, text: str | None, expected: str) -> None:
    """A kept file that somebody wrote stops what goes forward, and says what is wrong with it."""
    sealed(state)
    newest = kept.kept_in(state) / NEWEST
    note = newest.read_text()
    newest.write_text(text or note.replace(f"\n{note.splitlines()[1]}\n", "\n99\n", 1))
    with pytest.raises(Refused) as refused:
        kept.require_newest(state)
    assert code(refused) == expected


def test_a_new_epoch_begins_with_nothing_kept(restored: Path) -> None:
    models.Installation.objects.update(epoch=2)
    kept.require_newest(restored)
    with unit():
        log.append("noted", SEALER, {})
    assert seal(SEALER, key_file(restored, "ledger"), state_dir=restored) is not None
    assert kept.older(restored) is None
    assert (restored / "checkpoints" / "1" / NEWEST).exists()


def test_a_sealer_that_was_overtaken_does_not_set_the_newest_back(state: Path) -> None:
    sealed(state)
    older = (kept.kept_in(state) / NEWEST).read_text()
    sealed(state)
    newest = (kept.kept_in(state) / NEWEST).read_text()
    kept.keep(state, older, house.NOW + HOUR)
    assert (kept.kept_in(state) / NEWEST).read_text() == newest
