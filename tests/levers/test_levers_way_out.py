"""All that levers may ever send, by verb and path: nothing that wipes, deletes, or speaks of more than one thing."""

import re
from pathlib import Path

import pytest

from countermand.levers import apple_profile, entra, exchange_rest, google_mobile
from countermand.levers.kinds import KINDS
from countermand.levers.lever import Opened
from countermand.lib.outward import House
from countermand.lib.vendor import Link

GUIDE = (Path(__file__).resolve().parents[2] / "docs/levers.md").read_text(encoding="utf-8")
_USER = "/v1/devices/[A-Za-z0-9_-]{1,200}/deviceUsers/[A-Za-z0-9_-]{1,200}"
_MOBILE = "/admin/directory/v1/customer/my_customer/devices/mobile"
_ANDROID = "/v1/enterprises/[0-9A-Za-z._-]{1,100}/policies/[0-9A-Za-z._-]{1,100}"
_INTUNE = "/beta/deviceManagement/deviceCompliancePolicies"
#: The one thing that may be deleted: a policy of ours that holds nothing more (tests/flows/test_levers_intune.py).
DELETED = {("DELETE", f"{_INTUNE}/[0-9A-Za-z.-]{{1,64}}")}
#: Where commands are put into queues: COMMANDS are all that there are.
QUEUED = {("PUT", "/v1/enqueue/[0-9A-Za-z.:_-]{1,128}(,[0-9A-Za-z.:_-]{1,128}){0,99}")}
#: Written out, not computed: whoever adds a request reads what is here.
SENT = {
    "entra": {
        ("POST", r"/[0-9A-Za-z.-]{1,64}/oauth2/v2\.0/token"),
        ("GET", "/v1.0/devices"),
        ("POST", r"/v1\.0/\$batch"),
        ("GET", "/v1.0/identity/conditionalAccess/policies"),
        ("POST", "/v1.0/identity/conditionalAccess/policies"),
        ("GET", "/v1.0/identity/conditionalAccess/policies/[0-9A-Za-z.-]{1,64}"),
        ("PATCH", "/v1.0/identity/conditionalAccess/policies/[0-9A-Za-z.-]{1,64}"),
    },
    "exchange-unsupported": {
        ("POST", r"/[0-9A-Za-z.-]{1,64}/oauth2/v2\.0/token"),
        ("POST", "/adminapi/beta/[0-9A-Za-z.-]{1,64}/InvokeCommand"),
    },
    "google-state": {
        ("POST", "/token"),
        ("GET", "/v1/devices"),
        ("GET", f"{_USER}/clientStates/[A-Za-z0-9_-]{{1,100}}"),
        ("PATCH", f"{_USER}/clientStates/[A-Za-z0-9_-]{{1,100}}"),
    },
    "google-block": {
        ("POST", "/token"),
        ("GET", "/v1/devices"),
        ("GET", _USER),
        ("POST", f"{_USER}:(block|approve)"),
    },
    "android-apps": {
        ("POST", "/token"),
        ("GET", _ANDROID),
        ("POST", f"{_ANDROID}:(modifyPolicyApplications|removePolicyApplications)"),
    },
    "apple-profile": {
        ("GET", "/version"),
        ("GET", "/v1/enqueue/"),
        ("PUT", "/v1/enqueue/[0-9A-Za-z.:_-]{1,128}(,[0-9A-Za-z.:_-]{1,128}){0,99}"),
    },
    "intune-apps": {
        ("POST", r"/[0-9A-Za-z.-]{1,64}/oauth2/v2\.0/token"),
        ("GET", _INTUNE),
        ("POST", _INTUNE),
        ("POST", f"{_INTUNE}/[0-9A-Za-z.-]{{1,64}}/assign"),
        ("PATCH", f"{_INTUNE}/[0-9A-Za-z.-]{{1,64}}"),
        ("DELETE", f"{_INTUNE}/[0-9A-Za-z.-]{{1,64}}"),
    },
    "google-mobile": {
        ("POST", "/token"),
        ("GET", _MOBILE),
        ("GET", f"{_MOBILE}/[A-Za-z0-9_=-]{{1,200}}"),
        ("POST", f"{_MOBILE}/[A-Za-z0-9_=-]{{1,200}}/action"),
    },
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_sent_stands_on_the_list(kind: str) -> None:
    assert {(one.method, one.path) for one in KINDS[kind].requests} == SENT.get(kind, set())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_wipes_or_deletes(kind: str) -> None:
    for one in KINDS[kind].requests:
        assert one.method in {"GET", "POST", "PATCH"} or (one.method, one.path) in DELETED | QUEUED
        harmless = one.path.replace("removePolicyApplications", "")  # takes an app out of a list of forbidden ones
        assert not any(word in harmless.lower() for word in ("wipe", "retire", "delete", "remove", "reset"))


def test_only_two_cmdlets_are_ever_named() -> None:
    lists = "ActiveSyncBlockedDeviceIDs"
    assert {"Get-CASMailbox": {"Identity"}, "Set-CASMailbox": {"Identity", lists}} == exchange_rest.CMDLETS
    house = House(private=frozenset({"127.0.0.1"}))
    settings = {"tenant": "t", "client": "c", "probe": "p", "url": "http://127.0.0.1:9", "login": "http://127.0.0.1:9"}
    lever = exchange_rest.ExchangeRest(Opened(Link("x", settings, "s", house.to, lambda: 0), "mark"))
    for cmdlet, mailbox, more in [
        ("Clear-MobileDevice", "ann", {}),
        ("Get-CASMailbox", "", {}),
        ("Set-CASMailbox", "ann", {"ActiveSyncEnabled": False}),
    ]:
        with pytest.raises(ValueError, match="not on the list"):
            lever._invoke(cmdlet, mailbox, more)


def test_three_commands_and_no_other_are_put_into_queues() -> None:
    assert sorted(apple_profile.COMMANDS.values()) == ["InstallProfile", "ProfileList", "RemoveProfile"]


def test_a_phone_is_blocked_or_approved_and_nothing_else() -> None:
    assert google_mobile.ACTIONS == {True: "block", False: "approve"}


def test_inside_a_batch_stands_one_device_each() -> None:
    assert entra.INSIDE == (
        ("GET", r"/devices\(deviceId='[0-9a-f-]{36}'\)\?\$select=[A-Za-z,]+"),
        ("PATCH", r"/devices\(deviceId='[0-9a-f-]{36}'\)"),
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_guide_names_every_permission_and_setting(kind: str) -> None:
    assert f"--kind {kind}" in GUIDE
    for one in KINDS[kind].requests:
        for permission in re.split(" and (?![SG]et)", one.needs):
            assert permission in GUIDE, permission
    for setting in KINDS[kind].settings:
        assert f"`{setting}`" in GUIDE or f"{setting}=" in GUIDE, setting


@pytest.mark.parametrize(
    ("login", "name", "key"),
    [
        ("", "0000AAAA-0000-4000-8000-00000000000F", "0000aaaa-0000-4000-8000-00000000000f"),
        ("", "not-an-id", None),
        ("", "0000aaaa-0000-4000-8000-00000000000f') or 1", None),
        ("", "", None),
    ],
)
def test_a_name_that_entra_cannot_have_is_no_entry(login: str, name: str, key: str | None) -> None:
    assert KINDS["entra"].key(login, name) == key
