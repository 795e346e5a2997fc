"""Microsoft Intune through a Graph of our own: what it proves, what it does not, and that nothing else is ever asked."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fake_graph as graph
from countermand.core.apps import App
from countermand.core.coverage import NOTHING, Coverage
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention
from countermand.core.visibility import Sees
from countermand.lib.http import Unreachable
from countermand.lib.outward import House
from countermand.sources import intune
from countermand.sources.intune import REQUESTS, Intune
from countermand.sources.intune_rows import IOS_NAMED, IOS_NONE, IOS_USER, Raw, Verdict, mention, sight, verdicts
from countermand.sources.source import Link
from fake_graph import DOUYIN, TIKTOK, Tenant, device, policy, state

NOW = from_iso("2020-07-10T12:00:00Z")
IOS, ANDROID = Platform.IOS, Platform.ANDROID
TIK, DOU = App(IOS, TIKTOK), App(IOS, DOUYIN)
USER = {"deviceEnrollmentType": "appleUserEnrollment", "managedDeviceOwnerType": "personal", "isSupervised": False}


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with graph.served(Tenant()) as found:
        yield found


def opened(tenant: Tenant, waits: list[float] | None = None, *, secret: str = graph.SECRET, private: str = "127.0.0.1") -> Intune:
    settings = {"tenant": graph.TENANT, "client": graph.CLIENT, "url": tenant.url, "login": tenant.url}
    house = House(frozenset({private}), wait=[].append if waits is None else waits.append)
    return Intune(Link("intune", settings, secret, house.to, lambda: NOW))


def brought(source: Intune, since: str = "") -> list[Mention]:
    return [source.parse(raw, NOW) for page in source.fetch(since) for raw in page.raw]


def test_a_device_keeps_every_name_by_which_others_know_it(tenant: Tenant) -> None:
    tenant.devices = [device(1)]
    (found,) = brought(opened(tenant))
    assert found == Mention(
        identities=(
            Identity(IdentityKind.SERIAL, "SERIAL1"),
            Identity(IdentityKind.ENTRA, "0000aaaa-0000-0000-0000-000000000001"),
            Identity(IdentityKind.EAS, "EAS1"),
        ),
        platform=IOS,
        login="person1@contoso.example",
        model="iPhone 12",
        ownership=Ownership.CORPORATE,
        enrollment=Enrollment.SUPERVISED,
        reads_mail=True,
        enrolled=True,
        seen_at=from_iso("2020-07-10T09:00:00.123Z"),
    )


@pytest.mark.parametrize(
    ("more", "enrollment"),
    [
        ({"isSupervised": False}, Enrollment.DEVICE),
        (USER, Enrollment.USER),
        ({"operatingSystem": "Android", "deviceEnrollmentType": "androidEnterpriseFullyManaged"}, Enrollment.SUPERVISED),
        ({"operatingSystem": "Android", "deviceEnrollmentType": "androidEnterpriseCorporateWorkProfile"}, Enrollment.COPE),
        ({"operatingSystem": "Android", "managementAgent": "androidDeviceAdministrator"}, Enrollment.DEVICE),
        ({"operatingSystem": "Android", "managementAgent": None, "managedDeviceOwnerType": "personal"}, Enrollment.USER),
        ({"operatingSystem": "Android", "deviceEnrollmentType": "unknownFutureValue"}, Enrollment.COPE),
    ],
)
def test_what_intune_does_not_name_is_taken_for_what_hides_most(more: dict[str, Any], enrollment: Enrollment) -> None:
    assert mention(Raw(device(1, **more), None), "intune", NOW).enrollment is enrollment


@pytest.mark.parametrize(
    ("states", "lists", "lacked", "shown"),
    [
        (["compliant"], [[TIK, DOU]], {TIK, DOU}, set()),
        (["noncompliant"], [[TIK]], set(), {TIK}),
        (["nonCompliant"], [[TIK, DOU]], set(), set()),  # one of the two, and nobody says which
        (["compliant"], [[TIK, DOU], [TIK]], {TIK}, set()),  # under which of the two rules, nobody says
        (["noncompliant"], [[TIK], [TIK]], set(), {TIK}),
        (["compliant", "noncompliant"], [[TIK]], set(), {TIK}),
        (["compliant", "error"], [[TIK]], set(), set()),
        (["error", "compliant"], [[TIK]], set(), set()),
        (["compliant", "notApplicable"], [[TIK]], {TIK}, set()),
        (["unknown"], [[TIK]], set(), set()),
        (["compliant"], [], set(), set()),
    ],
)
def test_a_verdict_proves_what_it_could_have_found_and_no_more(
    states: list[str], lists: list[list[App]], lacked: set[App], shown: set[App]
) -> None:
    rows = [(IOS, state(1, word)) for word in states]
    found = verdicts([*rows, (IOS, None), (IOS, {})], {IOS: [frozenset(one) for one in lists]})
    assert found.get("managed-1", Verdict()) == Verdict(frozenset(lacked), frozenset(shown))


def test_verdicts_become_reports_as_of_the_devices_own_time(tenant: Tenant) -> None:
    tenant.devices = [device(1), device(2), device(3), device(4, **USER), device(5, lastSyncDateTime="0001-01-01T00:00:00Z")]
    tenant.policies = [policy(TIKTOK), None, policy(DOUYIN, kind="macOSCompliancePolicy"), policy()]
    tenant.states = [state(1, "compliant"), state(2, "nonCompliant"), None, state(4, "compliant"), state(5, "compliant")]
    tenant.violations = [
        {"managedDeviceId": "managed-1", "platformType": "iOS", "restrictedApps": [{"appId": DOUYIN}, {"appId": None}]}
    ]
    clean, found, silent, hidden, unheard = brought(opened(tenant))
    (report,) = clean.reports
    assert (report.observed_at, report.coverage, report.present) == (clean.seen_at, Coverage(frozenset({TIK, DOU})), {DOU})
    assert [(one.coverage, one.present) for one in found.reports] == [(Coverage(frozenset({TIK})), {TIK})]
    assert silent.reports == ()
    assert [one.coverage for one in hidden.reports] == [NOTHING], "only managed apps are looked at on a user enrolment"
    assert (unheard.reports, unheard.seen_at) == ((), None)


def test_placeholders_are_no_names(tenant: Tenant) -> None:
    nothing = {"serialNumber": "0", "azureADDeviceId": "00000000-0000-0000-0000-000000000000", "easDeviceId": ""}
    with pytest.raises(Refused, match="device-unreadable"):
        mention(Raw(device(1, **nothing), None), "intune", NOW)
    assert mention(Raw(device(1, **{**nothing, "easDeviceId": "E"}), None), "intune", NOW).identities[0].value == "E"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(device(1))), _JSON, max_size=6), st.booleans(), _JSON)
def test_a_hostile_row_is_refused_and_nothing_else(changes: dict[str, Any], whole: bool, other: Any) -> None:
    raw = Raw({**device(1), **changes} if whole else other, Verdict(frozenset({TIK})))
    with contextlib.suppress(Refused):
        found = mention(raw, "intune", NOW)
        assert (found is None) == (sight(raw) is None)
        assert found is None or found.identities
    verdicts([(IOS, other)], {IOS: [frozenset({TIK})]})


def test_paging_throttling_and_tokens_that_run_out(tenant: Tenant) -> None:
    tenant.devices = [device(number) for number in range(23)]
    tenant.page, tenant.later, tenant.uses = 4, 5, 6
    waits: list[float] = []
    assert [one.login for one in brought(opened(tenant, waits))] == [f"person{number}@contoso.example" for number in range(23)]
    assert set(waits) == {7.0}, "Graph says how long"
    assert sum(path.endswith("/token") for _, path in tenant.asked) > 1


def test_nothing_is_asked_that_is_not_on_the_list(tenant: Tenant) -> None:
    tenant.devices, tenant.policies, tenant.states = [device(1)], [policy(TIKTOK)], [state(1, "compliant")]
    source = opened(tenant)
    brought(source)
    source.check(frozenset(), lambda _: None)
    assert source.recheck(brought(source)[0], frozenset({TIK})) is None
    allowed = {(one.method, one.path) for one in REQUESTS}
    for method, path in set(tenant.asked):
        assert any(method == verb and re.fullmatch(pattern, path) for verb, pattern in allowed), (method, path)
    assert {method for method, path in tenant.asked if not path.endswith("/token")} == {"GET"}
    assert not any(re.search("wipe|retire|ReadWrite|PrivilegedOperations", f"{one.path} {one.needs}") for one in REQUESTS)
    with pytest.raises(ValueError, match="not on the list"):
        source._graph._api._api.ask("POST", "/v1.0/deviceManagement/managedDevices/managed-1/wipe", {})


def test_the_token_goes_nowhere_else(tenant: Tenant) -> None:
    tenant.devices, tenant.page = [device(1), device(2)], 1
    tenant.elsewhere = "http://127.0.0.1:9"
    with pytest.raises(Refused, match="source-strange"):
        brought(opened(tenant))


def test_a_private_address_is_asked_only_by_its_exact_name(tenant: Tenant) -> None:
    with pytest.raises(Refused, match="address-private"):
        brought(opened(tenant, private="0.0.1"))
    assert tenant.asked == []


def test_what_is_denied_is_said_and_without_verdicts_there_is_no_contact(tenant: Tenant) -> None:
    tenant.devices, tenant.denied = [device(1)], "Compliance"
    with pytest.raises(Refused, match="source-denied"):
        brought(opened(tenant))
    found = opened(tenant).check(frozenset(), lambda _: None)
    assert [(one.works, one.needs) for one in found.abilities][:2] == [
        (False, "DeviceManagementConfiguration.Read.All"),
        (True, "DeviceManagementManagedDevices.Read.All"),
    ]
    wrong = opened(tenant, secret="another").check(frozenset(), lambda _: None)
    assert [one.why for one in wrong.abilities] == ["401 invalid_client"] * 3


def test_patience_ends(tenant: Tenant) -> None:
    tenant.later = 1
    waits: list[float] = []
    with pytest.raises(Unreachable, match="429"):
        brought(opened(tenant, waits))
    assert len(waits) == 7


def test_check_tells_what_cannot_be_seen_and_a_name_only_suggests(tenant: Tenant) -> None:
    tenant.devices = [device(1), device(2), device(3, **USER), device(4, operatingSystem="Windows"), None]
    tenant.policies, tenant.states = [policy(TIKTOK)], [state(1, "compliant")]
    tenant.detected = [
        {"displayName": "TikTok", "deviceCount": 3, "version": "1"},
        {"displayName": "TikTok", "deviceCount": 4, "version": "2"},
        {"displayName": None, "deviceCount": 1},
        None,
    ]
    found = opened(tenant).check(frozenset({"tiktok"}), lambda _: None)
    assert found.sees == {IOS_NAMED: 1, IOS_NONE: 1, IOS_USER: 1}
    assert found.suggested == {"TikTok": 7}
    assert all(one.works for one in found.abilities)
    assert [mention.reports for mention in brought_phones(opened(tenant))[1:]] == [(), ()], "a name is no evidence"


def brought_phones(source: Intune) -> list[Mention]:
    rows = [raw for page in source.fetch("") for raw in page.raw if raw.device is not None]
    return [source.parse(raw, NOW) for raw in rows if source.visibility(raw)]


def test_no_row_of_the_table_proves_more_than_it_shows() -> None:
    order = [Sees.NONE, Sees.MANAGED, Sees.NAMED, Sees.EVERY]
    assert all(order.index(one.proves) <= order.index(one.shows) and one.cited for one in intune.SIGHTS)
