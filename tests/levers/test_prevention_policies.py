"""Policies that keep apps off devices: exactly the approved ids, in the form that the vendor published, and what else they do."""

import json
import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.devices import Platform
from countermand.core.handover import Item, Thing
from countermand.levers import android_policy, apple_policy, intune_policy
from countermand.levers.head import Head
from countermand.levers.policy import Change, checked

HEAD = Head("no-tiktok", 3, 1_594_382_400_000, "otto", 1_595_073_600_000)
#: A few of every form, and enough plain ones to fill several policies.
IDS = st.builds(
    lambda few, more: few | {f"com.example.n{number}" for number in range(more)},
    st.sets(st.from_regex(r"\A[a-z]{1,8}(\.[a-zA-Z0-9_]{1,8}){1,4}\Z"), max_size=8),
    st.integers(0, 250),
)
HOSTILE = ["<key>PayloadType</key>", "a.b\n", "a b.c", "com.ex\u00e4mple.app", '"', "", ".", "a.b" * 100]


def apps(ids: set[str], platform: Platform = Platform.IOS) -> frozenset[Item]:
    return frozenset(Item(Thing.APP, "", platform, "app", one) for one in ids)


def new(ids: set[str], platform: Platform = Platform.IOS) -> Change:
    return Change(apps(ids, platform), frozenset(), apps(ids, platform))


@given(IDS)
def test_intune_takes_at_most_a_hundred_in_a_policy_and_all_are_there(ids: set[str]) -> None:
    made = json.loads(intune_policy.render(HEAD, new(ids)))
    found = [app["appId"] for policy in made for app in policy["restrictedApps"]]
    assert sorted(ids) == found
    assert len(made) == -(-len(ids) // 100)
    assert all(len(policy["restrictedApps"]) <= 100 for policy in made)
    assert len({policy["displayName"] for policy in made}) == len(made)
    for policy in made:
        (rule,) = policy["scheduledActionsForRule"]
        assert [action["actionType"] for action in rule["scheduledActionConfigurations"]] == ["block"]


def test_a_platform_that_lost_its_last_id_gets_a_policy_without_any() -> None:
    gone = apps({"com.example.one"})
    (policy,) = json.loads(intune_policy.render(HEAD, Change(frozenset(), gone, frozenset())))
    assert policy["@odata.type"] == "#microsoft.graph.iosCompliancePolicy"
    assert policy["restrictedApps"] == []
    assert "Not for use before 2020-07-18T12:00:00Z" in policy["description"]


@given(IDS, IDS)
def test_a_profile_has_exactly_the_ids_and_is_named_by_them(ids: set[str], others: set[str]) -> None:
    made = plistlib.loads(apple_policy.profile(HEAD, new(ids)).encode())
    (restrictions,) = made["PayloadContent"]
    assert restrictions["blockedAppBundleIDs"] == sorted(ids)
    other = plistlib.loads(apple_policy.profile(HEAD, new(others)).encode())
    assert made["PayloadIdentifier"] == other["PayloadIdentifier"]
    assert (made["PayloadUUID"] == other["PayloadUUID"]) == (ids == others)
    assert made["PayloadUUID"] != restrictions["PayloadUUID"]


@given(IDS, IDS)
def test_a_declaration_changes_its_token_with_what_it_says(ids: set[str], others: set[str]) -> None:
    made, other = (json.loads(apple_policy.declaration(HEAD, new(one))) for one in (ids, others))
    assert made["Payload"] == {"Allowed": {"DeniedApps": sorted(ids)}}
    assert made["Identifier"] == other["Identifier"]
    assert (made["ServerToken"] == other["ServerToken"]) == (ids == others)


@given(IDS, IDS)
def test_android_touches_what_changes_and_names_all_on_the_personal_side(before: set[str], after: set[str]) -> None:
    come, go = (apps(one, Platform.ANDROID) for one in (after - before, before - after))
    made = json.loads(android_policy.render(HEAD, Change(come, go, apps(after, Platform.ANDROID))))
    changes = made["modifyPolicyApplications"]["changes"]
    assert [one["application"]["packageName"] for one in changes] == sorted(after - before)
    assert {one["application"]["installType"] for one in changes} <= {"BLOCKED"}
    assert made["removePolicyApplications"]["packageNames"] == sorted(before - after)
    personal = made["personalUsagePolicies"]["personalApplications"]
    assert [one["packageName"] for one in personal] == sorted(after)
    assert "WIPE" not in json.dumps(made).upper()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_can_be_no_id_is_in_no_policy(hostile: str) -> None:
    for render, platform in (
        (intune_policy.render, Platform.IOS),
        (apple_policy.profile, Platform.IOS),
        (apple_policy.declaration, Platform.IOS),
        (android_policy.render, Platform.ANDROID),
    ):
        with pytest.raises(ValueError, match=r"\.\d+"):
            render(HEAD, new({hostile}, platform))


def test_the_schemas_are_closed() -> None:
    """One field more, or one fewer, is no policy of the vendor's."""
    plain = json.loads(apple_policy.declaration(HEAD, new({"com.example.one"})))
    assert checked(plain, apple_policy.DECLARATION_SCHEMA) is plain
    for wrong in ({**plain, "More": 1}, {name: plain[name] for name in plain if name != "ServerToken"}):
        with pytest.raises(ValueError, match=r"More|ServerToken"):
            checked(wrong, apple_policy.DECLARATION_SCHEMA)


def test_what_else_they_do_is_said() -> None:
    said = " ".join(android_policy.POLICY.effects)
    assert "uninstalls the apps from the owner's personal profile" in said
    assert "privateSpacePolicy" in said
    assert "Supervised devices alone" in " ".join(apple_policy.PROFILE.effects)
    assert "prevents nothing" in " ".join(intune_policy.POLICY.effects)
