"""Jamf Pro's inventory: when a list of apps proves an absence, and when it only shows."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fake_jamf as jamf_pro
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention
from countermand.core.visibility import tell
from countermand.lib.outward import House
from countermand.sources.jamf import LEFT, PERSONAL, REQUESTS, UNSURE, WHOLE, Jamf
from countermand.sources.source import Link
from fake_api import served
from fake_jamf import Server, app, device

NOW = from_iso("2020-07-10T12:00:00Z")
MAIL, TIKTOK = (App(Platform.IOS, one) for one in ("com.example.mail", "com.zhiliaoapp.musically"))


@pytest.fixture
def server() -> Iterator[Server]:
    with served(Server()) as found:
        yield found


def opened(server: Server | None, unmanaged: str = "yes", secret: str = jamf_pro.SECRET) -> Jamf:
    url = server.url if server else "http://127.0.0.1:9"
    house = House(frozenset({"127.0.0.1"}), wait=[].append)
    settings = {"url": url, "client": jamf_pro.CLIENT, "unmanaged_apps": unmanaged}
    return Jamf(Link("jamf", settings, secret, house.to, lambda: NOW))


def parsed(row: Any, unmanaged: str = "yes") -> Mention:
    return opened(None, unmanaged).parse(row, NOW)


def test_a_device_with_its_names_owner_and_apps(server: Server) -> None:
    server.devices = [device(number) for number in range(450)]
    source = opened(server)
    found = [source.parse(raw, NOW) for page in source.fetch("") for raw in page.raw]
    assert [one.login for one in found] == [f"person{number}" for number in range(450)]
    assert [page.next for page in opened(server).fetch("1")] == ["2", ""], "it goes on where it stopped"
    assert found[7].identities == (
        Identity(IdentityKind.UDID, "udid-7"),
        Identity(IdentityKind.SERIAL, "SERIAL7"),
        Identity(IdentityKind.EAS, "EAS7"),
    )
    assert (found[7].ownership, found[7].enrollment, found[7].reads_mail) == (Ownership.CORPORATE, Enrollment.SUPERVISED, True)
    (report,) = found[7].reports
    assert (report.observed_at, report.coverage, report.present) == (
        from_iso("2020-07-10T09:00:00.123Z"),
        EVERYTHING,
        {MAIL, TIKTOK},
    )
    allowed = {(one.method, one.path) for one in REQUESTS}
    assert all(any(verb == method and re.fullmatch(path, at) for verb, path in allowed) for method, at in server.asked)
    assert not any(re.search("command|erase|wipe|Update|Send", f"{one.path} {one.needs}") for one in REQUESTS)


@pytest.mark.parametrize(
    ("general", "unmanaged", "enrollment", "coverage"),
    [
        ({}, "yes", Enrollment.SUPERVISED, EVERYTHING),
        ({}, "no", Enrollment.SUPERVISED, NOTHING),
        ({"supervised": False}, "yes", Enrollment.DEVICE, EVERYTHING),
        ({"supervised": None, "deviceOwnershipType": "AccountDrivenDeviceEnrollment"}, "yes", Enrollment.DEVICE, NOTHING),
        ({"deviceOwnershipType": "UserEnrollment"}, "yes", Enrollment.USER, NOTHING),
        ({"deviceOwnershipType": "PersonalDeviceProfile"}, "yes", Enrollment.USER, NOTHING),
        ({"deviceOwnershipType": None}, "yes", Enrollment.USER, NOTHING),
        ({"deviceOwnershipType": "SomethingNew"}, "yes", Enrollment.USER, NOTHING),
    ],
)
def test_only_a_whole_list_of_the_companys_own_phone_proves_an_absence(
    general: dict[str, Any], unmanaged: str, enrollment: Enrollment, coverage: Coverage
) -> None:
    found = parsed(device(1, **general), unmanaged)
    assert (found.enrollment, [one.coverage for one in found.reports]) == (enrollment, [coverage])
    assert [one.present for one in found.reports] == [{MAIL, TIKTOK}], "presence is proof whatever the list could have shown"


def test_a_row_is_not_an_installation_and_no_list_is_no_look() -> None:
    rows = [app(MAIL.id), app(TIKTOK.id, "Managed But Uninstalled"), app("a", "Prompting"), app(None), app(""), None, app(7)]
    assert parsed({**device(1), "applications": rows}).reports[0].present == {MAIL}
    for nothing in ([], None, {}, "none"):
        assert parsed({**device(1), "applications": nothing}).reports == ()
    assert parsed(device(1, lastInventoryUpdateDate=None)).reports == ()
    assert parsed(device(1, managed=False)).enrolled is False


def test_what_cannot_be_read_is_refused() -> None:
    for row, code in [
        (None, "device-unreadable"),
        ({**device(1, udid="", exchangeDeviceId="E"), "hardware": None}, "device-unreadable"),
        (device(1, lastInventoryUpdateDate="yesterday"), "device-unreadable"),
        (device(1, lastInventoryUpdateDate="2020-07-10T12:06:00Z"), "time-ahead"),
    ]:
        with pytest.raises(Refused) as refused:
            parsed(row)
        assert refused.value.code == code


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(app(""))), inner, max_size=3),
    max_leaves=6,
)


_ROW, _GENERAL = sorted(device(1)), sorted(device(1)["general"])


@given(st.dictionaries(st.sampled_from(_ROW), _JSON), st.dictionaries(st.sampled_from(_GENERAL), _JSON))
def test_a_hostile_row_is_refused_and_nothing_else(changes: dict[str, Any], general: dict[str, Any]) -> None:
    with contextlib.suppress(Refused):
        row = {**device(1, **general), **changes}
        assert opened(None, "yes").visibility(row) is None or parsed(row).identities


def test_check_of_many_looks_at_the_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countermand.sources.jamf.ENOUGH", 300)
    server.devices = [device(number) for number in range(450)]
    found = opened(server).check(frozenset(), lambda _: None)
    assert (found.sees, found.whole) == ({WHOLE: 400}, False)
    assert next(tell(found.sees, {}, whole=False)) == "It has many: the first 400 phones were looked at."
    server.devices = server.devices[:400]
    assert opened(server).check(frozenset(), lambda _: None).whole


def test_check_tells_what_each_phone_can_show(server: Server) -> None:
    server.devices = [device(1), device(2, deviceOwnershipType="UserEnrollment"), device(3, managed=False), None]
    server.devices += [{**device(4), "deviceType": "tvOS"}]
    assert opened(server).check(frozenset(), lambda _: None).sees == {WHOLE: 1, PERSONAL: 1, LEFT: 1}
    assert opened(server, "no").check(frozenset(), lambda _: None).sees == {UNSURE: 1, PERSONAL: 1, LEFT: 1}
    server.allowed = False
    (ability,) = opened(server).check(frozenset(), lambda _: None).abilities
    assert (ability.works, ability.why, ability.needs) == (False, "403", "Read Mobile Devices")
    with pytest.raises(Refused, match="source-denied"):
        list(opened(server, secret="another").fetch(""))
