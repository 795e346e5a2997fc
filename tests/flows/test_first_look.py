"""Notices leave in steps: first for those who wrote and approved them, then ring by ring, and nothing skips a step."""

from dataclasses import replace
from datetime import time
from typing import Any

import house
import pytest
from django.db import connection
from post import LEASE, Post

from countermand.config import Database
from countermand.core import schedule, schema
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.core.notices import SOON, rank_of
from countermand.core.quiet import Quiet
from countermand.flows.bounce import bounce
from countermand.flows.deliver import deliver
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import issue_all, rescind_all
from countermand.lib import yaml
from countermand.notices.mail import Letter, Result
from countermand.notices.pace import PerHost
from countermand.reads.status import status
from countermand.store import models

RINGS = "rollout: {rings: [{share: 30%, hold: 4h}, {share: 60%, hold: 4h}, {share: 100%}]}"


def staff(count: int) -> list[house.Phone]:
    """Anna wrote it and is in its audience; Petra approves it and is a responder, whom it excludes."""
    return [*house.staff(count, with_app=count), house.Phone("anna"), house.Phone("petra")]


@pytest.fixture
def post(store: Database) -> Post:
    house.open_house()
    house.move_in(staff(6), {"petra": frozenset({"responders"})})
    house.issued(7)
    issue_all(house.operator(), house.NAME)
    return Post()


def told() -> set[str]:
    return set(models.Told.objects.values_list("person__login", flat=True))


def speaks_to(post: Post) -> str:
    return status(house.NAME, post.now).directives[0].speaks_to


def test_whoever_wrote_and_approved_it_gets_it_before_anybody_else(post: Post) -> None:
    assert speaks_to(post) == "first-look"
    assert post.deliver().accepted == 2
    assert post.recipients("issued") == ["anna@example.org", "petra@example.org"]
    assert told() == {"anna"}, "she is in its audience; to Petra it is a copy, which tells her nothing"
    assert post.deliver().accepted == 6
    assert speaks_to(post) == "everybody"
    assert told() == {"anna", *(f"p{number:05d}" for number in range(6))}
    assert house.ledger_kinds().count("notices-opened") == 1


@pytest.mark.parametrize("result", [Result.RETRY, Result.REFUSED])
def test_until_one_of_them_has_it_nobody_else_does_and_they_are_written_to_again(post: Post, result: Result) -> None:
    post.answer = lambda letter: result
    for _ in range(3):
        post.deliver()
        post.now += MINUTE // 2
    assert {letter.recipient for letter in post.sent} == {"anna@example.org", "petra@example.org"}
    assert told() == set()
    post.answer = lambda letter: Result.ACCEPTED
    post.now += 5 * HOUR
    post.deliver_all()
    post.now += HOUR
    post.deliver_all()
    assert len(told()) >= 6


def test_one_of_them_is_enough_if_the_others_were_tried(post: Post) -> None:
    post.answer = lambda letter: Result.RETRY if letter.recipient.startswith("petra") else Result.ACCEPTED
    post.deliver()
    assert post.deliver().accepted == 6


def test_whoever_may_have_got_it_counts_as_having_it(post: Post) -> None:
    post.answer = lambda letter: Result.UNKNOWN
    for _ in range(9):
        post.deliver()
        post.now += 4 * HOUR
    assert len({letter.recipient for letter in post.sent}) == 8


def test_a_copy_that_came_back_takes_nothing_back_and_is_corrected(post: Post) -> None:
    post.deliver_all()
    petra = models.Notice.objects.get(person__login="petra")
    assert not bounce(post.act(), petra.message_id).untold
    assert len(told()) == 7
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    post.deliver_all()
    assert "petra@example.org" in post.recipients("rescinded")
    assert len(post.recipients("rescinded")) == 8


def test_a_rescission_after_the_first_look_reaches_those_who_saw_it_and_nobody_else(post: Post) -> None:
    post.deliver()
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    post.deliver_all()
    assert post.recipients("rescinded") == ["anna@example.org", "petra@example.org"]
    assert models.Notice.objects.filter(state="void").count() == 6
    assert {letter.recipient for letter in post.sent} == {"anna@example.org", "petra@example.org"}


def test_a_halt_after_the_first_look_opens_nothing(post: Post) -> None:
    post.deliver()
    halt(house.operator(), house.NAME)
    post.deliver_all()
    post.now += DAY
    post.deliver_all()
    assert told() == {"anna"}
    assert speaks_to(post) == "first-look"


def test_asleep_is_not_tried(post: Post) -> None:
    """It is 05:00 in Los Angeles, where all of them are."""
    post.desk = replace(post.desk, quiet=Quiet(time(22), time(7)))
    assert post.deliver().claimed == 0
    assert post.deliver().claimed == 0
    post.now += 3 * HOUR
    post.deliver()
    assert told() == {"anna"}
    post.deliver_all()
    assert len(told()) == 7


def test_without_anybody_to_look_first_it_begins_at_once(store: Database) -> None:
    house.open_house()
    house.move_in(house.staff(3))
    house.issued(3)
    issue_all(house.operator(), house.NAME)
    post = Post()
    assert speaks_to(post) == "everybody"
    assert post.deliver().accepted == 3
    assert "notices-opened" not in house.ledger_kinds()


# -- rings --


