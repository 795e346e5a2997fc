"""The ledger in the store: appended with its change, sealed in order, verified live, exported, erased, tampered with."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.db import connections

import behind
from countermand.access import SYSTEM, Act, Actor, Role
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.flows.seal import Sealed, seal
from countermand.ledger.entry import MOST_LISTED, batch_of, commitment, decode
from countermand.lib import keys
from countermand.reads import ledger
from countermand.store import installation, log, salts, tree
from countermand.store.unit import aside, unit

ORIGIN = "ledger.example.org"
NOW = 1_800_000_000_000
ACT = Act(SYSTEM, NOW)
AUDITOR = Act(Actor("ada", frozenset({Role.AUDITOR})), NOW)


@pytest.fixture
def key(store: Database, tmp_path: Path) -> Path:
    """An installation, and its ledger key."""
    installation.create(installation.Installation(drill=False, origin=ORIGIN, epoch=1, created=NOW, clock_offset=0))
    keys.create(tmp_path / "ledger.key")
    return tmp_path / "ledger.key"


def record(*kinds: str, subjects: tuple[str, ...] = ()) -> None:
    for kind in kinds:
        with unit():
            log.append(kind, ACT, {"notices": [{"lineage": "no-tiktok"}]}, subjects)


def sealed(key: Path, batch: int = 2_000) -> Sealed:
    found = seal(ACT, key, batch)
    assert found is not None
    return found


def lines(key: Path) -> list[str]:
    return [ledger.verifier_line(ORIGIN, key.with_name(key.name + ".pub"))]


def problem(key: Path, kept: tuple[str, ...] = ()) -> str | None:
    found = ledger.verify_live(AUDITOR, lines(key), kept).problem
    if found is None:
        return None
    assert found.sentence
    assert found.remedy
    return found.code


# -- appending --


def test_an_entry_outside_of_a_transaction_is_refused(store: Database) -> None:
    with pytest.raises(RuntimeError, match="inside unit"):
        log.append("issued", ACT, {})
    assert tree.unsealed(10) == []
    assert salts.load(["person:ann"]) == {}


def test_what_is_rolled_back_leaves_no_entry_and_no_salt(store: Database) -> None:
    def fails() -> None:
        with unit():
            log.append("issued", ACT, {}, ["person:ann"])
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert tree.unsealed(10) == []
    assert salts.load(["person:ann"]) == {}


def test_a_subject_stands_there_as_its_commitment_only(store: Database) -> None:
    record("told", "denied", subjects=("person:ann", "device:7", "person:ann"))
    entries = [decode(row.entry) for row in tree.unsealed(10)]
    known = salts.load(["person:ann", "device:7"])
    expected = tuple(sorted(commitment(salt, subject).hex() for subject, salt in known.items()))
    assert [entry.subjects for entry in entries] == [expected, expected]
    assert len(set(known.values())) == 2
    assert all(b"ann" not in row.entry for row in tree.unsealed(10))


def test_thousands_of_subjects_are_one_small_entry(store: Database) -> None:
    many = tuple(f"person:{number}" for number in range(3_000))
    record("issued", subjects=many)
    (row,) = tree.unsealed(10)
    known = salts.load(many)
    assert len(row.entry) < 400
    assert decode(row.entry).batch == batch_of([commitment(salt, subject) for subject, salt in known.items()])
    record("issued", subjects=many[:MOST_LISTED])
    assert len(decode(tree.unsealed(10)[1].entry).subjects) == MOST_LISTED


# -- sealing --


def test_leaves_follow_the_order_of_writing_over_several_batches(key: Path) -> None:
    record(*(f"k{number}" for number in range(7)))
    first, second = sealed(key, 4), sealed(key, 4)
    assert [(one.first, one.size, one.more, one.count) for one in (first, second)] == [(0, 4, True, 4), (4, 7, False, 3)]
    assert seal(ACT, key) is None
    assert [decode(row.entry).kind for row in tree.sealed()] == [f"k{number}" for number in range(7)]
    assert [row.leaf for row in tree.sealed(2, 5)] == [2, 3, 4]
    assert ledger.verify_live(AUDITOR, lines(key)) == ledger.Verified(7, 2)


def test_what_was_not_sealed_before_a_crash_is_sealed_after_it(key: Path) -> None:
    record("one")
    sealed(key)
    record("two", "three")  # and the process dies here
    assert ledger.verify_live(AUDITOR, lines(key)) == ledger.Verified(1, 1, unsealed=2)
    assert sealed(key).size == 3
    assert ledger.verify_live(AUDITOR, lines(key)) == ledger.Verified(3, 2)


def test_a_crash_within_sealing_leaves_the_tree_as_it_was(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record("one", "two")
    extend = tree.extend

    def dies(*arguments: object) -> None:
        extend(*arguments)  # type: ignore[arg-type]
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(tree, "extend", dies)
        with pytest.raises(SystemExit):
            seal(ACT, key)
    assert ledger.verify_live(AUDITOR, lines(key)) == ledger.Verified(0, 0, unsealed=2)
    assert sealed(key).size == 2


def test_who_sealed_second_changes_nothing(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other sealer commits after this one has read and before it writes."""
    record("one", "two")
    others: list[Sealed | None] = []

    def aside_after_the_other() -> AbstractContextManager[None]:
        monkeypatch.undo()
        others.append(seal(ACT, key))
        return aside()

    monkeypatch.setattr("countermand.flows.seal.aside", aside_after_the_other)
    assert seal(ACT, key) is None
    assert [one and one.size for one in others] == [2]
    assert ledger.verify_live(AUDITOR, lines(key)) == ledger.Verified(2, 1)


