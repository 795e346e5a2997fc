"""From a person back to the resource that a directory sees: what it says, and under which version."""

from dataclasses import replace
from typing import Any

import pytest
from scim2_models import Context

from countermand.core.people import Person
from countermand.people import scim
from countermand.people.scim import FullUser, Shown

ROOT = "https://countermand.example/scim/v2"
PERSON = Person("alice", "alice@example.org", "Alice", "Europe/Berlin", "de", "DE", groups=frozenset({"staff", "sales", "night"}))
SAID = scim.kept(
    FullUser(
        user_name="Alice", display_name="Alice", active=True, timezone="Europe/Berlin", preferred_language="de",
        emails=[scim.Email(value="alice@example.org", type="work", primary=True)],
        addresses=[scim.Address(country="DE", type="work", primary=True)],
    )
)  # fmt: skip
SHOWN = Shown("7", PERSON, True, SAID, None, (("g1", "staff"), ("g2", "sales"), ("g3", "night")), 1_000, 2_000)
OTHERS = [
    replace(SHOWN, person=replace(PERSON, name="Alice B")),
    replace(SHOWN, person=replace(PERSON, email="")),
    replace(SHOWN, active=False),
    replace(SHOWN, manager=("8", "Bob")),
    replace(SHOWN, groups=SHOWN.groups[:2]),
    replace(SHOWN, said=""),
]


def said(shown: Shown) -> dict[str, Any]:
    found: dict[str, Any] = scim.user(shown, ROOT).model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return found


def version(shown: Shown) -> str:
    return str(said(shown)["meta"]["version"])


def test_a_version_is_of_what_is_shown_and_no_more() -> None:
    assert version(replace(SHOWN, created=5, modified=6)) == version(SHOWN)
    assert version(replace(SHOWN, person=replace(PERSON, groups=frozenset()))) == version(SHOWN), "a set has no order"
    assert len({version(one) for one in (SHOWN, *OTHERS)}) == 1 + len(OTHERS)


@pytest.mark.parametrize("shown", [SHOWN, *OTHERS])
def test_what_is_shown_is_a_whole_resource(shown: Shown) -> None:
    found = said(shown)
    again = FullUser.model_validate(found, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    assert again.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE) == found
    assert (found["id"], found["active"], len(found["groups"])) == ("7", shown.active, len(shown.groups))
    assert found["displayName"] == shown.person.name
    assert [one["value"] for one in found.get("emails", [])] == [one for one in [shown.person.email] if one]
    assert (scim.EnterpriseUser.__schema__ in found["schemas"]) is (shown.manager is not None)
