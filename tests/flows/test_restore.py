"""Backup and restore: an older backup denies nobody and mails nobody, whatever became of its orders, until people say so."""

import contextlib
import sqlite3
from pathlib import Path

import house
import pytest
from django.db import connection

from countermand.access import Role
from countermand.config import Config, Database, standard
from countermand.core.bundle import Purpose
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, from_iso
from countermand.flows import epochs
from countermand.flows import restore as restoring
from countermand.flows.backup import backup
from countermand.flows.issue import resume
from countermand.flows.publish import publish
from countermand.flows.release import release
from countermand.flows.restore import Restored, restore
from countermand.flows.seal import seal
from countermand.flows.speaker import speaker
from countermand.flows.stop import rescind
from countermand.flows.telling import catch_up, issue_all, rescind_all
from countermand.lib import clock, keys
from countermand.reads.feed import newest
from countermand.store import approvals, archive, models, terms
from countermand.store.setup import close_store, open_store
from countermand.store.unit import reading

DUE = from_iso("2020-07-18T00:00:00Z")
TOKEN = "token of otto"


@pytest.fixture(autouse=True)
def _tables_at_once(_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file gets its tables as one piece, and a server's are not looked through again: that takes seconds, and is what
    test_upgrade and the live tests restore with."""

    def copied() -> None:
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            with contextlib.closing(sqlite3.connect(_template)) as bare:
                bare.backup(connection.connection)

    monkeypatch.setattr(restoring, "create_tables", copied)


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    """20 people, 5 with the app, told 12; everything that a control plane has."""
    config = Config(tmp_path / "state", store)
    for name in ("root", "feed", "ledger"):
        keys.create(config.state_dir / "keys" / f"{name}.key")
    keys.load_or_create_secret(config.state_dir / "keys" / "notices.secret")
    speaker(config.state_dir, clock.now())
    house.open_house()
    fleet = house.move_in(house.staff(20, with_app=5))
    found = house.issued(20)
    issue_all(house.operator(), house.NAME, found.audience)
    house.told(found.version, fleet, list(fleet.people)[:12], DUE)
    seal(house.worker(), config.state_dir / "keys" / "ledger.key")
    return config


def kept(config: Config, name: str = "a.backup", **more: bool) -> Path:
    return backup(house.operator(), config, config.state_dir.parent / name, **more).file


def begin_again(config: Config, file: Path) -> Restored:
    close_store()
    done = restore(config, file, TOKEN, replace=True)
    open_store(config.database)
    return done


def everything() -> dict[str, list[object]]:
    with reading():
        return {table.name: [row for chunk in archive.rows(table) for row in chunk] for table in archive.tables()}


def refusal(code: str, config: Config, file: Path, token: str = TOKEN, replace: bool = True) -> None:
    close_store()
    with pytest.raises(Refused) as refused:
        restore(config, file, token, replace=replace)
    assert refused.value.code == code
    open_store(config.database)


# -- the story --


def test_an_older_backup_of_a_rescinded_order_denies_nobody_until_two_people_resume_it(config: Config) -> None:
    file = kept(config)
    rescind(house.operator(DUE), house.NAME, "sent-in-error")
    rescind_all(house.worker(DUE), house.NAME)
    done = begin_again(config, file)
    assert (done.halted, done.notices) == ((house.NAME,), {house.NAME: 8})
    assert terms.live() == ()
    assert catch_up(house.worker(DUE + DAY)) == 0, "nothing is promised and nothing leaves"
    assert not models.Notice.objects.filter(state__in=["promised", "claimed"]).exists()
    assert house.ledger_kinds()[-1] == "restored"

    later = DUE + DAY
    for who in ("petra", "paul"):
        with pytest.raises(Refused):
            resume(house.operator(later), house.NAME, expected=20, acknowledged=99)
        house.approved(who, now=later, purpose=Purpose.RESUME)
    back = resume(house.operator(later), house.NAME, expected=20, acknowledged=99)
    assert back.not_before == later + 3 * DAY
    assert catch_up(house.worker(later)) == 8
    assert models.Notice.objects.filter(state="promised").count() == 8
    assert catch_up(house.worker(later)) == 0


def test_whoever_may_have_heard_gets_the_correction_after_a_restore(config: Config) -> None:
    """The eight unsent notices of the backup may have left after it."""
    begin_again(config, kept(config))
    rescind(house.operator(DUE), house.NAME, "sent-in-error")
    assert rescind_all(house.worker(DUE), house.NAME).promised == 20


def test_unsent_corrections_wait_for_a_person(config: Config) -> None:
    rescind(house.operator(DUE), house.NAME, "sent-in-error")
    rescind_all(house.worker(DUE), house.NAME)
    begin_again(config, kept(config))
    assert not models.Notice.objects.filter(state="promised").exists()
    number = models.Held.objects.get(kind="notices").pk
    assert release(house.operator(DUE), number).notices == 12
    catch_up(house.worker(DUE))
    assert models.Notice.objects.filter(state="promised", kind="rescinded").count() == 12


def test_corrections_that_were_not_promised_yet_wait_as_well(config: Config) -> None:
    rescind(house.operator(DUE), house.NAME, "sent-in-error")
    begin_again(config, kept(config))
    assert catch_up(house.worker(DUE)) == 0
    release(house.operator(DUE), models.Held.objects.get(kind="notices").pk)
    catch_up(house.worker(DUE))
    assert models.Notice.objects.filter(state="promised", kind="rescinded").count() == 12


def test_unsent_notices_of_an_order_in_force_leave_by_resuming_only(config: Config) -> None:
    begin_again(config, kept(config))
    with pytest.raises(Refused) as refused:
        release(house.operator(DUE), models.Held.objects.get(kind="notices").pk)
    assert refused.value.code == "resume-instead"


def test_approvals_given_before_the_restore_do_not_count_after_it(config: Config) -> None:
    house.proposed(house.document("another"))
    house.approved("petra", "another")
    house.approved("paul", "another")
    begin_again(config, kept(config))
    row, _ = approvals.pending("another", Purpose.ISSUE)
    assert approvals.signatures(row.pk, Purpose.ISSUE) == []


# -- epochs --


def test_every_restore_opens_an_epoch_that_nobody_has_heard_of(config: Config) -> None:
    file = kept(config)
    first = begin_again(config, file)
    second = begin_again(config, file)
    assert 1 < first.epoch < second.epoch == newest().epoch
    (config.state_dir / "epoch").unlink()  # all but the backup is lost
    models.GateSeen.objects.create(name="front", epoch=second.epoch + 5, n=3, at=0)
    assert begin_again(config, file).epoch > second.epoch + 5


def test_an_older_copy_of_the_database_does_not_speak(config: Config, tmp_path: Path) -> None:
    file = kept(config)
    done = begin_again(config, file)
    models.Installation.objects.update(epoch=done.epoch - 1)
    with pytest.raises(Refused) as refused:
        publish(speaker(config.state_dir, clock.now()), "p", clock.now(), beat=True)
    assert refused.value.code == "epoch-behind"


def test_snapshots_of_earlier_epochs_are_gone(config: Config) -> None:
    old = config.state_dir / "feed" / "snapshot-1-7"
    old.parent.mkdir()
    old.touch()
    begin_again(config, kept(config))
    assert not old.exists()


def test_the_epochs_file_is_believed_or_refused(tmp_path: Path) -> None:
    assert epochs.kept(tmp_path) == 0
    assert epochs.next_epoch(tmp_path, [41], 0) == 42
    epochs.keep(tmp_path, 42)
    assert epochs.next_epoch(tmp_path, [1], 0) == 43
    (tmp_path / "epoch").write_text("many")
    with pytest.raises(Refused) as refused:
        epochs.next_epoch(tmp_path, [], 0)
    assert refused.value.code == "epoch-unreadable"


# -- the file --


def test_a_backup_holds_every_row_and_no_secret_unless_asked(config: Config) -> None:
    before = everything()
    file = kept(config)
    assert file.stat().st_mode & 0o077 == 0
    secret = (config.state_dir / "keys" / "feed.key").read_bytes()
    assert "keys/feed.key" not in restoring.opened(file).digests
    full = kept(config, "full.backup", with_keys=True)
    assert restoring.opened(full).read("keys/feed.key") == secret
    begin_again(config, file)
    after = everything()
    touched = {
        "store_installation",
        "store_lineage",
        "store_approval",
        "store_notice",
        "store_held",
        "store_ledgerrow",
        "store_salt",
    }
    assert {name: rows for name, rows in after.items() if name not in touched} == {
        name: rows for name, rows in before.items() if name not in touched
    }
    assert len(after["store_ledgerrow"]) == len(before["store_ledgerrow"]) + 1
    seal(house.worker(), config.state_dir / "keys" / "ledger.key")


def test_a_damaged_backup_is_refused_wherever_it_is_damaged(config: Config) -> None:
    file = kept(config)
    whole = file.read_bytes()
    before = everything()
    bad = file.with_name("bad.backup")
    for place in range(0, len(whole), max(len(whole) // 40, 1)):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with contextlib.suppress(Refused):  # else a byte that no reader reads, a member's time stamp: every digest held
            assert restoring.opened(bad).digests == restoring.opened(file).digests
    bad.write_bytes(whole[: len(whole) // 2])
    refusal("backup-damaged", config, bad)
    refusal("backup-damaged", config, file.with_name("missing.backup"))
    assert everything() == before


def test_a_backup_never_replaces_a_file_and_leaves_no_half_one(config: Config) -> None:
    file = kept(config)
    with pytest.raises(Refused) as refused:
        kept(config)
    assert refused.value.code == "backup-exists"
    with pytest.raises(Refused) as refused:
        backup(house.operator(), config, file.parent / "no" / "where.backup")
    assert refused.value.code == "backup-unwritable"
    assert sorted(path.name for path in file.parent.glob("*.backup*")) == ["a.backup"]


# -- who, and over what --


def test_a_live_database_is_replaced_only_at_a_word(config: Config) -> None:
    file = kept(config)
    refusal("restore-over-live", config, file, replace=False)
    assert begin_again(config, file).epoch > 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_file_that_was_there_is_kept(config: Config) -> None:
    done = begin_again(config, kept(config))
    assert done.kept is not None
    assert sqlite3.connect(done.kept).execute("SELECT epoch FROM store_installation").fetchone() == (1,)


def test_it_is_refused_while_somebody_publishes(config: Config) -> None:
    file = kept(config)
    publish(speaker(config.state_dir, clock.now()), "somebody", clock.now(), beat=True)
    models.Lease.objects.update(until=clock.now() + HOUR)  # however slow the machine is
    refusal("restore-while-running", config, file)


def test_only_an_operator_of_the_backup_restores_it(config: Config) -> None:
    file = kept(config)
    refusal("not-signed-in", config, file, token="")
    refusal("unknown-token", config, file, token="nobody's")
    refusal("not-allowed", config, file, token="token of petra")
    with pytest.raises(Refused):
        backup(house.act("petra", Role.APPROVER), config, file.with_name("b.backup"))


def test_on_a_new_machine_the_keys_are_asked_for(config: Config, tmp_path: Path) -> None:
    file, full = kept(config), kept(config, "full.backup", with_keys=True)
    new = standard(tmp_path / "new")
    with pytest.raises(Refused) as refused:
        restore(new, file, TOKEN)
    assert refused.value.code == "restore-keys-missing"
    assert "feed.key" in refused.value.sentence
    restore(new, full, TOKEN)
    assert (new.state_dir / "keys" / "feed.key").stat().st_mode & 0o777 == 0o600
    assert keys.load(new.state_dir / "keys" / "feed.key").public == keys.load(config.state_dir / "keys" / "feed.key").public


def test_a_backup_of_a_newer_program_is_refused(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    from countermand.lib.archive import Archive

    file = kept(config)
    inside = Archive.__init__

    def newer(self: Archive, path: Path) -> None:
        inside(self, path)
        self.manifest["migrations"] = [*self.manifest["migrations"], "9999_future"]

    monkeypatch.setattr(Archive, "__init__", newer)
    refusal("database-newer", config, file)
