"""Delivering: hand-over tells, rescission and halt are seen in the claim, the correction goes to exactly those who may know."""

from collections.abc import Callable

import house
import pytest
from post import LEASE, Post, states

from countermand.config import Database
from countermand.core import facts
from countermand.core.instants import DAY, HOUR, MINUTE, from_iso
from countermand.flows import deliver as delivery
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import issue_all, rescind_all
from countermand.notices.mail import Letter, Result
from countermand.store import log, models, sets
from letters import words_of

DUE = from_iso("2020-07-18T00:00:00Z")  # 17:00 in Los Angeles, a week after the issue


@pytest.fixture
def fleet(store: Database) -> house.Fleet:
    house.open_house()
    return house.move_in(house.staff(12, with_app=4))


@pytest.fixture
def post(fleet: house.Fleet) -> Post:
    house.issued(12)
    issue_all(house.operator(), house.NAME)
    return Post()


def told_offsets(version: int, due: int, space: str) -> list[int]:
    return list(sets.load(space, 0, {facts.told(version, due)})[facts.told(version, due)])


def version() -> int:
    return models.Version.objects.get(lineage=house.NAME, state__in=["issued", "rescinded"]).pk


def corrected(post: Post) -> list[str]:
    rescind_all(house.operator(post.now), house.NAME)
    post.sent.clear()
    post.deliver_all()
    assert {m["X-Countermand-Kind"] for m in post.messages()} <= {"rescinded"}
    return post.recipients("rescinded")


def test_hand_over_tells_everybody_and_fixes_the_due(post: Post) -> None:
    assert post.deliver_all() == 12
    assert states() == {"accepted": 12}
    assert set(models.Told.objects.values_list("due", "at")) == {(DUE, post.now)}
    assert told_offsets(version(), DUE, sets.PEOPLE) == list(range(12))
    assert told_offsets(version(), DUE, sets.DEVICES) == list(range(12))
    assert models.Dirty.objects.filter(kind="denials", key=house.NAME, block=0).exists()
    assert models.Dirty.objects.filter(kind="unregistered", key=house.NAME, block=0).exists()
    assert house.ledger_kinds().count("notices-handed-over") == 1


def test_a_batch_is_one_ledger_entry(post: Post) -> None:
    while post.deliver(batch=5).claimed:
        pass
    assert house.ledger_kinds().count("notices-handed-over") == 3


def test_the_text_states_the_due_and_the_devices(post: Post) -> None:
    post.deliver_all()
    text = words_of(post.messages()[0])
    assert "Friday, 17 July 2020, 17:00 (America/Los_Angeles, UTC-07:00)" in text
    assert "2020-07-18 00:00 UTC" in text
    assert "TikTok" in text
    assert "http" not in text


def test_who_is_told_late_has_the_minimum_notice_from_the_end_of_the_lease(post: Post) -> None:
    post.now = DUE - HOUR
    post.deliver_all()
    due = models.Told.objects.first().due  # type: ignore[union-attr]
    assert due >= post.now + LEASE + 72 * HOUR
    assert due % (15 * MINUTE) == 0


def test_refused_is_not_told(post: Post) -> None:
    post.answer = lambda letter: Result.REFUSED if letter.recipient.startswith("p00003") else Result.ACCEPTED
    assert post.deliver_all() == 11
    assert not models.Told.objects.filter(person=3).exists()
    assert states() == {"accepted": 11, "refused": 1}


def test_deferred_is_tried_again_later_and_not_at_once(post: Post) -> None:
    post.answer = lambda letter: Result.RETRY
    post.deliver_all()
    assert post.deliver().claimed == 0
    post.now += 2 * MINUTE
    post.answer = lambda letter: Result.ACCEPTED
    assert post.deliver_all() == 12
    first, second = post.messages()[0], post.messages()[12]
    assert first["Message-ID"] == second["Message-ID"]


def test_a_server_that_is_away_costs_no_attempt(post: Post) -> None:
    post.answer = lambda letter: Result.UNSENT
    assert post.deliver().away
    assert set(models.Notice.objects.values_list("state", "attempts", "reached")) == {("promised", 0, False)}


