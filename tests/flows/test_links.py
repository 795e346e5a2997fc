"""Two devices that are one: joined where a source says so, suggested where nobody does, and never guessed."""

from pathlib import Path

import pytest
from fleet_words import CHESS, HEADER, NOW, PEOPLE, TIKTOK, agrees, by, row, watch, written
from house import ledger_kinds

from countermand.access import Role
from countermand.config import Database, Holdbacks
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, Instant
from countermand.core.links import Candidate, Likely, suggest
from countermand.core.mentions import Mention
from countermand.flows import bring
from countermand.flows.attest import attest
from countermand.flows.ingest import Taken, ingest
from countermand.flows.link import link
from countermand.operations.devices import suggest_links
from countermand.operations.operation import Call
from countermand.reads import device as devices
from countermand.reads import sources
from countermand.store import fleet, known, models, sightings
from countermand.store.sightings import Sighting
from countermand.store.unit import unit

SERIAL, UDID, EAS = IdentityKind.SERIAL, IdentityKind.UDID, IdentityKind.EAS


def phone(
    *names: tuple[IdentityKind, str], at: Instant = NOW - HOUR, apps: frozenset[object] | None = None, **more: object
) -> Mention:
    reports = () if apps is None else (Report("mdm", at, Grade.INVENTORY, EVERYTHING, apps),)  # type: ignore[arg-type]
    found = tuple(Identity(kind, value) for kind, value in names)
    return Mention(found, platform=Platform.IOS, enrolled=True, seen_at=at, reports=reports, **more)  # type: ignore[arg-type]


def said(mention: Mention, source: str = "mdm", *, confirmed: bool = True, kind: str = "") -> Taken:
    return ingest(by(), source, [mention], kind=kind, may_add=True, confirmed=confirmed)


@pytest.fixture
def company(store: Database, tmp_path: Path) -> Path:
    bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
    watch(TIKTOK)
    return tmp_path


def apart(company: Path) -> tuple[int, int]:
    """A phone that the MDM knows, with the app on it, and the same one as the mail server knows it, with its owner."""
    said(phone((UDID, "U1"), (SERIAL, "F1X"), apps=frozenset({TIKTOK, CHESS}), ownership=Ownership.CORPORATE))
    said(phone((EAS, "E1"), login="alice", reads_mail=True), "exchange", kind="exchange")
    return fleet.named("F1X"), fleet.named("eas:E1")


def test_a_source_that_names_both_joins_them(company: Path) -> None:
    mdm, mail = apart(company)
    assert mdm != mail
    attest(by(), "eas:E1", [TIKTOK])
    taken = said(phone((SERIAL, "F1X"), (EAS, "E1")))
    assert (taken.devices, taken.passed, taken.conflicts) == (1, {}, ())
    assert fleet.named("eas:E1") == fleet.named("F1X") == fleet.named("udid:U1") == mdm
    one = known.load([mdm])[mdm]
    assert (one.device.login, one.device.reads_mail, one.device.ownership, len(one.present)) == (
        "alice",
        True,
        Ownership.CORPORATE,
        2,
    )
    assert {look.source for look in one.looked} == {"mdm", "attestation"}
    gone = fleet.load([mail])[mail]
    assert (gone.retired, gone.owner) == (True, None)
    assert models.Attestation.objects.get().device_id == mdm
    assert agrees()
    assert ledger_kinds().count("devices-joined") == 1
    view = devices.seen(by(), mdm)
    assert {one.source: dict(one.says).get("login") for one in view.sources} == {"exchange": "alice", "mdm": None}


def test_of_a_phone_that_turns_out_to_be_somebodys_own_the_rest_is_forgotten(company: Path) -> None:
    mdm, _ = apart(company)
    said(phone((EAS, "E1"), ownership=Ownership.PERSONAL), "byod")
    said(phone((SERIAL, "F1X"), (EAS, "E1")))
    one = known.load([mdm])[mdm]
    assert (one.device.ownership, len(one.present)) == (Ownership.PERSONAL, 1)
    (told,) = devices.seen(by(), mdm).differences
    assert told == "Who owns it: byod says personal, mdm says corporate; personal counts."
    assert agrees()


def test_two_serial_numbers_are_two_phones(company: Path) -> None:
    apart(company)
    said(phone((SERIAL, "F2X")))
    taken = said(phone((SERIAL, "F2X"), (UDID, "U1")))
    assert taken.passed == {"conflicting": 1}
    (shown,) = taken.conflicts
    assert shown == f"serial:F2X is #{fleet.named('F2X')}, udid:U1 is #{fleet.named('F1X')}"
    assert said(phone((SERIAL, "F3X"), (EAS, "E1"))).passed == {}, "the mail server's name had no serial number yet"
    assert said(phone((SERIAL, "F4X"), (EAS, "E1"))).passed == {"conflicting": 1}
    shown_in_list = next(one for one in sources.sources(by()) if one.name == "mdm").conflicts
    assert (len(shown_in_list), shown in shown_in_list) == (2, True)
    with pytest.raises(Refused) as refused:
        link(by(), "F1X", "F2X")
    assert refused.value.code == "devices-differ"