@pytest.fixture
def ringed(store: Database) -> Post:
    house.open_house()
    house.move_in(staff(30), {"petra": frozenset({"responders"})})
    house.issued(31, house.document(more=RINGS))
    issue_all(house.operator(), house.NAME)
    post = Post()
    post.desk = replace(post.desk, ring_wait=10 * MINUTE)
    return post


def rings(post: Post) -> list[int]:
    """The rings of those who got it so far, in the order in which they did; -1 for the first look."""
    directive = schema.read(dict(yaml.load(house.document(more=RINGS)).plain))
    logins = [letter.recipient.partition("@")[0] for letter in post.sent]
    return [-1 if login in ("anna", "petra") else schedule.ring_of(directive, login) for login in logins]


def test_rings_hear_one_after_the_other_with_a_wait_between(ringed: Post) -> None:
    seen = []
    for _ in range(8):
        ringed.deliver_all()
        seen.append((len(ringed.sent), max(rings(ringed)), speaks_to(ringed)))
        ringed.now += 5 * MINUTE
    assert rings(ringed) == sorted(rings(ringed))
    assert [ring for _, ring, _ in seen] == [0, 0, 1, 1, 2, 2, 2, 2]
    assert [words for *_, words in seen] == ["ring 1 of 3"] * 2 + ["ring 2 of 3"] * 2 + ["everybody"] * 4
    assert len(told()) == 31
    assert house.ledger_kinds().count("notices-opened") == 3


def test_a_halt_in_the_wait_keeps_the_next_ring_from_hearing_anything(ringed: Post) -> None:
    ringed.deliver_all()
    halt(house.operator(ringed.now), house.NAME)
    ringed.now += DAY
    ringed.deliver_all()
    assert max(rings(ringed)) == 0


def test_what_the_server_puts_off_does_not_keep_the_next_ring_waiting(ringed: Post) -> None:
    def some(letter: Letter) -> Result:
        return Result.RETRY if letter.recipient in late else Result.ACCEPTED

    late = {models.Notice.objects.filter(rank=rank_of(0)).values_list("person__email", flat=True)[0]}
    ringed.answer = some
    ringed.deliver_all()
    ringed.now += 11 * MINUTE
    ringed.deliver_all()
    assert max(rings(ringed)) >= 0
    ringed.now += 11 * MINUTE
    ringed.deliver_all()
    assert max(rings(ringed)) >= 1


def test_a_rescission_voids_what_no_step_was_opened_for(ringed: Post) -> None:
    ringed.deliver_all()
    reached = {letter.recipient for letter in ringed.sent}
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    ringed.deliver_all()
    assert set(ringed.recipients("rescinded")) == reached
    assert not models.Notice.objects.filter(state__in=["promised", "claimed"]).exists()


def test_two_workers_open_a_step_once(ringed: Post) -> None:
    ringed.deliver_all()
    ringed.now += 11 * MINUTE
    inner: list[int] = []

    def another(letter: Letter) -> Result:
        if not inner:
            inner.append(1)
            inner.append(deliver(ringed.act, ringed.send, ringed.desk, "w2", lambda: ringed.now, 5).accepted)
        return Result.ACCEPTED

    ringed.answer = another
    ringed.deliver(batch=5)
    assert house.ledger_kinds().count("notices-opened") == 2


# -- hosts --


def test_no_host_gets_more_than_it_may_and_the_others_do_not_wait(store: Database) -> None:
    house.open_house()
    house.move_in(house.staff(9))
    models.Person.objects.filter(ordinal__gte=6).update(email="x@elsewhere.example.net")
    house.issued(9)
    issue_all(house.operator(), house.NAME)
    post = Post()
    post.desk = replace(post.desk, hosts=PerHost(240, post.now))  # four at once, and four a minute
    post.deliver_all()
    hosts = [letter.recipient.rpartition("@")[2] for letter in post.sent]
    assert (hosts.count("example.org"), hosts.count("elsewhere.example.net")) == (4, 3)
    post.deliver_all()
    assert len(post.sent) == 7
    post.now += MINUTE
    post.deliver_all()
    assert len(told()) == 9
    assert not models.Notice.objects.filter(attempts__gt=1).exists(), "an attempt that was not made does not count"


def test_ranks_of_promises(post: Post) -> None:
    ranks = dict(models.Notice.objects.values_list("person__login", "rank"))
    assert ranks["anna"] == ranks["petra"] == SOON
    assert ranks["p00000"] == rank_of(0)


class Failed(Exception):
    """The statement that was made to fail."""


def test_whatever_statement_fails_no_step_is_skipped_and_none_is_lost(ringed: Post) -> None:
    """Everything is tried again after the lease; each attempt may fail at a later statement than the one before."""
    for number in range(1, 400):
        count = 0

        def failing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:  # noqa: B023
                raise Failed(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(failing):
            try:
                done = ringed.deliver(batch=5)
            except Failed:
                done = None
        seen = rings(ringed)
        for ring in range(3):
            firsts = [at for at, one in enumerate(seen) if one == ring]
            assert all(one <= ring for one in seen[: firsts[0] if firsts else 0])
        if done is not None and len(told()) == 31:
            break
        ringed.now += LEASE + MINUTE
    assert len(told()) == 31
    assert house.ledger_kinds().count("notices-opened") == 3
