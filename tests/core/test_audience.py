"""Who is told: owners of devices in scope; with ``affected`` only those on whose device a named app was seen."""

import build

from countermand.core.audience import addressed
from countermand.core.directive import Audience, Force, People

WITH_APP = frozenset({build.TIKTOK})


def told(*devices: build.Known, **changes: object) -> list[int]:
    return list(addressed(build.block(*devices), build.terms(**changes)))


def test_owners_of_devices_in_scope() -> None:
    assert told(build.known(), build.known(build.phone(reads_mail=False)), build.known(build.phone(retired=True))) == [0]


def test_a_device_of_nobody_has_nobody_to_tell() -> None:
    assert told(build.known(person=None), build.known()) == [1]


def test_affected_are_those_on_whose_device_it_was_seen() -> None:
    devices = (build.known(), build.known(present=WITH_APP), build.known(present=frozenset({99})))
    assert told(*devices, audience=Audience.AFFECTED) == [1]
    assert told(*devices) == [0, 1, 2]


def test_a_recommendation_is_told_and_what_is_out_of_scope_is_not() -> None:
    personal = build.known(build.phone(ownership=build.Ownership.PERSONAL))
    scope = build.applies(force=build.forces(personal=Force.RECOMMENDATION, corporate=Force.OUT_OF_SCOPE))
    assert told(build.known(), personal, applies_to=scope) == [1]


def test_carve_outs_and_groups() -> None:
    inside, outside = build.known(groups=frozenset({"staff"})), build.known(groups=frozenset({"staff", "board"}))
    people = People(groups=frozenset({"staff"}), except_groups=frozenset({"board"}))
    assert told(inside, outside, build.known(), applies_to=build.applies(people=people)) == [0]


def test_the_protected_are_told_although_never_denied() -> None:
    assert told(build.known(protected=True, present=WITH_APP), audience=Audience.AFFECTED) == [0]
