"""Telling in chunks: resumable, stopped at once by a halt or a rescission, never beyond the ceiling, joiners included."""

import threading

import house
import pytest

from countermand.config import Database
from countermand.core import facts
from countermand.core.instants import from_iso
from countermand.core.outcomes import Progress
from countermand.core.people import Person
from countermand.flows import telling
from countermand.flows.issue import supersede
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import catch_up, issue_all, issue_next, rescind_next
from countermand.store import directives, models, sets
from countermand.store.unit import unit

DUE = from_iso("2020-07-18T00:00:00Z")


@pytest.fixture
def fleet(store: Database, monkeypatch: pytest.MonkeyPatch) -> house.Fleet:
    monkeypatch.setattr(telling, "CHUNK", 10)
    house.open_house()
    return house.move_in(house.staff(50, with_app=5))


def promised() -> int:
    return models.Notice.objects.filter(kind="issued").count()


def join(fleet: house.Fleet, count: int) -> None:
    """More people come into the audience after the issue."""
    with unit():
        for _ in range(count):
            ordinal = len(fleet.people)
            login = f"j{ordinal:05d}"
            fleet.people[login] = ordinal
            person = Person(login, f"{login}@example.org", login, groups=frozenset({"staff"}))
            models.Person.objects.create(ordinal=ordinal, login=login, email=person.email, name=login)
            models.Device.objects.create(
                ordinal=ordinal, owner_id=ordinal, platform="ios", ownership="corporate", enrollment="supervised", reads_mail=True
            )
            names = facts.person_names(person, frozenset({"staff"}), *[frozenset()] * 3, False)
            device = names | {"platform:ios", "ownership:corporate", "enrollment:supervised", "reads_mail"}
            sets.flip(sets.PEOPLE, {ordinal: (frozenset(), names)})
            sets.flip(sets.DEVICES, {ordinal: (frozenset(), device)})


def test_it_goes_on_where_it_was_interrupted(fleet: house.Fleet) -> None:
    found = house.issued(50)
    first = issue_next(house.operator(), house.NAME, found.audience)
    assert (first.promised, first.done, first.total, first.more) == (10, 10, 50, True)
    assert issue_next(house.operator(), house.NAME).done == 20  # another process, which counts the audience itself
    seen: list[int] = []
    done = issue_all(house.operator(), house.NAME, tick=lambda progress: seen.append(progress.done))
    assert (done.promised, done.done, done.more, done.why) == (30, 50, False, "")
    assert seen == [30, 40, 50]
    assert promised() == 50
    assert directives.version(found.version).issue_done
    assert issue_all(house.operator(), house.NAME).promised == 0


def test_a_halt_in_the_middle_stops_it_before_the_next_chunk(fleet: house.Fleet) -> None:
    house.issued(50)
    done = issue_all(house.operator(), house.NAME, tick=lambda progress: halt(house.author(), house.NAME) and None)
    assert (done.done, done.why, promised()) == (10, "halted", 10)
    assert not directives.newest(house.NAME).issue_done


def test_a_rescission_in_the_middle_stops_it_for_good(fleet: house.Fleet) -> None:
    house.issued(50)

    def tick(progress: Progress) -> None:
        if progress.more:
            rescind(house.author(), house.NAME, "changed")

    done = issue_all(house.operator(), house.NAME, tick=tick)
    assert (done.why, promised()) == ("over", 10)
    assert catch_up(house.worker()) == 0
    assert promised() == 10


def test_superseding_in_the_middle_leaves_the_new_version_to_its_own_telling(fleet: house.Fleet) -> None:
    house.issued(50)
    house.proposed(house.document(due="2020-07-24T17:00", more="audience: affected"))
    for name in ("petra", "paul"):
        house.approved(name)

    def tick(progress: Progress) -> None:
        if progress.more:
            supersede(house.operator(), house.NAME, expected=5)

    done = issue_all(house.operator(), house.NAME, tick=tick)
    assert (done.why, promised()) == ("over", 10)
    assert catch_up(house.worker()) == 5
    assert promised() == 15


def test_a_halt_by_somebody_else_while_it_runs_returns_and_nothing_is_promised_after(
    fleet: house.Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connections

    monkeypatch.setattr(telling, "CHUNK", 1)
    house.issued(50)
    begun, ended = threading.Event(), threading.Event()

    def tell() -> None:
        try:
            issue_all(house.operator(), house.NAME, tick=lambda progress: begun.set())
        finally:
            connections.close_all()
            ended.set()

    thread = threading.Thread(target=tell)
    thread.start()
    assert begun.wait(30)
    halt(house.author(), house.NAME)
    at_the_halt = promised()
    assert ended.wait(30)
    thread.join()
    # A halt waits for nobody: the chunk that was under way may still be promised, and its claim is refused.
    assert promised() - at_the_halt <= telling.CHUNK
    assert 0 < at_the_halt <= 50


def test_joiners_are_told_later_up_to_the_ceiling(fleet: house.Fleet) -> None:
    found = house.issued(50)
    assert found.ceiling == 51
    issue_all(house.operator(), house.NAME, found.audience)
    join(fleet, 1)
    assert catch_up(house.worker()) == 1
    join(fleet, 3)
    assert catch_up(house.worker()) == 0
    assert issue_next(house.worker(), house.NAME).why == "audience-grew"
    assert promised() == 51


def test_an_expected_number_of_nobody_tells_nobody(store: Database) -> None:
    house.open_house()
    fleet = house.move_in([])
    house.issued(0)
    join(fleet, 2)
    assert catch_up(house.worker()) == 0


def test_the_catching_up_finishes_what_a_crash_left(fleet: house.Fleet) -> None:
    found = house.issued(50)
    issue_next(house.operator(), house.NAME, found.audience)
    assert catch_up(house.worker()) == 40
    house.told(found.version, fleet, list(fleet.people)[:25], DUE)
    rescind(house.operator(), house.NAME, "changed")
    assert rescind_next(house.operator(), house.NAME).promised == 10
    assert catch_up(house.worker()) == 15
    assert catch_up(house.worker()) == 0
    assert directives.known(house.NAME).corrected


def test_corrections_leave_no_verdict_behind(fleet: house.Fleet) -> None:
    house.issued(50)
    with unit():
        sets.flip(
            sets.DEVICES, {3: (frozenset(), frozenset({facts.verdict(house.NAME, "flagged"), facts.verdict("other", "x")}))}
        )
    rescind(house.operator(), house.NAME, "changed")
    catch_up(house.worker())
    assert sets.names(sets.DEVICES, "verdict:") == ["verdict:other:x"]


def test_rings_are_written_with_the_promise(fleet: house.Fleet) -> None:
    rings = "rollout: {rings: [{share: 20%, hold: 4h}, {share: 60%, hold: 4h}, {share: 100%}]}"
    found = house.issued(50, house.document(more=rings))
    issue_all(house.operator(), house.NAME, found.audience)
    rows = dict(models.RingMember.objects.values_list("person_id", "index"))
    block = sets.load(sets.DEVICES, 0, [facts.ring(house.NAME, 0), facts.ring(house.NAME, 1)])
    people = sets.load(sets.PEOPLE, 0, [facts.ring(house.NAME, 0), facts.ring(house.NAME, 1)])
    assert set(rows.values()) == {0, 1}
    for ring in (0, 1):
        members = {person for person, index in rows.items() if index == ring}
        assert set(people[facts.ring(house.NAME, ring)]) == members
        assert set(block[facts.ring(house.NAME, ring)]) == members  # one phone each, of the same ordinal
    assert len(rows) < 50
    assert directives.known(house.NAME).rings_opened == (house.NOW,)
