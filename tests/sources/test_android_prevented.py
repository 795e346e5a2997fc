"""Apps that a policy in force keeps off an Android: evidence that covers exactly them, and nothing where it may not hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.apps import App
from countermand.core.coverage import Coverage, Grade
from countermand.core.devices import Enrollment, Platform
from countermand.core.instants import from_iso
from countermand.lib.outward import House
from countermand.sources import android
from countermand.sources.source import Link
from fake_api import served
from fake_google import ENTERPRISE, TIKTOK, Google, key_file, managed, report

NOW = from_iso("2020-07-10T12:00:00Z")

BAD, OTHER = "com.example.bad", "com.example.other"
NAME = f"enterprises/{ENTERPRISE}/policies/phones"
COPE = {"managementMode": "PROFILE_OWNER", "applicationReports": []}


def opened(api: Google) -> android.Android:
    settings = {"enterprise": ENTERPRISE, "url": api.url, "login": api.url}
    return android.Android(Link("android", settings, key_file(), House(frozenset({"127.0.0.1"})).to, lambda: NOW))


def apps(*names: str) -> frozenset[App]:
    return frozenset(App(Platform.ANDROID, one) for one in names)


def blocked(*names: str) -> list[dict[str, Any]]:
    return [{"packageName": one, "installType": "BLOCKED"} for one in names]


def policy(**more: Any) -> dict[str, Any]:
    allowed = {"packageName": "com.example.fine", "installType": "AVAILABLE"}
    personal = {"personalApplications": blocked(BAD), "privateSpacePolicy": "PRIVATE_SPACE_DISALLOWED"}
    return {
        "name": NAME, "version": "7", "applications": [*blocked(BAD, OTHER), allowed], "personalUsagePolicies": personal, **more,
    }  # fmt: skip


def prevented(device: dict[str, Any], *policies: dict[str, Any]) -> tuple[frozenset[App], frozenset[App]]:
    """(kept off, there all the same) as the reports say."""
    row = android.with_policy(device, {one["name"]: one for one in policies})
    found = [one for one in android.mention(row, "android", NOW).reports if one.grade is Grade.PREVENTED]
    if not found:
        return frozenset(), frozenset()
    (one,) = found
    assert one.coverage.apps is not None
    return one.coverage.apps, one.present


def phone(**more: Any) -> dict[str, Any]:
    applied = {"appliedPolicyName": NAME, "appliedPolicyVersion": "7", "policyCompliant": True}
    return managed(1, **{"applicationReports": [], **applied, **more})


def test_over_the_network_a_policy_in_force_is_evidence_for_its_ids() -> None:
    with served(Google(devices=[phone(), phone(**COPE)], devices_at="devices", policies=[policy()])) as api:
        source = opened(api)
        (page,) = source.fetch("")
        full, cope = (source.parse(raw, NOW) for raw in page.raw)
        assert [source.visibility(raw) for raw in page.raw] == [android.KEPT, android.KEPT]
    assert [(one.grade, one.coverage, one.present) for one in full.reports] == [
        (Grade.PREVENTED, Coverage(apps(BAD, OTHER)), frozenset())
    ]
    assert [one.coverage for one in cope.reports] == [Coverage(apps(BAD))], "the personal side forbids that one alone"
    assert (full.enrollment, cope.enrollment) == (Enrollment.SUPERVISED, Enrollment.COPE)


def test_an_account_that_sees_no_policies_knows_of_nothing_kept_off() -> None:
    class Closed(Google):
        def answer(self, method: str, path: str, *rest: Any) -> Any:
            return (403, {"error": {"code": 403}}) if path.endswith("/policies") else super().answer(method, path, *rest)

    with served(Closed(devices=[phone()], devices_at="devices", policies=[policy()])) as api:
        source = opened(api)
        (page,) = source.fetch("")
        assert source.parse(page.raw[0], NOW).reports == ()


@pytest.mark.parametrize(
    "more",
    [
        {"appliedPolicyVersion": "6"},
        {"appliedPolicyName": f"{NAME}2"},
        {"appliedPolicyName": None},
        {"state": "DISABLED"},
        {"state": "DELETED"},
        {"lastStatusReportTime": None},
        {"managementMode": "PROFILE_OWNER", "ownership": "PERSONALLY_OWNED"},
        {"nonComplianceDetails": [{"settingName": "applications", "nonComplianceReason": "PENDING"}]},
    ],
)
def test_where_it_may_not_hold_it_is_no_evidence(more: dict[str, Any]) -> None:
    assert prevented(phone(**more), policy()) == (frozenset(), frozenset())


def test_a_private_space_is_outside_of_it() -> None:
    open_ = policy(personalUsagePolicies={"personalApplications": blocked(BAD)})
    assert prevented(phone(**COPE), open_) == (frozenset(), frozenset())
    assert prevented(phone(**COPE), policy()) == (apps(BAD), frozenset())


def test_an_app_that_is_there_all_the_same_is_proof_of_that() -> None:
    details = [{"settingName": "applications", "nonComplianceReason": "APP_INSTALLED", "packageName": BAD}]
    assert prevented(phone(nonComplianceDetails=details), policy()) == (apps(OTHER), apps(BAD))
    assert prevented(phone(applicationReports=[report(BAD)]), policy())[0] == apps(OTHER)


def test_what_is_reported_stays_what_it_was() -> None:
    both = android.mention(android.with_policy(phone(applicationReports=[report(TIKTOK)]), {NAME: policy()}), "android", NOW)
    assert [one.grade for one in both.reports] == [Grade.INVENTORY, Grade.PREVENTED]
    assert both.reports[0].present == apps(TIKTOK)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda one: st.lists(one, max_size=2)))
def test_whatever_a_policy_holds_is_passed_over(odd: Any) -> None:
    assert prevented(phone(nonComplianceDetails=odd), policy(applications=odd, personalUsagePolicies=odd))[0] == frozenset()
