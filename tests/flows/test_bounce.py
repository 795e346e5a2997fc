"""A bounce takes told back, rows and sets alike, unless another hand-over stands; the correction still goes out."""

from pathlib import Path

import house
import pytest
from post import Post

from countermand.config import Database
from countermand.core import facts
from countermand.core.errors import Refused
from countermand.core.instants import DAY, from_iso
from countermand.flows.bounce import bounce
from countermand.flows.bring_bounces import bring_bounces
from countermand.flows.stop import rescind
from countermand.flows.telling import issue_all, rescind_all
from countermand.store import models, outbox, sets
from countermand.store.unit import unit
from returned import report

DUE = from_iso("2020-07-18T00:00:00Z")


@pytest.fixture
def post(store: Database) -> Post:
    house.open_house()
    house.move_in(house.staff(3, with_app=3))
    house.issued(3)
    issue_all(house.operator(), house.NAME)
    found = Post()
    found.deliver_all()
    return found


def version() -> int:
    return models.Version.objects.get(lineage=house.NAME).pk


def message_of(person: int, kind: str = "issued") -> str:
    return models.Notice.objects.get(person=person, kind=kind).message_id


def told(space: str, due: int = DUE) -> list[int]:
    name = facts.told(version(), due)
    return list(sets.load(space, 0, {name})[name])


def test_told_is_taken_back_in_rows_and_sets(post: Post) -> None:
    done = bounce(post.act(), message_of(1), "550 no such mailbox")
    assert (done.untold, done.already) == (True, False)
    assert sorted(models.Told.objects.values_list("person", flat=True)) == [0, 2]
    assert told(sets.PEOPLE) == told(sets.DEVICES) == [0, 2]
    assert models.Notice.objects.get(person=1).state == "bounced"
    assert house.ledger_kinds().count("notice-bounced") == 1


def test_a_second_bounce_of_the_same_message_changes_nothing(post: Post) -> None:
    bounce(post.act(), message_of(1))
    assert bounce(post.act(), message_of(1)).already
    assert house.ledger_kinds().count("notice-bounced") == 1


def test_another_hand_over_of_the_version_stands_with_its_own_due(post: Post) -> None:
    post.now += 6 * DAY
    with unit():
        outbox.promise(version(), [1], "superseded", post.act())
    post.deliver_all()
    assert not bounce(post.act(), message_of(1)).untold
    row = models.Told.objects.get(person=1)
    assert row.due == models.Notice.objects.get(person=1, kind="superseded").stated_due
    assert row.due > DUE
    assert told(sets.DEVICES) == [0, 2]
    assert told(sets.DEVICES, row.due) == [1]


def test_a_bounced_reminder_leaves_the_telling_alone(post: Post) -> None:
    with unit():
        outbox.promise(version(), [1], "reminder", post.act(), "3d")
    post.deliver_all()
    assert not bounce(post.act(), message_of(1, "reminder")).untold
    assert told(sets.DEVICES) == [0, 1, 2]


@pytest.mark.parametrize("name", ["<nobody@example.org>", "", "' OR 1=1 --"])
def test_what_was_never_handed_over_cannot_bounce(post: Post, name: str) -> None:
    with pytest.raises(Refused) as caught:
        bounce(post.act(), name)
    assert caught.value.code == "report-not-ours"


def test_whoever_bounced_gets_the_correction_too(post: Post) -> None:
    bounce(post.act(), message_of(1))
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    post.deliver_all()
    assert len(post.recipients("rescinded")) == 3


def test_a_failure_in_the_middle_takes_nothing_back(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    from countermand.store import log

    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(log, "append", fail)
        with pytest.raises(OSError, match="disk full"):
            bounce(post.act(), message_of(1))
    assert told(sets.PEOPLE) == told(sets.DEVICES) == [0, 1, 2]
    assert models.Notice.objects.get(person=1).state == "accepted"


def test_a_mailbox_of_reports_is_taken_message_by_message(post: Post, tmp_path: Path) -> None:
    def written(name: str, text: bytes) -> Path:
        (tmp_path / name).write_bytes(text)
        return tmp_path / name

    ours = [written(f"{person}.eml", report(name=message_of(person))) for person in (1, 2)]
    late = written("late.eml", report("delayed", name=message_of(0)))
    strange = written("strange.eml", report(name="<elsewhere@example.net>"))
    junk = written("junk.eml", b"Subject: I am away\n\nUntil Monday.\n")
    every = [*ours, late, strange, junk]
    foreseen = bring_bounces(post.act(), every, dry_run=True)
    assert (foreseen.bounced, foreseen.untold) == (2, ())
    assert told(sets.DEVICES) == [0, 1, 2]
    done = bring_bounces(post.act(), every)
    assert (done.messages, done.bounced, done.already, done.underway) == (5, 2, 0, 1)
    assert done.untold == ("p00001", "p00002")
    assert [(one.code, str(one.where)) for one in done.passed_over] == [
        ("report-not-delivery", "junk.eml (message 1)"),
        ("report-not-ours", "strange.eml (message 1)"),
    ]
    assert told(sets.PEOPLE) == told(sets.DEVICES) == [0]
    assert models.Notice.objects.get(person=1).answer.startswith("5.1.1 550")
    again = bring_bounces(post.act(), every)
    assert (again.bounced, again.already, again.untold) == (0, 2, ())
    assert house.ledger_kinds().count("notice-bounced") == 2


def test_a_name_that_is_wrong_is_said_before_anything_is_taken(post: Post, tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(report(name=message_of(1)))
    with pytest.raises(Refused) as caught:
        bring_bounces(post.act(), [tmp_path / "1.eml", tmp_path / "none.eml"])
    assert caught.value.code == "unreadable-file"
    assert told(sets.DEVICES) == [0, 1, 2]
