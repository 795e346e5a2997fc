"""Cloud Identity's devices: who uses which phone, by two lists, and never a word of apps."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.lib.outward import House
from countermand.sources.cloud_identity import REQUESTS, CloudIdentity, Raw, User
from countermand.sources.source import Link
from countermand.sources.wanted import rows_as
from fake_api import served
from fake_google import SUBJECT, Google, key_file

NOW = from_iso("2020-07-10T12:00:00Z")


def device(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": f"devices/d{number}",
        "deviceType": "ANDROID",
        "ownerType": "COMPANY",
        "model": "Pixel 8",
        "serialNumber": f"SERIAL{number}",
        "lastSyncTime": "2020-07-10T09:00:00Z",
        "androidSpecificAttributes": {"ownershipPrivilege": "DEVICE_OWNER"},
        **more,
    }


def user(number: int, state: str = "APPROVED", name: str = "u", since: str = "2020-01-01T00:00:00Z") -> dict[str, Any]:
    found = {"name": f"devices/d{number}/deviceUsers/{name}", "userEmail": f"{name}{number}@Contoso.example"}
    return {**found, "managementState": state, "firstSyncTime": since}


def used(row: dict[str, Any], *users: dict[str, Any]) -> Raw:
    """The device of a page, and who uses it."""
    return Raw(row, rows_as(User, users))


@dataclass
class Server(Google):
    users: list[Any] = field(default_factory=list)

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> tuple[int, dict[str, Any]]:
        lists = {"/v1/devices": ("devices", self.devices), "/v1/devices/-/deviceUsers": ("deviceUsers", self.users)}
        if path not in lists or token != "Bearer a.token" or not self.allowed:
            return super().answer(method, "/v1/enterprises/LC01ab2cd3/devices" if path in lists else path, query, token, form)
        name, rows = lists[path]
        start, size = int(query.get("pageToken", ["0"])[0]), int(query["pageSize"][0])
        found: dict[str, Any] = {name: rows[start : start + size]}
        return 200, {**found, "nextPageToken": str(start + size)} if start + size < len(rows) else found


@pytest.fixture
def server() -> Iterator[Server]:
    with served(Server(devices_at="/v1/devices")) as found:
        yield found


def opened(url: str = "http://127.0.0.1:9") -> CloudIdentity:
    house = House(frozenset({"127.0.0.1"}), wait=[].append)
    return CloudIdentity(Link("gci", {"subject": SUBJECT, "url": url, "login": url}, key_file(), house.to, lambda: NOW))


def test_devices_and_those_who_use_them(server: Server) -> None:
    server.devices = [device(number, deviceType="MAC_OS" if number % 10 == 0 else "ANDROID") for number in range(250)]
    server.users, server.later = [user(number) for number in range(250)], 5
    source = opened(server.url)
    raws = [raw for page in source.fetch("") for raw in page.raw]
    phones = [source.parse(raw, NOW) for raw in raws if source.visibility(raw)]
    assert (len(raws), len(phones)) == (250, 225)
    assert (phones[0].login, phones[0].ownership, phones[0].enrollment) == (
        "u1@contoso.example", Ownership.CORPORATE, Enrollment.SUPERVISED,
    )  # fmt: skip
    assert set(phones[0].identities) == {
        Identity(IdentityKind.GOOGLE, "devices/d1/deviceUsers/u"),
        Identity(IdentityKind.GOOGLE, "devices/d1"),
        Identity(IdentityKind.SERIAL, "SERIAL1"),
    }
    assert all(one.reports == () for one in phones)
    assert sum(len(page.raw) for page in opened(server.url).fetch("200")) == 50
    for method, path in server.asked:
        assert any(method == one.method and re.fullmatch(one.path, path) for one in REQUESTS)
    done = opened(server.url).check(frozenset(), lambda _: None)
    assert ([one.works for one in done.abilities], sum(done.sees.values())) == ([True], 225)


def test_who_owns_a_phone_that_several_use_and_who_is_gone() -> None:
    users = (
        user(1, name="old"),
        user(1, name="new", since="2020-06-01T00:00:00Z"),
        user(1, "WIPED", "gone", "2020-07-01T00:00:00Z"),
    )
    mention = opened().parse(used(device(1), *users), NOW)
    assert mention.login == "new1@contoso.example"
    assert Identity(IdentityKind.GOOGLE, "devices/d1/deviceUsers/gone") not in mention.identities
    left = opened().parse(used(device(1), user(1, "WIPED")), NOW)
    assert (left.login, left.enrolled) == (None, False)
    sync = opened().parse(used(device(1, deviceType="GOOGLE_SYNC", deviceId="ApplX1"), user(1)), NOW)
    assert Identity(IdentityKind.EAS, "ApplX1") in sync.identities


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3), max_leaves=4
)


@given(
    changed=st.dictionaries(st.sampled_from(sorted(device(1))), JSON, max_size=5),
    more=st.dictionaries(st.sampled_from(sorted(user(1))), JSON, max_size=3),
)
def test_whatever_stands_in_a_row_it_is_read_or_refused(changed: dict[str, Any], more: dict[str, Any]) -> None:
    raw = used({**device(1), **changed}, {**user(1), **more})
    with contextlib.suppress(Refused):
        opened().visibility(raw)
        opened().parse(raw, NOW)