def test_a_filler_joins_nobody(company: Path) -> None:
    for number in range(20):
        said(phone((SERIAL, "Unknown"), (UDID, f"U{number}-")))
    assert models.Device.objects.filter(retired=False).count() == 20
    for number in range(12):
        said(phone((SERIAL, "JUNK-BUT-NOT-KNOWN"), (UDID, f"V{number}-")))
    assert len(fleet.identities([fleet.named("JUNK-BUT-NOT-KNOWN")]).popitem()[1]) == 9, "no phone has so many names"


def test_a_flood_of_joins_waits_like_any_other(company: Path) -> None:
    for number in range(30):
        said(phone((UDID, f"U{number}-"), apps=frozenset({TIKTOK})))
        said(phone((EAS, f"E{number}-"), login="bob"), "exchange", kind="exchange")
    both = [phone((UDID, f"U{number}-"), (EAS, f"E{number}-")) for number in range(30)]
    taken = ingest(by(), "other", both, may_add=True, hold=Holdbacks(presence_floor=20))
    assert taken.held is not None
    assert models.Device.objects.filter(retired=True).count() == 0, "joined, what the one showed would count for the other"
    assert agrees()


def test_an_operator_links_and_nobody_else(company: Path) -> None:
    mdm, mail = apart(company)
    with pytest.raises(Refused) as refused:
        link(by(Role.HELPDESK), "F1X", f"#{mail}")
    assert refused.value.code == "not-allowed"
    assert link(by(), f"#{mail}", "F1X") == mdm
    assert link(by(), "eas:E1", "F1X") == mdm, "twice is once"
    with pytest.raises(Refused) as refused:
        link(by(), f"#{mail}", "F1X")
    assert refused.value.code == "device-retired"


def test_what_may_be_one_phone_is_suggested_with_what_says_so(company: Path) -> None:
    text = HEADER + row("F1X", "alice", at=NOW - DAY) + row("F2X", "bob", at=NOW - DAY) + row("F3X", "bob", eas="E3", at=NOW)
    bring.bring_devices(by(), written(company, "devices.csv", text))
    said(phone((EAS, "E1"), login="alice", model="iPhone"), "exchange", kind="exchange")
    with unit():
        sightings.add(Sighting("bob", "eas", "SEEN1", NOW - DAY, NOW, 3))
        sightings.add(Sighting("bob", "eas", "E3", NOW - DAY, NOW, 3))
    call = Call(by(), None)  # type: ignore[arg-type]
    alice, bob = suggest_links.run(call)
    assert (alice.login, alice.mail, alice.likely) == ("alice", "eas:E1", "likely")
    assert alice.command == f"countermand device link '#{fleet.named('F1X')}' '#{fleet.named('eas:E1')}'"
    assert (bob.login, bob.mail, bob.likely) == ("bob", "eas:SEEN1", "possible")
    assert bob.command == "countermand device bind serial:F2X eas:SEEN1"
    link(by(), "F1X", "eas:E1")
    assert [one.login for one in suggest_links.run(call)] == ["bob"]


def candidate(
    *names: tuple[IdentityKind, str], model: str = "", seen: Instant | None = NOW, ordinal: int | None = 1
) -> Candidate:
    return Candidate(ordinal, "al", tuple(Identity(*name) for name in names), Platform.IOS, model, seen)


@pytest.mark.parametrize(
    ("mail", "managed", "likely"),
    [
        ({"model": "iPhone14C7"}, {"model": "iPhone14,7"}, Likely.LIKELY),
        ({"model": "iPhone14C7"}, {"model": "iPhone14,8"}, None),
        ({"model": "iPhone14C7"}, {"model": "iPhone 13"}, Likely.POSSIBLE),
        ({"model": "iPhone14C7"}, {"model": "iPhone14,7", "seen": None}, Likely.POSSIBLE),
        ({"model": "iPhone14C7"}, {"model": "iPhone14,7", "seen": NOW - 30 * DAY}, None),
        ({"model": ""}, {"model": ""}, Likely.POSSIBLE),
    ],
)
def test_person_model_and_dates(mail: dict[str, str], managed: dict[str, str], likely: Likely | None) -> None:
    found = suggest([candidate((EAS, "E1"), **mail), candidate((SERIAL, "F1X"), ordinal=2, **managed)])  # type: ignore[arg-type]
    assert [one.likely for one in found] == ([] if likely is None else [likely])


def test_of_several_none_is_likely(company: Path) -> None:
    several = [candidate((SERIAL, f"F{n}X"), model="iPhone14,7", ordinal=n) for n in (2, 3)]
    found = suggest([candidate((EAS, "E1"), model="iPhone14C7"), *several])
    assert [one.likely for one in found] == [Likely.POSSIBLE, Likely.POSSIBLE]


def test_what_nobody_says_is_careful(company: Path) -> None:
    said(phone((UDID, "U9"), managed=Enrollment.DEVICE))
    one = fleet.load([fleet.named("udid:U9")]).popitem()[1]
    assert (one.ownership, one.enrollment, one.owner) == (Ownership.PERSONAL, Enrollment.DEVICE, None)
    assert Coverage(None) == EVERYTHING
