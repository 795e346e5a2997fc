"""Who was told hears that an order is on hold and that it goes on; who was not, hears neither."""

from collections.abc import Sequence

import house
import pytest
from house import NAME, approved, operator, worker
from post import LEASE, Post

from countermand.config import Database
from countermand.core.bundle import Purpose
from countermand.core.instants import HOUR, MINUTE, Instant
from countermand.flows import hold
from countermand.flows.deliver import deliver
from countermand.flows.hold import hold_next
from countermand.flows.issue import resume, supersede
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import catch_up, issue_all, rescind_all
from countermand.notices.mail import Letter, Result
from countermand.store import models
from letters import words_of

EVERYBODY = [f"p{number:05d}@example.org" for number in range(6)]


@pytest.fixture
def post(store: Database) -> Post:
    """Six people told, but for the last two, whose servers refuse our mail."""
    house.open_house()
    house.move_in(house.staff(6, with_app=2))
    house.issued(6)
    issue_all(operator(), NAME)
    found = Post(answer=lambda letter: Result.REFUSED if letter.recipient in EVERYBODY[4:] else Result.ACCEPTED)
    found.deliver_all()
    found.answer = lambda letter: Result.ACCEPTED
    found.sent.clear()
    return found


TOLD = EVERYBODY[:4]


def words(post: Post) -> None:
    """The worker's part, to the end."""
    catch_up(worker(post.now))
    post.deliver_all()


def halted(post: Post, after: int = HOUR) -> None:
    post.now += after
    halt(operator(post.now), NAME)


def resumed(post: Post, after: int = HOUR) -> None:
    post.now += after
    approved("petra", now=post.now, purpose=Purpose.RESUME)
    approved("paul", now=post.now, purpose=Purpose.RESUME)
    resume(operator(post.now), NAME, expected=6, acknowledged=6)


def test_who_was_told_hears_that_it_is_on_hold_and_that_it_goes_on(post: Post) -> None:
    halted(post)
    words(post)
    assert (post.recipients("halted"), post.recipients("resumed")) == (TOLD, [])
    resumed(post)
    words(post)
    assert (post.recipients("halted"), post.recipients("resumed")) == (TOLD, TOLD)
    on_hold, goes_on = post.messages()[0], post.messages()[4]
    assert "on hold" in words_of(on_hold)
    assert on_hold["In-Reply-To"] == goes_on["In-Reply-To"] == models.Notice.objects.get(person=0, kind="issued").message_id
    assert house.ledger_kinds().count("hold-promised") == 2
    words(post)
    assert len(post.sent) == 8


def test_the_due_that_it_goes_on_with_is_the_one_that_holds(post: Post) -> None:
    """Rounded up as notices state it: nobody may be denied before what they read."""
    halted(post, 7 * 24 * HOUR)
    words(post)
    resumed(post, 7 * MINUTE)
    words(post)
    not_before = models.Lineage.objects.get().not_before
    assert not_before % (15 * MINUTE) == 0
    assert not_before >= post.now + 72 * HOUR
    assert {notice.stated_due for notice in models.Notice.objects.filter(kind="resumed")} == {not_before}


def test_the_halt_itself_promises_nothing(post: Post) -> None:
    halted(post)
    assert models.Notice.objects.filter(kind="halted").count() == 0


def test_a_chunk_at_a_time_and_on_from_where_it_stopped(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "CHUNK", 3)
    halted(post)
    steps = [hold_next(worker(post.now), NAME) for _ in range(4)]
    assert [(step.promised, step.more) for step in steps] == [(3, True), (1, True), (0, False), (0, False)]


def test_resumed_before_the_word_of_the_halt_left_nobody_hears_of_either(post: Post) -> None:
    halted(post)
    catch_up(worker(post.now))
    resumed(post)
    words(post)
    assert post.sent == []
    assert set(models.Notice.objects.filter(kind="halted").values_list("state", flat=True)) == {"void"}


def test_who_missed_the_word_of_the_halt_does_not_hear_of_its_end(post: Post) -> None:
    post.answer = lambda letter: Result.REFUSED if letter.recipient == TOLD[0] else Result.ACCEPTED
    halted(post)
    words(post)
    resumed(post)
    words(post)
    assert post.recipients("resumed") == TOLD[1:]


def test_a_second_halt_overtakes_words_of_the_first(post: Post) -> None:
    halted(post)
    words(post)
    resumed(post)
    catch_up(worker(post.now))  # promised, and not gone yet
    halted(post)
    words(post)
    assert (post.recipients("halted"), post.recipients("resumed")) == (TOLD, [])  # on hold, as they know
    resumed(post)
    words(post)
    assert (post.recipients("halted"), post.recipients("resumed")) == (TOLD, TOLD)


def during(post: Post, act: str) -> None:
    """While the next batch is at the mail server, it is halted or resumed."""

    def once() -> None:
        post.during = lambda: None
        halt(operator(post.now), NAME) if act == "halt" else resumed(post, 0)
        catch_up(worker(post.now))

    post.during = once


def test_told_while_it_was_being_halted(post: Post) -> None:
    models.Notice.objects.filter(person__in=[4, 5]).update(state="promised", lease_until=0)
    during(post, "halt")
    post.deliver()
    post.sent.clear()
    words(post)
    assert post.recipients("halted") == EVERYBODY


def test_hearing_of_the_halt_while_it_was_being_resumed(post: Post) -> None:
    halted(post)
    catch_up(worker(post.now))
    during(post, "resume")
    words(post)
    assert (post.recipients("halted"), post.recipients("resumed")) == (TOLD, TOLD)


def test_a_word_whose_fate_is_unknown_is_followed_up(post: Post) -> None:
    """The worker died with words of the halt at the mail server; it was resumed before anybody looked."""

    def die(letters: Sequence[Letter], until: Instant) -> None:
        raise SystemExit

    halted(post)
    catch_up(worker(post.now))
    with pytest.raises(SystemExit):
        deliver(post.act, die, post.desk, "w0", lambda: post.now)  # type: ignore[arg-type]
    resumed(post, LEASE + MINUTE)
    words(post)
    assert (post.recipients("halted"), post.recipients("resumed")) == ([], TOLD)


def test_a_new_version_during_the_halt_tells_nobody_twice(post: Post) -> None:
    halted(post)
    words(post)
    post.now += HOUR
    house.proposed(house.document(due="2020-08-17T17:00"), post.now)
    approved("petra", now=post.now)
    approved("paul", now=post.now)
    supersede(operator(post.now), NAME, expected=6, acknowledged=6)
    words(post)
    assert post.recipients("halted") == TOLD
    resumed(post)
    words(post)
    assert post.recipients("resumed") == []  # the new version's own notice says what counts now
    assert post.recipients("superseded") == TOLD


def test_a_rescission_during_a_halt_goes_ahead_of_its_words(post: Post) -> None:
    halted(post)
    catch_up(worker(post.now))
    rescind(operator(post.now), NAME, "sent-in-error")
    rescind_all(operator(post.now), NAME)
    words(post)
    assert (post.recipients("halted"), post.recipients("rescinded")) == ([], TOLD)
