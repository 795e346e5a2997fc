"""Apps that Androids under the Android Management API neither keep nor install.

What is made are the bodies of its three requests on ``enterprises/E/policies/P``: ``modifyPolicyApplications`` and
``removePolicyApplications``, which touch the named apps and nothing else of a policy, and, for the personal side of a company's
phone, what ``patch`` with ``updateMask=personalUsagePolicies.personalApplications`` writes: that list is replaced as a whole.
"""

from countermand.core.devices import Platform
from countermand.levers.head import Head
from countermand.levers.policy import Change, Policy, as_text, checked, closed, names

_PACKAGE = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+$(?!\n)", "maxLength": 255}
_BLOCKED = closed({"packageName": _PACKAGE, "installType": {"const": "BLOCKED"}})
_MASK = {"const": "installType"}
SCHEMA = closed(
    {
        "modifyPolicyApplications": closed(
            {"changes": {"type": "array", "items": closed({"application": _BLOCKED, "updateMask": _MASK})}}
        ),
        "removePolicyApplications": closed({"packageNames": {"type": "array", "uniqueItems": True, "items": _PACKAGE}}),
        "personalUsagePolicies": closed(
            {
                "personalPlayStoreMode": {"enum": ["BLOCKLIST"]},
                "personalApplications": {"type": "array", "items": _BLOCKED},
            }
        ),
    }
)


def render(head: Head, change: Change) -> str:
    """The three bodies. Nothing in them can bear the receipt's number: they are the vendor's fields alone."""
    del head
    forbidden = [{"packageName": one, "installType": "BLOCKED"} for one in names(change.added, Platform.ANDROID)]
    plain = {
        "modifyPolicyApplications": {"changes": [{"application": one, "updateMask": "installType"} for one in forbidden]},
        "removePolicyApplications": {"packageNames": names(change.removed, Platform.ANDROID)},
        "personalUsagePolicies": {
            "personalPlayStoreMode": "BLOCKLIST",
            "personalApplications": [{"packageName": one, "installType": "BLOCKED"} for one in change.standing(Platform.ANDROID)],
        },
    }
    return as_text(checked(plain, SCHEMA))


POLICY = Policy(
    render,
    (
        "An app that is there is uninstalled with what it holds: lifting the policy does not bring that back.",
        "`personalUsagePolicies` is for company-owned phones with a work profile: it uninstalls the apps from the owner's"
        " personal profile, where nobody sees them. It replaces the policy's own list of personal apps: keep what that names.",
        "A private space is outside of it; `privateSpacePolicy` PRIVATE_SPACE_DISALLOWED would close that, and deletes private"
        " spaces that exist: it is left out, and yours to decide.",
        "On people's own phones with a work profile it reaches the profile alone.",
        "`removePolicyApplications` takes an app's entry out of the policy: if yours named the app before, put that back.",
    ),
)
