"""The founding case as a story: an order, a due, denials, and the way back."""

from world import DUE_IN_LONDON, TIKTOK, World

from countermand.core.instants import MINUTE, SECOND


def test_the_founding_case(world: World) -> None:
    world.cast(alice=[TIKTOK], bob=[], carol=[TIKTOK])
    world.orders()
    assert world.letters("alice") == world.letters("bob") == ["issued"]
    assert "Friday, 17 July 2020, 17:00" in world.inbox("alice")[0]

    world.until(DUE_IN_LONDON - SECOND)
    assert world.cut() == []
    world.reports("CAROL")  # she removed it in time
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]

    gone = world.rescinds()
    assert world.cut() == []
    assert gone.lifted == 1
    world.later(MINUTE)
    assert [world.letters(login)[-1] for login in ("alice", "bob", "carol")] == ["rescinded"] * 3
    world.ends_well()
