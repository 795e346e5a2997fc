"""Stories of rings: denial begins for a share of the people, and goes no further where too many of them are denied."""

import pytest
from world import DUE_IN_LONDON, TIKTOK, World

from countermand.core import schedule, schema
from countermand.core.instants import DAY, HOUR
from countermand.lib import yaml

HALF = {"rings": [{"share": "50%", "hold": "4h"}, {"share": "100%"}], "halt_if": {"denied_share": "60%"}}
FEW = {"rings": [{"share": "1%", "hold": "4h"}, {"share": "100%"}]}


@pytest.fixture
def firsts(world: World) -> list[str]:
    """Twelve people with the app on their phones; returns the phones of those who are drawn into the first half."""
    world.cast(**{f"p{number}": [TIKTOK] for number in range(12)})
    directive = schema.read(dict(yaml.load(world.text(rollout=HALF)).plain))
    found = sorted(serial for serial, phone in world.phones.items() if schedule.ring_of(directive, phone.owner) == 0)
    assert 0 < len(found) < 12
    return found


def test_denial_begins_with_the_first_ring_and_is_halted_above_the_limit(world: World, firsts: list[str]) -> None:
    world.orders(rollout=HALF)
    world.until(DUE_IN_LONDON - HOUR)
    assert world.cut() == []
    world.now = DUE_IN_LONDON
    world.publishes()
    assert world.cut() == firsts
    world.later(HOUR)
    assert world.cut() == [], "all of them are denied, so the system halts it as any person may"
    world.later(30 * DAY)
    assert world.cut() == []
    world.ends_well()


def test_who_was_told_of_two_versions_counts_once(world: World, firsts: list[str]) -> None:
    """Told of each of two versions, everybody would count twice among the told, and half as much as denied."""
    world.orders(rollout=HALF)
    world.later(HOUR)
    world.orders(rollout=HALF, title="Remove TikTok from phones")
    assert world.letters("p0") == ["issued", "superseded"]
    world.until(DUE_IN_LONDON)
    world.later(5 * HOUR)
    assert "halted" in world.letters("p0")
    assert world.cut() == []
    world.ends_well()


def test_below_the_limit_the_next_ring_opens_after_the_hold(world: World, firsts: list[str]) -> None:
    world.orders(rollout=HALF)
    for serial in firsts[len(firsts) // 3 :]:
        world.reports(serial)
    world.until(DUE_IN_LONDON)
    assert world.cut() == firsts[: len(firsts) // 3]
    world.later(4 * HOUR)
    world.later(HOUR)
    still = [serial for serial in world.phones if serial not in firsts[len(firsts) // 3 :]]
    assert world.cut() == sorted(still)
    world.ends_well()


def test_a_version_with_a_smaller_first_ring_lets_the_others_wait(world: World, firsts: list[str]) -> None:
    """Whom the first version drew into its half waits for the second ring under the second version's one per cent."""
    world.orders(rollout=HALF)
    world.later(HOUR)
    world.orders(rollout=FEW)
    directive = schema.read(dict(yaml.load(world.text(rollout=FEW)).plain))
    few = sorted(serial for serial, phone in world.phones.items() if schedule.ring_of(directive, phone.owner) == 0)
    world.now = DUE_IN_LONDON
    world.publishes()
    assert world.cut() == few
    assert few != firsts
    world.ends_well()
