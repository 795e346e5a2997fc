"""Fleet's hosts: which lists are everything, whose a phone is, and what stands for never."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fake_fleetdm as fleet
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.lib.outward import House
from countermand.sources.fleetdm import ANDROID, BY_HAND, OFF, REQUESTS, WHOLE, FleetDm
from countermand.sources.source import Link
from fake_api import served
from fake_fleetdm import Server, host, software

NOW = from_iso("2020-07-10T12:00:00Z")


@pytest.fixture
def server() -> Iterator[Server]:
    with served(Server()) as found:
        yield found


def opened(url: str = "http://127.0.0.1:9", token: str = fleet.TOKEN) -> FleetDm:
    house = House(frozenset({"127.0.0.1"}), wait=[].append)
    return FleetDm(Link("fleet", {"url": url}, token, house.to, lambda: NOW))


def test_every_host_is_fetched_and_those_that_are_no_phones_are_passed_over(server: Server) -> None:
    server.hosts = [host(number, platform="darwin" if number % 50 == 0 else "ios") for number in range(300)]
    source = opened(server.url)
    pages = list(source.fetch(""))
    assert [(len(page.raw), page.next) for page in pages] == [(100, "1"), (100, "2"), (100, "3"), (0, "")]
    phones = [raw for page in pages for raw in page.raw if source.visibility(raw)]
    assert len({source.parse(raw, NOW).identities for raw in phones}) == 294
    assert [page.next for page in opened(server.url).fetch("2")] == ["3", ""]
    for method, path in server.asked:
        assert any(method == one.method and re.fullmatch(one.path, path) for one in REQUESTS)


def test_a_wrong_token_and_a_server_that_asks_for_patience(server: Server) -> None:
    server.hosts, server.later = [host(number) for number in range(120)], 2
    assert sum(len(page.raw) for page in opened(server.url).fetch("")) == 120
    (ability,) = opened(server.url, "wrong").check(frozenset(), lambda _: None).abilities
    assert (ability.works, "401" in ability.why) == (False, True)


@pytest.mark.parametrize(
    ("row", "sight", "enrollment", "ownership"),
    [
        (host(1), WHOLE, Enrollment.SUPERVISED, Ownership.CORPORATE),
        (host(1, "On (company-owned)"), WHOLE, Enrollment.SUPERVISED, Ownership.CORPORATE),
        (host(1, "On (company-owned)", platform="android"), ANDROID, Enrollment.COPE, Ownership.CORPORATE),
        (host(1, "Pending"), OFF, None, None),
        (host(1, "On (manual)"), BY_HAND, Enrollment.DEVICE, None),
        (host(1, "On (personal)"), BY_HAND, Enrollment.USER, Ownership.PERSONAL),
        (host(1, "Off"), OFF, None, None),
        (host(1, None), OFF, None, None),
        (host(1, "On (personal)", platform="android"), ANDROID, Enrollment.USER, Ownership.PERSONAL),
    ],
)
def test_what_a_list_proves_and_what_it_does_not(row: Any, sight: Any, enrollment: Any, ownership: Any) -> None:
    mention = opened().parse(row, NOW)
    assert (opened().visibility(row), mention.enrollment, mention.ownership) == (sight, enrollment, ownership)
    if sight is OFF:
        assert (mention.reports, mention.enrolled) == ((), False)
    elif sight is ANDROID:
        assert mention.reports == (), "an Android's apps are named otherwise"
    else:
        assert mention.reports[0].coverage == (EVERYTHING if sight is WHOLE else NOTHING)
        assert mention.reports[0].observed_at == from_iso("2020-07-10T09:00:00Z")


def test_names_owner_and_androids_apps() -> None:
    mention = opened().parse(host(1), NOW)
    assert mention.identities == (
        Identity(IdentityKind.UDID, "00008110-000000000001"),
        Identity(IdentityKind.SERIAL, "SERIAL1"),
        Identity(IdentityKind.EAS, "EAS1"),
    )
    assert (mention.login, mention.reads_mail) == ("person1@contoso.example", True)
    addresses = [{"email": "first@x", "source": "google_chrome_profiles"}, {"email": "By.Hand@x", "source": "custom"}]
    assert opened().parse(host(1, device_mapping=addresses), NOW).login == "by.hand@x"
    android = host(1, "On (personal)", platform="android", software=[{"application_id": "com.one", "source": "android_apps"}])
    assert opened().parse(android, NOW).reports[0].present == {App(Platform.ANDROID, "com.one")}


@pytest.mark.parametrize(
    "more",
    [{"software": None}, {"software": []}, {"software_updated_at": None}, {"software_updated_at": "2000-01-01T00:00:00Z"},
     {"software": [software(None), software(""), 7, None]}],
)  # fmt: skip
def test_what_was_never_collected_is_no_evidence(more: dict[str, Any]) -> None:
    assert opened().parse(host(1, **more), NOW).reports == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3), max_leaves=4
)


@given(data=st.data())
def test_whatever_stands_in_a_row_it_is_read_or_refused(data: st.DataObject) -> None:
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(host(1))), JSON, max_size=5))
    with contextlib.suppress(Refused):
        opened().visibility({**host(1), **changed})
        opened().parse({**host(1), **changed}, NOW)
