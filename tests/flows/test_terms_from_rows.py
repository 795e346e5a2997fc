"""Terms from rows: what is in force, its frozen apps, the coverages that include them; compiled once, and never stale."""

import house
import pytest

from countermand.config import Database
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Coverage
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, from_iso
from countermand.core.terms import Lineage
from countermand.flows.issue import supersede
from countermand.flows.stop import halt, rescind
from countermand.flows.write import write
from countermand.store import directives, evidence, models, terms
from countermand.store.unit import unit

OTHER = "no-tiktok-at-all"


@pytest.fixture
def fleet(store: Database) -> house.Fleet:
    house.open_house()
    return house.move_in(house.staff(20, with_app=5))


def in_force(name: str = house.NAME) -> Lineage:
    found = terms.lineage(name)
    assert found is not None
    return found


def coverage(*apps: App) -> int:
    with unit():
        return evidence.coverage_number(Coverage(frozenset(apps)) if apps else EVERYTHING)


def frozen(version: int, platform: Platform) -> frozenset[App]:
    return frozenset(evidence.apps(directives.apps_of(version)[platform]).values())


def test_nothing_is_in_force_before_it_is_issued(fleet: house.Fleet) -> None:
    house.proposed()
    assert (terms.issued(), terms.live(), terms.lineage(house.NAME)) == ((), (), None)


def test_what_is_issued_is_in_force_until_it_is_rescinded(fleet: house.Fleet) -> None:
    found = house.issued(20)
    house.issued(20, house.document(OTHER))
    assert [lineage.id for lineage in terms.issued()] == [house.NAME, OTHER]
    current = in_force().current
    assert current.row == found.version
    assert current.directive.id == house.NAME
    assert current.last_due == from_iso("2020-07-18T05:00:00Z")  # 17:00 where the day ends last
    assert in_force().rings_opened == (house.NOW,)
    halt(house.operator(), OTHER)
    assert [lineage.id for lineage in terms.live()] == [house.NAME]
    assert [lineage.id for lineage in terms.issued()] == [house.NAME, OTHER]
    rescind(house.operator(), house.NAME, "changed")
    assert [lineage.id for lineage in terms.issued()] == [OTHER]


def test_apps_are_those_of_the_bundle_by_number(fleet: house.Fleet) -> None:
    found = house.issued(20)
    apps = in_force().current.apps
    assert set(apps) == {Platform.IOS, Platform.ANDROID}
    for platform in apps:
        assert frozen(found.version, platform) == {app for app in house.bundle_of(found.version).apps if app.platform is platform}


def test_a_coverage_counts_once_it_includes_every_app_of_the_platform(fleet: house.Fleet) -> None:
    found = house.issued(20)
    ios = sorted(frozen(found.version, Platform.IOS))
    every = coverage()
    before = in_force().current.covering[Platform.IOS]
    assert every in before
    whole, one = coverage(*ios, App(Platform.IOS, "com.example.more")), coverage(App(Platform.IOS, "com.example.more"))
    part = coverage(*ios[1:], App(Platform.IOS, "com.example.else"))
    after = in_force().current.covering
    assert after[Platform.IOS] == before | {whole}
    assert not {one, part, whole} & after[Platform.ANDROID]


def test_a_superseded_version_stays_in_the_chain_and_a_draft_does_not_enter(fleet: house.Fleet) -> None:
    first = house.issued(20)
    house.proposed(house.document(due="2020-07-24T17:00"))
    assert [version.row for version in in_force().versions] == [first.version]
    for name in ("petra", "paul"):
        house.approved(name)
    second = supersede(house.operator(house.NOW + HOUR), house.NAME, expected=20)
    write(house.author(), house.document(due="2020-07-30T17:00"))
    assert [version.row for version in in_force().versions] == [first.version, second.version]
    assert in_force().current.last_due == from_iso("2020-07-25T05:00:00Z")


# -- foreseeing --


def test_a_proposal_is_foreseen_as_it_would_stand(fleet: house.Fleet) -> None:
    found = house.proposed()
    lineage = terms.foreseen(house.NAME, house.NOW)
    assert (lineage.live, lineage.rings_opened, lineage.current.row) == (True, (house.NOW,), found.version)
    assert sum(map(len, lineage.current.apps.values())) == len(found.apps)


def test_a_draft_is_foreseen_with_the_apps_it_means(fleet: house.Fleet) -> None:
    write(house.author(), house.document())
    unknown = App(Platform.IOS, "com.example.unknown")
    lineage = terms.foreseen(house.NAME, house.NOW, (house.TIKTOK, unknown))
    assert lineage.current.apps[Platform.IOS] == set(evidence.numbers([house.TIKTOK]).values())
    assert not models.App.objects.filter(app_id=unknown.id).exists()


def test_an_amendment_is_foreseen_after_what_is_in_force(fleet: house.Fleet) -> None:
    first = house.issued(20)
    second = house.proposed(house.document(due="2020-07-24T17:00"))
    assert [version.row for version in terms.foreseen(house.NAME, house.NOW).versions] == [first.version, second.version]


def test_what_is_issued_is_foreseen_as_it_stands(fleet: house.Fleet) -> None:
    house.issued(20)
    assert terms.foreseen(house.NAME, house.NOW + HOUR) == in_force()


def test_nothing_is_foreseen_of_what_nobody_wrote(fleet: house.Fleet) -> None:
    with pytest.raises(Refused) as refused:
        terms.foreseen("nothing", house.NOW)
    assert refused.value.code == "not-found"


@pytest.mark.parametrize("due", ["2020-07-20T17:00", "2020-07-21T17:00"])
def test_two_databases_with_the_same_numbers_are_not_mixed_up(fleet: house.Fleet, due: str) -> None:
    house.issued(20, house.document(due=due))
    at = in_force().current.directive.due
    assert at is not None
    assert at.at is not None
    assert at.at.isoformat(timespec="minutes") == due