def test_deferred_for_ever_is_given_up(post: Post) -> None:
    post.answer = lambda letter: Result.RETRY
    for _ in range(delivery.ATTEMPTS):
        post.deliver_all()
        post.now += DAY
    assert states() == {"refused": 12}
    assert post.deliver().claimed == 0


def test_in_doubt_is_not_told_and_is_sent_again_with_the_same_name(post: Post) -> None:
    post.answer = lambda letter: Result.UNKNOWN
    post.deliver_all()
    assert not models.Told.objects.exists()
    post.now += 2 * MINUTE
    post.answer = lambda letter: Result.ACCEPTED
    assert post.deliver_all() == 12
    names = [m["Message-ID"] for m in post.messages()]
    assert len(names) == 24
    assert len(set(names)) == 12


def test_a_claim_that_ran_out_is_rendered_anew_with_a_later_due(post: Post) -> None:
    post.now = DUE
    post.during = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        post.deliver()
    post.during = lambda: None
    assert post.deliver("w2").claimed == 0  # the lease still runs
    post.now += LEASE + HOUR
    assert post.deliver_all() == 12
    due = models.Told.objects.first().due  # type: ignore[union-attr]
    assert due >= DUE + LEASE + HOUR + 72 * HOUR
    assert set(models.Notice.objects.values_list("reached", flat=True)) == {True}


def test_handed_over_after_the_lease_counts_from_then(post: Post) -> None:
    post.now = DUE

    def dawdle() -> None:
        post.now += LEASE + HOUR

    post.during = dawdle
    post.deliver()
    assert models.Told.objects.first().due >= post.now + 72 * HOUR  # type: ignore[union-attr]


def test_nobody_is_told_twice(post: Post) -> None:
    """Two workers had the same notice: the first hand-over's due counts, the second changes nothing."""
    post.deliver_all()
    before = set(models.Told.objects.values_list("person", "due", "at"))
    models.Notice.objects.update(state="promised")
    post.now += 5 * DAY
    post.deliver_all()
    assert set(models.Told.objects.values_list("person", "due", "at")) == before


def test_a_lost_claim_is_left_to_its_new_holder(post: Post) -> None:
    post.during = lambda: models.Notice.objects.update(claimed_by="w2") and None
    post.deliver("w1")
    assert not models.Told.objects.exists()
    assert states() == {"claimed": 12}
    assert set(models.Notice.objects.values_list("reached", flat=True)) == {True}


# -- stopping --


def test_no_notice_is_claimed_after_a_rescission(post: Post) -> None:
    rescind(house.operator(), house.NAME, "sent-in-error")
    assert corrected(post) == []
    assert states() == {"void": 12}


def test_the_correction_goes_to_exactly_those_who_may_have_been_reached(post: Post) -> None:
    kinds = {"p00000": Result.ACCEPTED, "p00001": Result.UNKNOWN, "p00002": Result.REFUSED, "p00003": Result.RETRY}
    post.answer = lambda letter: kinds.get(letter.recipient[:6], Result.UNSENT)
    post.deliver()
    post.answer = lambda letter: Result.ACCEPTED
    rescind(house.operator(), house.NAME, "sent-in-error")
    assert corrected(post) == ["p00000@example.org", "p00001@example.org"]


def test_the_correction_answers_the_original_and_says_why(post: Post) -> None:
    post.deliver_all()
    originals = {m["To"]: m["Message-ID"] for m in post.messages()}
    rescind(house.operator(), house.NAME, "sent-in-error")
    assert len(corrected(post)) == 12
    for message in post.messages():
        assert message["In-Reply-To"] == message["References"] == originals[message["To"]]
        assert message["Message-ID"] != originals[message["To"]]
        assert "sent in error" in words_of(message)
        assert message["Auto-Submitted"] == "auto-generated"


