"""Google's lists: which of them prove an absence, what is no app, and what anybody may write into them."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention
from countermand.core.visibility import Sight
from countermand.lib.outward import House
from countermand.sources import android, google
from countermand.sources.source import Link, Source
from fake_api import served
from fake_google import ACCOUNT, ENTERPRISE, SUBJECT, TIKTOK, Google, key_file, managed, mobile, report

NOW = from_iso("2020-07-10T12:00:00Z")
TIK = App(Platform.ANDROID, TIKTOK)


@pytest.fixture
def server() -> Iterator[Google]:
    with served(Google()) as found:
        yield found


def opened(kind: str, url: str = "http://127.0.0.1:9", secret: str = "", audited: str = "yes") -> Source:
    house = House(frozenset({"127.0.0.1"}), wait=[].append)
    shared = {"url": url, "login": url}
    if kind == "google":
        settings = {"subject": SUBJECT, "customer": "my_customer", "audited": audited, **shared}
        return google.Directory(Link("google", settings, secret or key_file(), house.to, lambda: NOW))
    settings = {"enterprise": ENTERPRISE, **shared}
    return android.Android(Link("android", settings, secret or key_file(), house.to, lambda: NOW))


def read(kind: str, row: Any, audited: str = "yes") -> tuple[Mention, Sight | None]:
    source = opened(kind, audited=audited)
    return source.parse(row, NOW), source.visibility(row)


@pytest.mark.parametrize(("kind", "row"), [("google", mobile), ("android", managed)])
def test_every_page_is_fetched_and_it_goes_on_where_it_stopped(server: Google, kind: str, row: Any) -> None:
    server.devices, server.hollow = [row(number) for number in range(250)], True
    source = opened(kind, server.url)
    pages = list(source.fetch(""))
    assert [len(page.raw) for page in pages] == [0, 100, 0, 100, 0, 50], "an empty page is not the last"
    found = [source.parse(raw, NOW) for page in pages for raw in page.raw]
    assert len({one.identities for one in found}) == 250
    assert [len(page.raw) for page in opened(kind, server.url).fetch(pages[3].next)] == [0, 50]
    (claims, *_) = server.claims
    assert (claims["iss"], claims.get("sub")) == (ACCOUNT, SUBJECT if kind == "google" else None)
    requests = google.REQUESTS if kind == "google" else android.REQUESTS
    for method, path in server.asked:
        assert any(method == one.method and re.fullmatch(one.path, path) for one in requests), (method, path)


@pytest.mark.parametrize("kind", ["google", "android"])
def test_it_waits_when_it_is_told_to_and_says_what_it_may_not(server: Google, kind: str) -> None:
    row = mobile if kind == "google" else managed
    server.devices, server.later = [row(number) for number in range(150)], 3
    assert sum(len(page.raw) for page in opened(kind, server.url).fetch("")) == 150
    done = opened(kind, server.url).check(frozenset(), lambda _: None)
    assert ([one.works for one in done.abilities], sum(done.sees.values())) == ([True], 150)
    server.allowed, server.later = False, 0
    with pytest.raises(Refused) as refused:
        list(opened(kind, server.url).fetch(""))
    assert (refused.value.code, "PERMISSION_DENIED" in str(refused.value) or "403" in str(refused.value)) == (
        "source-denied",
        True,
    )
    (ability,) = opened(kind, server.url, secret="{}").check(frozenset(), lambda _: None).abilities
    assert (ability.works, "service account" in ability.why) == (False, True)


def test_a_list_is_everything_only_where_it_is_audited_and_outside_of_a_profile() -> None:
    mention, sight = read("google", mobile(1))
    assert sight is google.WHOLE
    assert (mention.reports[0].coverage, mention.reports[0].present) == (EVERYTHING, {TIK})
    assert mention.identities == (Identity(IdentityKind.GOOGLE, "mobile/AFiQ1"), Identity(IdentityKind.SERIAL, "SERIAL1"))
    assert (mention.login, mention.ownership) == ("person1@contoso.example", Ownership.PERSONAL)
    for row, audited, expected in (
        (mobile(1), "no", google.UNSURE),
        (mobile(1, managedAccountIsOnOwnerProfile=False), "yes", google.PROFILE),
        (mobile(1, managedAccountIsOnOwnerProfile=None, supportsWorkProfile=None), "yes", google.UNSURE),
    ):
        mention, sight = read("google", row, audited)
        assert (sight, mention.reports[0].coverage, mention.reports[0].present) == (expected, NOTHING, {TIK})


@pytest.mark.parametrize("more", [{"applications": []}, {"applications": None}, {"applications": [{}]}, {"lastSync": ""}])
def test_no_list_is_no_evidence(more: dict[str, Any]) -> None:
    assert read("google", mobile(1, **more))[0].reports == ()


def test_phones_without_lists() -> None:
    mention, sight = read("google", mobile(1, type="GOOGLE_SYNC", os="iOS 13", deviceId="ApplX1"))
    assert (sight, mention.platform, mention.reads_mail, mention.reports) == (google.IOS, Platform.IOS, True, ())
    assert Identity(IdentityKind.EAS, "ApplX1") in mention.identities
    mention, sight = read("google", mobile(1, status="WIPED"))
    assert (sight, mention.enrolled, mention.reports) == (google.LEFT, False, ())
    assert opened("google").visibility(mobile(1, type="CHROME_OS", os="")) is None


def test_what_a_managed_android_reports() -> None:
    mention, sight = read("android", managed(1))
    assert sight is android.WHOLE
    assert (mention.reports[0].coverage, mention.reports[0].present) == (EVERYTHING, {TIK}), "a removed app has a row too"
    assert (mention.ownership, mention.enrollment) == (Ownership.CORPORATE, Enrollment.SUPERVISED)
    for more, expected, enrollment in (
        ({"managementMode": "PROFILE_OWNER"}, android.COPE, Enrollment.COPE),
        ({"managementMode": "PROFILE_OWNER", "ownership": "PERSONALLY_OWNED"}, android.PROFILE, Enrollment.USER),
    ):
        mention, sight = read("android", managed(1, **more))
        assert (sight, mention.enrollment, mention.reports[0].coverage) == (expected, enrollment, NOTHING)
    mention, sight = read("android", managed(1, applicationReports=[]))
    assert (sight, mention.reports) == (android.SILENT, ()), "the policy does not ask for reports"
    mention, sight = read("android", managed(1, state="DELETED"))
    assert (sight, mention.enrolled, mention.reports) == (android.LEFT, False, ())
    odd = managed(1, applicationReports=[report(None), report(7), report("com.ok"), None, "x"])
    assert {app.id for app in read("android", odd)[0].reports[0].present} == {"com.ok"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3), max_leaves=4
)


@pytest.mark.parametrize(("kind", "row"), [("google", mobile), ("android", managed)])
@given(data=st.data())
def test_whatever_stands_in_a_row_it_is_read_or_refused(kind: str, row: Any, data: st.DataObject) -> None:
    whole = row(1)
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(whole)), JSON, max_size=4))
    source = opened(kind, secret="{}")
    with contextlib.suppress(Refused):
        source.visibility({**whole, **changed})
        source.parse({**whole, **changed}, NOW)
    with pytest.raises(Refused):
        source.parse(data.draw(JSON.filter(lambda value: not isinstance(value, dict))), NOW)
