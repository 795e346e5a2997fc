"""What whoever leads an order is told: its course, how far its end has come, whom it did not reach."""

import pytest
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.access import Role
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.flows.course import apart, note
from countermand.flows.exempt import agree_exemption, exempt
from countermand.flows.hear_gate import Report, hear_gate
from countermand.notices.mail import Result
from countermand.reads.course import course_of
from countermand.reads.lead import beside
from countermand.reads.status import status
from countermand.reads.stopping import stopping
from countermand.reads.untold import untold_of
from countermand.store import feed, models


def gate_says(world: World, name: str = "gate", behind: int = 0) -> None:
    last = feed.last(1).n
    hear_gate(name, Report(1, last - behind, world.now, False, {}, []), world.now)


def test_the_course_is_noted_as_time_goes_on_and_never_twice(world: World) -> None:
    world.cast(alice=[TIKTOK], bob=[])
    world.orders()
    issued = world.now
    world.until(DUE_IN_LONDON + HOUR)
    world.reports("ALICE", at=world.now)
    world.later(HOUR)
    found = course_of(ORDER)
    assert [(one.noncompliant, one.denied, one.compliant) for one in found.points] == [(1, 0, 1), (1, 1, 1), (0, 0, 2)]
    assert found.issued == (issued,)
    assert found.dues[0] <= DUE_IN_LONDON <= found.dues[1]
    assert note(ORDER, world.now) is False
    world.rescinds()
    world.later(DAY)
    assert len(course_of(ORDER).points) == 3
    assert course_of(ORDER).ended_at is not None
    world.ends_well()


def test_points_are_further_apart_the_older_the_order() -> None:
    assert [apart(age) for age in (0, 2 * DAY, 30 * DAY)] == [10 * MINUTE, HOUR, 6 * HOUR]


def test_an_end_is_done_when_every_gate_and_everybody_has_heard_it(world: World) -> None:
    world.cast(alice=[TIKTOK], bob=[])
    world.orders()
    world.until(DUE_IN_LONDON + HOUR)
    gate_says(world)
    with pytest.raises(Refused, match="not-halted"):
        stopping(ORDER, world.now)
    before = feed.last(1).n
    world.rescinds()  # the publisher had its turn, the worker and the gate have not
    found = stopping(ORDER, world.now)
    assert (found.rescinded, found.published, found.gates_done, found.promised, found.done) == (True, True, False, False, False)
    assert [gate.heard for gate in found.gates] == [False]
    gate_says(world, behind=feed.last(1).n - before)
    assert stopping(ORDER, world.now).gates_done is False
    gate_says(world)
    found = stopping(ORDER, world.now)
    assert (found.gates_done, found.done, found.reached) == (True, False, 2)
    world.turn()
    found = stopping(ORDER, world.now)
    assert (found.done, found.written, found.waiting) == (True, 2, 0)


def test_until_the_publisher_has_spoken_no_gate_can_have_heard(world: World) -> None:
    from countermand.flows.stop import halt

    world.cast(alice=[TIKTOK])
    world.orders()
    gate_says(world)
    halt(world.operator, ORDER)
    found = stopping(ORDER, world.now)
    assert (found.published, found.gates[0].heard, found.gates_done) == (False, False, False)
    world.publishes()
    gate_says(world)
    assert stopping(ORDER, world.now).gates_done
    world.turn()
    assert stopping(ORDER, world.now).done


def test_who_could_not_be_told_is_listed_for_whoever_may_see_people(world: World) -> None:
    world.cast(alice=[TIKTOK], bob=[], carol=[])
    world.refuses_mail = lambda letter: Result.REFUSED if "carol" in letter.recipient else Result.ACCEPTED
    world.orders()
    world.bounces("bob")
    found = untold_of(world.desk, ORDER, "", 10)
    assert [(one.login, one.state) for one in found] == [("bob", "bounced"), ("carol", "refused")]
    assert [one.login for one in untold_of(world.desk, ORDER, "bob", 10)] == ["carol"]
    with pytest.raises(Refused, match="not-allowed"):
        untold_of(world.act("anna", Role.AUTHOR), ORDER, "", 10)


def test_what_stands_beside_the_report(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders(rollout={"rings": [{"share": "1%", "hold": "4h"}, {"share": "100%"}], "halt_if": {"denied_share": "10%"}})
    world.proposes(reason="Other reasons.")
    found = beside(ORDER, world.now)
    assert [(one.number, one.state.value, one.need) for one in found.versions][1:] == [(1, "issued", None)]
    assert found.versions[0].need is not None
    assert [(ring.share, ring.opened is not None) for ring in found.rings] == [(0.01, True), (1.0, False)]
    assert (found.halt_if, found.exempt, found.objections) == (0.1, 0, 0)
    assert models.Course.objects.count() == 1


def test_what_gates_refused_when_a_ring_may_open_and_which_exemption_ends_first(world: World) -> None:
    world.cast(alice=[TIKTOK], bob=[TIKTOK], carol=[])
    world.orders(
        rollout={"rings": [{"share": "1%", "hold": "4h"}, {"share": "50%", "hold": "1h"}, {"share": "100%"}]}, reminders=["3d"]
    )
    gate = Report(1, feed.last(1).n, world.now, False, {"deny/denied": 7, "deny/unregistered": 2, "allow/not-denied": 90}, [])
    hear_gate("gate", gate, world.now)
    assert [one.denials for one in status(ORDER, world.now).gates] == [9]
    for login, days in (("alice", 20), ("bob", 10)):
        found = exempt(world.operator, ORDER, f"person:{login}", "security-research", world.now + days * DAY)
        agree_exemption(world.act("petra", Role.APPROVER), found.pk)
    exempt(world.operator, ORDER, "person:carol", "security-research", world.now + DAY)
    shown = beside(ORDER, world.now)
    assert [(one.kind, one.until - world.now) for one in shown.ending] == [("person", 10 * DAY), ("person", 20 * DAY)]
    assert (shown.exempt, shown.asked) == (2, 1)
    first, second, third = shown.rings
    assert first.opened is not None
    assert (first.not_before, second.not_before, third.not_before) == (None, first.opened + 4 * HOUR, None)
    course = course_of(ORDER)
    assert course.reminders == (course.dues[0] - 3 * DAY,)
