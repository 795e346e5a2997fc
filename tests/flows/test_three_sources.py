"""The same fleet through three sources in any order: the same devices, the same facts, the same verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import house
import pytest
from fleet_words import agrees, by, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import behind
from countermand.config import Database
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.instants import DAY, HOUR
from countermand.core.mentions import Mention
from countermand.flows import bring
from countermand.flows.ingest import ingest
from countermand.reads import device as devices
from countermand.store import evidence, fleet, models

PEOPLE = "login,email,name,zone,locale,country,groups,employment\n" + "".join(
    f"{who},{who}@example.org,{who},Europe/Berlin,en,DE,staff,employee\n" for who in ("alice", "bob", "carol")
)
TIKTOK = house.TIKTOK
#: source → (its kind, the names by which it may know a phone)
SOURCES = {
    "exchange": ("exchange", (IdentityKind.EAS,)),
    "intune": ("intune", (IdentityKind.SERIAL, IdentityKind.ENTRA, IdentityKind.EAS)),
    "nanomdm": ("nanomdm", (IdentityKind.UDID, IdentityKind.SERIAL, IdentityKind.EAS)),
}
_FIXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large]


@dataclass(frozen=True)
class Said:
    """One mention by one source."""

    source: str
    mention: Mention


@st.composite
def mentions(draw: st.DrawFn) -> Said:
    phone, source = draw(st.integers(0, 2)), draw(st.sampled_from(sorted(SOURCES)))
    kinds = draw(st.sets(st.sampled_from(SOURCES[source][1]), min_size=1))
    names = tuple(Identity(kind, f"{kind}-of-{phone}") for kind in sorted(kinds))
    at = house.NOW - draw(st.integers(0, 12)) * DAY - draw(st.integers(0, 23)) * HOUR
    reports: tuple[Report, ...] = ()
    if source != "exchange" and draw(st.booleans()):
        coverage = draw(st.sampled_from([EVERYTHING, Coverage(frozenset({TIKTOK})), Coverage(frozenset())]))
        present = frozenset({TIKTOK}) if draw(st.booleans()) else frozenset()
        reports = (Report(source, at, Grade.INVENTORY, coverage, present),)
    manages = source != "exchange"
    mention = Mention(
        names,
        platform=Platform.IOS,
        login=draw(st.sampled_from([None, "", "alice", "bob", "nobody-we-know"])),
        ownership=draw(st.sampled_from([None, *Ownership])) if manages else None,
        enrollment=draw(st.sampled_from([None, Enrollment.DEVICE, Enrollment.USER, Enrollment.SUPERVISED])) if manages else None,
        reads_mail=draw(st.sampled_from([None, True])) if manages else True,
        enrolled=True if reports else draw(st.booleans()),
        seen_at=at,
        managed=Enrollment.DEVICE if source == "nanomdm" else None,
        said_at=at if source == "nanomdm" else None,
        reports=reports,
    )
    return Said(source, mention)


def heard(store: Database, said: Sequence[Said]) -> dict[frozenset[str], Any]:
    """What is known in the end: by the names of each device, all that a verdict depends on, and the verdict."""
    behind.afresh(store)
    for one in said:
        kind, _ = SOURCES[one.source]
        ingest(by(now=house.NOW), one.source, [one.mention], kind=kind, may_add=True, confirmed=True)
    assert agrees(house.NOW)
    found: dict[frozenset[str], Any] = {}
    ordinals = list(models.Device.objects.filter(retired=False).values_list("ordinal", flat=True))
    presences = evidence.presences(ordinals, evidence.Met())
    for ordinal in ordinals:
        names = frozenset(f"{one.kind}:{one.value}" for one in fleet.identities([ordinal])[ordinal])
        view = devices.seen(by(now=house.NOW), ordinal)
        (under,) = view.directives or (None,)
        made = under.explanation if under else None
        looks = presences[ordinal].looked if ordinal in presences else {}
        found[names] = (
            view.owner.login if view.owner else "",
            (view.platform, view.ownership, view.enrollment, view.reads_mail),
            tuple(one for one in view.apps),
            max((at for (_, _, coverage), at in looks.items() if coverage.includes(frozenset({TIKTOK}))), default=0),
            (made.status, made.reason, made.denied_from, made.deniable) if made else None,
        )
    return found


@pytest.fixture
def company(store: Database, tmp_path: Path) -> Database:
    """Three people under an order."""
    house.open_house()
    bring.bring_people(by(now=house.NOW), written(tmp_path, "people.csv", PEOPLE))
    house.issued(0, house.document().replace(", except_groups: [responders]", ""))
    return store


def in_another_order(draw: st.DataObject, said: Sequence[Said]) -> list[Said]:
    """Sources come in any order, and events in any order of their own; a set says what is so now, so the last one counts."""
    mixed = draw.draw(st.permutations(said))
    for source in ("exchange", "intune"):
        of = iter([one for one in said if one.source == source])
        mixed = [next(of) if one.source == source else one for one in mixed]
    return mixed


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(suppress_health_check=_FIXED, max_examples=max(settings().max_examples // 2, 10))
@given(said=st.lists(mentions(), min_size=2, max_size=7), data=st.data())
def test_the_same_fleet_in_any_order_gives_the_same_verdicts(company: Database, said: list[Said], data: st.DataObject) -> None:
    one = heard(company, said)
    other = heard(company, in_another_order(data, said))
    assert one == other


def test_a_phone_that_only_the_mail_server_manages_is_its_own_whoever_spoke_first(company: Database) -> None:
    """The list of a manager that has no say, and the mail server's: in both orders the phone is known to the mail server."""
    names = tuple(Identity(kind, f"{kind}-of-1") for kind in (IdentityKind.EAS, IdentityKind.SERIAL))
    told = Mention(names, platform=Platform.IOS, enrolled=False, seen_at=house.NOW)
    seen = Mention(names[:1], platform=Platform.IOS, reads_mail=True, enrolled=False, seen_at=house.NOW)
    said = [Said("intune", told), Said("exchange", seen)]
    one, other = heard(company, said), heard(company, said[::-1])
    assert one == other
    ((_, (_, _, enrollment, _), *_),) = one.values()
    assert enrollment is Enrollment.EAS