def test_a_notice_in_flight_while_rescinded_gets_the_correction(post: Post) -> None:
    def change_of_mind() -> None:
        rescind(house.operator(), house.NAME, "sent-in-error")
        rescind_all(house.operator(), house.NAME)

    post.during = change_of_mind
    assert post.deliver().accepted == 12
    post.during = lambda: None
    assert len(corrected(post)) == 12


def test_a_claim_that_ran_out_in_a_rescinded_lineage_gets_the_correction(post: Post) -> None:
    post.during = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        post.deliver(batch=4)
    post.during = lambda: None
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    post.now += LEASE + MINUTE
    assert post.deliver().claimed == 0  # what is in doubt is found, and corrections promised
    assert len(corrected(post)) == 4
    assert states() == {"void": 8, "unknown": 4, "accepted": 4}


def test_the_correction_goes_ahead_of_everything_else(post: Post) -> None:
    post.deliver(batch=6)
    rescind(house.operator(), house.NAME, "changed")
    rescind_all(house.operator(), house.NAME)
    house.issued(12, house.document(name="another"))
    issue_all(house.operator(), "another")
    post.sent.clear()
    post.deliver(batch=6)
    assert {m["X-Countermand-Kind"] for m in post.messages()} == {"rescinded"}


def test_a_halt_between_two_batches_stops_the_rest_and_loses_nothing(post: Post) -> None:
    assert post.deliver(batch=5).accepted == 5
    halt(house.operator(), house.NAME)
    assert post.deliver(batch=5).claimed == 0
    assert states() == {"accepted": 5, "promised": 7}
    models.Lineage.objects.update(halted_at=None, not_before=DUE + 3 * DAY)
    assert post.deliver_all() == 7
    assert models.Told.objects.filter(person=11).get().due >= DUE + 3 * DAY


def test_denied_words_from_before_a_halt_are_not_spoken_after_it(post: Post) -> None:
    from countermand.store import outbox
    from countermand.store.unit import unit

    post.deliver_all()
    with unit():
        outbox.promise(version(), [1], "denied", house.worker(), "1")
    models.Lineage.objects.update(not_before=house.NOW + 72 * HOUR)
    assert post.deliver_all() == 0
    assert states() == {"accepted": 12, "void": 1}


def test_two_directives_take_turns(post: Post) -> None:
    house.issued(12, house.document(name="another"))
    issue_all(house.operator(), "another")
    post.deliver(batch=4)
    assert models.Notice.objects.filter(state="accepted").values("version").distinct().count() == 2


def test_an_address_that_cannot_be_written_to_is_refused_without_sending(post: Post) -> None:
    models.Person.objects.filter(ordinal=2).update(email="evil@example.org>\r\nBcc: <all@example.org")
    post.deliver_all()
    assert len(post.sent) == 11
    assert states() == {"accepted": 11, "refused": 1}
    assert not models.Told.objects.filter(person=2).exists()


@pytest.mark.parametrize("broken", ["append", "tell", "mark"])
def test_told_due_and_record_are_written_together_or_not_at_all(post: Post, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from countermand.store import feed, told

    def fail(*arguments: object, **named: object) -> None:
        raise OSError("disk full")

    owner: Callable[..., object] | object = {"append": log, "tell": told, "mark": feed}[broken]
    with monkeypatch.context() as patch:
        patch.setattr(owner, broken, fail)
        with pytest.raises(OSError, match="disk full"):
            post.deliver()
    assert not models.Told.objects.exists()
    assert told_offsets(version(), DUE, sets.DEVICES) == []
    assert states() == {"claimed": 12}
    post.now += LEASE + MINUTE
    assert post.deliver_all() == 12
    assert len({letter.recipient for letter in post.sent}) == 12


def test_every_letter_is_ready_for_the_wire(post: Post) -> None:
    post.deliver_all()

    def fit(letter: Letter) -> bool:
        lines = letter.text.split(b"\r\n")
        return all(len(line) <= 78 and not line.startswith(b".") and b"\n" not in line for line in lines)

    assert all(fit(letter) for letter in post.sent)
