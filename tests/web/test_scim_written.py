"""A resource of which nobody asks for single attributes is written down without asking of each whether it is given: it is."""

from typing import Any

import pytest
from scim2_models import Context, ResponseParameters

from countermand.core.people import Person
from countermand.people import scim
from countermand.people.scim import FullUser, Group, Shown
from countermand.web.scim.resources import written

ROOT = "https://countermand.example/scim/v2"
PERSON = Person("alice", "alice@example.org", "Alice", "Europe/Berlin", "de", "DE")
USER = scim.user(Shown("7", PERSON, True, "", ("8", "Bob"), (("g1", "staff"),), 1_000, 2_000), ROOT)
BARE = scim.user(Shown("8", Person("bob", "", ""), False, "", None, (), 0, 0), ROOT)
MEMBERS = [scim.member("7", "Alice", "User", ROOT), scim.member("g2", "", "Group", ROOT)]
GROUP = scim.group("g1", "staff", "ext", (1_000, 2_000), ROOT, MEMBERS)
EMPTY = scim.group("g2", "night", "", (0, 0), ROOT, None)
ANSWERS = [
    Context.RESOURCE_QUERY_RESPONSE,
    Context.RESOURCE_CREATION_RESPONSE,
    Context.RESOURCE_REPLACEMENT_RESPONSE,
    Context.RESOURCE_PATCH_RESPONSE,
]


def parameters(resource: Any, **said: str) -> Any:
    generic: Any = ResponseParameters
    return generic[FullUser if resource in (USER, BARE) else Group].model_validate(said)


@pytest.mark.parametrize("context", ANSWERS)
@pytest.mark.parametrize("resource", [USER, BARE, GROUP, EMPTY], ids=["person", "bare", "group", "empty"])
def test_all_that_may_be_given_is_given(resource: Any, context: Context) -> None:
    for said in ({}, {"attributes": "displayName"}, {"excludedAttributes": "displayName,meta.version"}):
        shown = parameters(resource, **said)
        assert written(resource, shown, context) == resource.model_dump(scim_ctx=context, response_parameters=shown)