def test_two_sealers_at_once_seal_everything_once(key: Path) -> None:
    record(*(f"k{number}" for number in range(60)))

    def work() -> None:
        while tree.unsealed(1):
            seal(ACT, key, 7)

    threads = [threading.Thread(target=lambda: _in_own_connection(work)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    found = ledger.verify_live(AUDITOR, lines(key))
    assert (found.entries, found.unsealed, found.problem) == (60, 0, None)
    assert [decode(row.entry).kind for row in tree.sealed()] == [f"k{number}" for number in range(60)]


def _in_own_connection(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connections.close_all()


def test_nothing_is_signed_that_does_not_continue_what_was(key: Path, store: Database) -> None:
    record("one", "two")
    sealed(key)
    record("three")
    behind.execute(store, "UPDATE store_ledgerhash SET hash = zeroblob(32) WHERE level = 1")
    with pytest.raises(Refused) as refused:
        seal(ACT, key)
    assert refused.value.code == "ledger-history-differs"


def test_only_who_may_seals_and_looks(key: Path) -> None:
    with pytest.raises(Refused, match="not-allowed"):
        seal(AUDITOR, key)
    with pytest.raises(Refused, match="not-allowed"):
        ledger.verify_live(Act(Actor("hal", frozenset({Role.HELPDESK})), NOW), [])


def test_a_missing_key_is_named(key: Path, tmp_path: Path) -> None:
    record("one")
    with pytest.raises(Refused, match="key-missing"):
        seal(ACT, tmp_path / "none.key")


# -- live verification --

TAMPERING = {
    "an entry changed": ("UPDATE store_ledgerrow SET entry = replace(entry, 'k3', 'k4') WHERE leaf = 3", "ledger-hash-differs"),
    "an entry that is no bytes": ("UPDATE store_ledgerrow SET entry = 'text' WHERE leaf = 3", "ledger-hash-differs"),
    "an entry removed": ("DELETE FROM store_ledgerrow WHERE leaf = 3", "ledger-leaf-missing"),
    "the last entry removed": ("DELETE FROM store_ledgerrow WHERE leaf = 9", "ledger-leaf-missing"),
    "two entries swapped": (
        "UPDATE store_ledgerrow SET entry = (SELECT entry FROM store_ledgerrow o WHERE o.leaf = 7 - store_ledgerrow.leaf) "
        "WHERE leaf IN (3, 4)",
        "ledger-hash-differs",
    ),
    "a leaf changed with its hash": (
        'UPDATE store_ledgerhash SET hash = zeroblob(32) WHERE level = 0 AND "index" = 9',
        "ledger-hash-differs",
    ),
    "an inner hash changed": ("UPDATE store_ledgerhash SET hash = zeroblob(32) WHERE level = 2", "ledger-hash-differs"),
    "a hash removed": ("DELETE FROM store_ledgerhash WHERE level = 3", "ledger-hash-differs"),
    "a hash added": ('INSERT INTO store_ledgerhash (level, "index", hash) VALUES (9, 9, zeroblob(32))', "ledger-hash-stray"),
    "an entry slipped in": ("INSERT INTO store_ledgerrow (entry, leaf, at) VALUES ('x', 10, 0)", "ledger-hash-differs"),
    "the last checkpoint removed": ("DELETE FROM store_ledgercheckpoint WHERE size = 10", "ledger-tail-unsigned"),
    "a checkpoint's size changed": (
        "UPDATE store_ledgercheckpoint SET size = 5 WHERE size = 4",
        "ledger-checkpoint-malformed",
    ),
    "a checkpoint's text changed": (
        "UPDATE store_ledgercheckpoint SET note = replace(note, char(10) || '4' || char(10), char(10) || '3' || char(10)) "
        "WHERE size = 4",
        "ledger-checkpoint-forged",
    ),
    "a signature changed": ("UPDATE store_ledgercheckpoint SET note = note || 'x' WHERE size = 4", "ledger-checkpoint-malformed"),
}


@pytest.mark.parametrize("case", TAMPERING)
def test_tampering_is_found_live(key: Path, store: Database, case: str) -> None:
    statement, expected = TAMPERING[case]
    record(*(f"k{number}" for number in range(10)))
    for _ in range(3):
        seal(ACT, key, 4)
    assert problem(key) is None
    behind.execute(store, statement)
    assert problem(key) == expected


def test_a_rewritten_ledger_is_found_by_a_kept_checkpoint_alone(key: Path, store: Database) -> None:
    record("one", "two", "three")
    kept = sealed(key).note
    for table in ("ledgerrow", "ledgerhash", "ledgercheckpoint"):
        behind.execute(store, f"DELETE FROM store_{table}")
    record("one", "two")
    sealed(key)
    assert problem(key) is None
    assert problem(key, (kept,)) == "ledger-truncated"
    record("other")
    sealed(key)
    assert problem(key, (kept,)) == "ledger-history-differs"


def test_a_checkpoint_by_another_key_is_found(key: Path, tmp_path: Path) -> None:
    keys.create(tmp_path / "other.key")
    record("one")
    sealed(tmp_path / "other.key")
    assert problem(key) == "ledger-checkpoint-unsigned"
    assert ledger.verify_live(AUDITOR, lines(key) + lines(tmp_path / "other.key")).problem is None


# -- export, proof, erasure, showing --


def test_an_export_needs_only_its_files_and_the_key(key: Path, tmp_path: Path) -> None:
    record(*(f"k{number}" for number in range(300)))
    early = sealed(key, 100).note
    while seal(ACT, key, 100):
        pass
    record("not sealed yet")
    made = ledger.export(AUDITOR, tmp_path / "export")
    assert (made.entries, made.files) == (300, len([path for path in (tmp_path / "export").rglob("*") if path.is_file()]))
    assert ledger.verify_export(tmp_path / "export", lines(key), [early]) == ledger.Verified(300, 1)
    (tmp_path / "export" / "tile" / "0" / "000").write_bytes(b"")
    found = ledger.verify_export(tmp_path / "export", lines(key)).problem
    assert found is not None
    assert found.code == "ledger-file-damaged"
    assert "tile/0/000" in found.sentence


def test_an_export_needs_something_sealed(key: Path, tmp_path: Path) -> None:
    record("one")
    with pytest.raises(Refused, match="ledger-empty"):
        ledger.export(AUDITOR, tmp_path / "export")


def test_an_entry_is_proven_by_text_alone(key: Path) -> None:
    record(*(f"k{number}" for number in range(11)))
    sealed(key, 6)
    sealed(key, 6)
    for index in range(11):
        found, entry = ledger.check_proof(ledger.prove(AUDITOR, index), lines(key))
        assert (found, entry.kind) == (index, f"k{index}")
    with pytest.raises(Refused, match="ledger-not-sealed"):
        ledger.prove(AUDITOR, 11)


def test_erasing_a_salt_leaves_the_ledger_whole_and_the_person_unnamed(key: Path, tmp_path: Path) -> None:
    record("told", subjects=("person:ann", "device:7"))
    record("told", subjects=("person:bob",))
    sealed(key)
    assert len(ledger.entries(AUDITOR, subject="person:ann")) == 1
    with unit():
        assert salts.erase(["person:ann", "person:nobody"]) == 1
    assert ledger.entries(AUDITOR, subject="person:ann") == []
    assert len(ledger.entries(AUDITOR, subject="person:bob")) == 1
    assert problem(key) is None
    ledger.export(AUDITOR, tmp_path / "export")
    assert ledger.verify_export(tmp_path / "export", lines(key)).problem is None
    record("told", subjects=("person:ann",))  # someone new of that name is someone else
    first, again = (decode(row.entry) for row in (*tree.sealed(0, 1), *tree.unsealed(1)))
    assert not set(first.subjects) & set(again.subjects)


def test_entries_are_shown_newest_first_and_narrowed(key: Path) -> None:
    record("written", "issued", "halted")
    sealed(key)
    record("resumed")
    shown = ledger.entries(AUDITOR)
    assert [(one.entry.kind, one.leaf) for one in shown] == [("resumed", None), ("halted", 2), ("issued", 1), ("written", 0)]
    assert [one.entry.kind for one in ledger.entries(AUDITOR, before=shown[1].id)] == ["issued", "written"]
    assert [one.entry.kind for one in ledger.entries(AUDITOR, kind="issued")] == ["issued"]
    assert [one.entry.kind for one in ledger.entries(AUDITOR, mentions="no-tiktok", limit=1)] == ["resumed"]
    assert ledger.entries(AUDITOR, mentions="else") == []
    assert ledger.entries(AUDITOR, since=NOW + 1) == []
    assert ledger.entries(AUDITOR, actor="ann") == []
