"""Quiet hours keep notices back and never the correction; an exemption's person hears of it."""

from dataclasses import replace
from datetime import time

import house
import pytest
from post import Post

from countermand.config import Database
from countermand.core.instants import DAY, HOUR
from countermand.core.quiet import Quiet
from countermand.flows.exempt import agree_exemption, end_exemption, exempt
from countermand.flows.stop import rescind
from countermand.flows.sweep import sweep
from countermand.flows.telling import issue_all, rescind_all
from countermand.store import models
from letters import words_of

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def post(store: Database) -> Post:
    house.open_house()
    house.move_in(house.staff(4, with_app=4))
    house.issued(4)
    issue_all(house.operator(), house.NAME)
    return Post()


def test_at_night_nobody_is_written_to_until_the_morning_of_their_own_clock(post: Post) -> None:
    """At noon in London it is five in the morning in Los Angeles, and two in the afternoon in Berlin."""
    models.Person.objects.filter(ordinal__gt=0).update(zone="America/Los_Angeles")
    models.Person.objects.filter(ordinal=0).update(zone="Europe/Berlin")
    post.desk = replace(post.desk, quiet=Quiet(time(22), time(7)))
    assert post.deliver_all() == 1
    assert post.deliver().claimed == 0
    assert set(models.Notice.objects.filter(state="promised").values_list("attempts", "reached")) == {(0, False)}
    post.now += 2 * HOUR
    assert post.deliver_all() == 3


def test_the_correction_waits_for_no_morning(post: Post) -> None:
    post.deliver_all()
    rescind(house.operator(post.now), house.NAME, "sent-in-error")
    rescind_all(house.operator(post.now), house.NAME)
    post.desk = replace(post.desk, quiet=Quiet(time(0), time(23, 59)))
    assert post.deliver_all() == 4


def test_who_is_exempted_hears_so_and_hears_of_its_end(post: Post) -> None:
    post.deliver_all()
    until = post.now + 30 * DAY
    made = exempt(house.author(), house.NAME, "person:p00001", "security-research", until)
    agree_exemption(house.approver("petra"), made.pk)
    post.deliver_all()
    assert post.recipients("exemption-granted") == ["p00001@example.org"]
    assert "holds until Sunday, 9 August 2020" in words_of(post.messages()[-1])
    assert post.messages()[-1]["In-Reply-To"]
    sweep(until - 8 * DAY)
    assert not models.Notice.objects.filter(kind="exemption-expiring").exists()
    for _ in range(2):
        sweep(until - 6 * DAY)
    post.now = until - 6 * DAY
    post.deliver_all()
    assert post.recipients("exemption-expiring") == ["p00001@example.org"]


def test_who_is_refused_hears_so(post: Post) -> None:
    post.deliver_all()
    made = exempt(house.author(), house.NAME, "device:eas:Appl0002", "security-research", post.now + DAY)
    end_exemption(house.approver("petra"), made.pk)
    post.deliver_all()
    assert post.recipients("exemption-refused") == ["p00002@example.org"]
