"""Jamf's Classic API: one request for each device, and the same said of absences as by the newer one."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.coverage import EVERYTHING, NOTHING
from countermand.core.devices import Enrollment, Ownership
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.lib.outward import House
from countermand.sources import jamf
from countermand.sources.jamf_classic import REQUESTS, JamfClassic
from countermand.sources.source import Link
from fake_api import Api, served
from fake_jamf import CLIENT, SECRET

NOW = from_iso("2020-07-10T12:00:00Z")
SEEN = from_iso("2020-07-10T09:00:00Z")


def detail(number: int, applications: Any = None, **general: Any) -> dict[str, Any]:
    """A ``mobile_device``: a supervised iPad of the company's, but for what is said otherwise."""
    said = [{"application_name": "an app", "application_version": "1", "identifier": "com.zhiliaoapp.musically"}]
    return {
        "mobile_device": {
            "general": {
                "id": number,
                "udid": f"udid-{number}",
                "serial_number": f"SERIAL{number}",
                "os_type": "iOS",
                "model_identifier": "iPad12,1",
                "device_ownership_level": "Institutional",
                "managed": True,
                "supervised": True,
                "exchange_activesync_device_identifier": f"EAS{number}",
                "last_inventory_update_epoch": SEEN,
                **general,
            },
            "location": {"username": f"Person{number}", "email_address": ""},
            "applications": said if applications is None else applications,
        }
    }


@dataclass
class Server(Api):
    devices: dict[int, Any] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()
    devices_at: str = "/JSSResource/mobiledevices"

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> tuple[int, dict[str, Any]]:
        if (method, path) == ("POST", "/api/v1/oauth/token"):
            said = {name: values[0] for name, values in parse_qs(form).items()}
            good = (said.get("client_id"), said.get("client_secret")) == (CLIENT, SECRET)
            return (200, {"access_token": "a.token", "expires_in": 59}) if good else (401, {"error": "invalid_client"})
        if token != "Bearer a.token":
            return 401, {}
        if path == self.devices_at:
            return 200, {"mobile_devices": [{"id": number, "name": "x"} for number in reversed(self.devices)]}
        number = int(path.rpartition("/")[2])
        return (404, {}) if number in self.deleted else (200, self.devices[number])


@pytest.fixture
def server() -> Iterator[Server]:
    with served(Server()) as found:
        yield found


def opened(url: str = "http://127.0.0.1:9", unmanaged: str = "yes", secret: str = SECRET) -> JamfClassic:
    house = House(frozenset({"127.0.0.1"}), wait=[].append)
    settings = {"url": url, "client": CLIENT, "unmanaged_apps": unmanaged}
    return JamfClassic(Link("jamf", settings, secret, house.to, lambda: NOW))


def test_each_device_is_asked_for_and_one_that_was_deleted_meanwhile_is_not_missed(server: Server) -> None:
    server.devices, server.deleted, server.later = {number: detail(number) for number in range(1, 121)}, frozenset({7}), 11
    source = opened(server.url)
    pages = list(source.fetch(""))
    assert [(len(page.raw), page.next, page.total) for page in pages] == [(49, "50", 120), (50, "100", 120), (20, "", 120)]
    found = [source.parse(raw, NOW) for page in pages for raw in page.raw]
    assert len({one.identities for one in found}) == 119
    assert [len(page.raw) for page in opened(server.url).fetch("50")] == [50, 20], "it goes on where it stopped"
    for method, path in server.asked:
        assert any(method == one.method and re.fullmatch(one.path, path) for one in REQUESTS)


def test_an_empty_jamf_and_a_wrong_secret(server: Server) -> None:
    assert [(page.raw, page.next) for page in opened(server.url).fetch("")] == [((), "")]
    (ability,) = opened(server.url, secret="wrong").check(frozenset(), lambda _: None).abilities
    assert (ability.works, "401" in ability.why) == (False, True)


def test_what_a_list_proves_and_what_it_does_not() -> None:
    for unmanaged, row, sight, coverage, enrollment, ownership in (
        ("yes", detail(1), jamf.WHOLE, EVERYTHING, Enrollment.SUPERVISED, Ownership.CORPORATE),
        ("no", detail(1), jamf.UNSURE, NOTHING, Enrollment.SUPERVISED, Ownership.CORPORATE),
        ("yes", detail(1, device_ownership_level="Personal"), jamf.PERSONAL, NOTHING, Enrollment.USER, Ownership.PERSONAL),
        ("yes", detail(1, supervised=False), jamf.WHOLE, EVERYTHING, Enrollment.DEVICE, Ownership.CORPORATE),
    ):
        mention = opened(unmanaged=unmanaged).parse(row, NOW)
        assert opened(unmanaged=unmanaged).visibility(row) is sight
        assert (mention.enrollment, mention.ownership) == (enrollment, ownership)
        assert (mention.reports[0].coverage, mention.login) == (coverage, "person1")
    one = {"identifier": "com.one"}
    assert {app.id for app in opened().parse(detail(1, one), NOW).reports[0].present} == {"com.one"}


@pytest.mark.parametrize(
    ("row", "evidence"),
    [(detail(1, []), 0), (detail(1, ""), 0), (detail(1, last_inventory_update_epoch=0), 0), (detail(1, [{"identifier": ""}]), 0),
     (detail(1, managed=False), 1)],
)  # fmt: skip
def test_what_was_never_collected_is_no_evidence(row: Any, evidence: int) -> None:
    mention = opened().parse(row, NOW)
    assert len(mention.reports) == evidence
    if evidence:
        assert (mention.enrolled, mention.reports[0].coverage) == (False, NOTHING)


@pytest.mark.parametrize("row", [detail(1, udid="", serial_number=""), {}, {"mobile_device": 7}, None, [], "x"])
def test_a_device_without_a_name_is_refused(row: Any) -> None:
    with pytest.raises(Refused) as refused:
        opened().parse(row, NOW)
    assert refused.value.code == "device-unreadable"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3), max_leaves=4
)


@given(general=st.dictionaries(st.sampled_from(sorted(detail(1)["mobile_device"]["general"])), JSON, max_size=5), apps=JSON)
def test_whatever_stands_in_a_row_it_is_read_or_refused(general: dict[str, Any], apps: Any) -> None:
    with contextlib.suppress(Refused):
        opened().visibility(detail(1, apps, **general))
        opened().parse(detail(1, apps, **general), NOW)
