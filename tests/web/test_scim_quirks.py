"""What Microsoft Entra and Okta send, as they send it, and what the tester of the scim2 project leaves out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scim_house import ENTERPRISE, PATCH, ScimHouse, opened

from countermand.config import Database
from countermand.core.people import Person
from countermand.store import directory, models

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def house(store: Database, tmp_path: Path) -> Iterator[ScimHouse]:
    with opened(store, tmp_path) as made:
        yield made


def stored(login: str) -> Person:
    ordinal = directory.find([login])[login]
    return directory.load([ordinal])[ordinal]


def active(login: str) -> bool:
    return bool(models.Person.objects.get(login=login).active)


def code(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("scimType")


# -- Microsoft Entra --


def test_entra_makes_and_changes_a_person(house: ScimHouse) -> None:
    """The order of its requests: look, make with everything it maps, look by id, patch."""
    assert house.find("/Users", 'userName eq "ann@example.org"') == []
    boss = house.made("/Users", userName="boss@example.org", displayName="Bo Boss")
    made = house.made(
        "/Users",
        externalId="0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        userName="Ann@Example.org",
        active=True,
        displayName="Ann Archer",
        emails=[{"primary": True, "type": "work", "value": "ann@example.org"}],
        meta={"resourceType": "User"},
        name={"formatted": "Ann Archer", "familyName": "Archer", "givenName": "Ann"},
        roles=[],
        title="Archer",
        phoneNumbers=[{"type": "mobile", "value": "+49 1"}],
        addresses=[{"type": "work", "country": "Germany", "streetAddress": "Weg 1", "formatted": "x"}],
        preferredLanguage="de-CH,de;q=0.9",
        timezone="Europe/Berlin",
        userType="contractor",
        **{ENTERPRISE: {"department": "Bows", "manager": {"value": boss["id"]}}},
    )
    assert house.find("/Users", 'userName eq "ann@example.org"')[0]["id"] == made["id"]
    assert stored("ann@example.org") == Person(
        "ann@example.org",
        "ann@example.org",
        "Ann Archer",
        "Europe/Berlin",
        "de-CH",
        "DE",
        "contractor",
        frozenset(),
        "boss@example.org",
    )
    manager = made[ENTERPRISE]["manager"]
    assert (manager["value"], manager["displayName"]) == (boss["id"], "Bo Boss")
    answer = house.patch(
        f"/Users/{made['id']}",
        {"op": "Replace", "path": "displayName", "value": "Ann A."},
        {"op": "Add", "path": 'emails[type eq "home"].value', "value": "ann@home.example"},
        {"op": "Replace", "path": 'addresses[type eq "work"].country', "value": "AT"},
        {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1"},
    )
    assert answer.status_code == 200, answer.text
    now = stored("ann@example.org")
    assert (now.name, now.country, now.manager, now.email) == ("Ann A.", "AT", "", "ann@example.org")


@pytest.mark.parametrize("word", ["False", "false", False])
def test_entra_writes_booleans_as_text(house: ScimHouse, word: Any) -> None:
    made = house.made("/Users", userName="ann", active="True")
    answer = house.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "active", "value": word})
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert not active("ann")
    assert house.patch(f"/Users/{made['id']}", {"op": "replace", "value": {"active": "True"}}).json()["active"] is True
    assert active("ann")


@ONE_ENGINE
def test_entra_patches_without_a_path(house: ScimHouse) -> None:
    made = house.made("/Users", userName="ann")
    answer = house.patch(
        f"/Users/{made['id']}",
        {
            "op": "Add",
            "value": {
                "name.givenName": "Ann",
                "name.familyName": "Archer",
                'emails[type eq "work"].value': "ann@example.org",
                f"{ENTERPRISE}:manager": made["id"],
                "nickName": "A",
                "active": "True",
            },
        },
    )
    assert answer.status_code == 200, answer.text
    now = stored("ann")
    assert (now.name, now.email, now.manager) == ("Ann Archer", "ann@example.org", "ann")


@pytest.mark.parametrize("way", ["value", "filter", "everybody", "list of filters"])
def test_members_leave_both_ways(house: ScimHouse, way: str) -> None:
    ids = [house.made("/Users", userName=name)["id"] for name in ("ann", "ben", "cid")]
    group = house.made("/Groups", displayName="Staff", externalId="g-1")
    path = f"/Groups/{group['id']}"
    for number in ids:  # Entra adds one at a time
        assert house.patch(path, {"op": "Add", "path": "members", "value": [{"value": number}]}).status_code == 204
    assert stored("ann").groups == {"Staff"}
    removals = {
        "value": [{"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ids[0]}, {"value": ids[1]}]}],
        "filter": [{"op": "remove", "path": f'members[value eq "{number}"]'} for number in ids[:2]],
        "everybody": [{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": {"value": ids[2]}}],
        "list of filters": [{"op": "remove", "path": f'members[value eq "{ids[0]}" or value eq "{ids[1]}"]'}],
    }
    assert house.patch(path, *removals[way]).status_code == 204
    assert [one["value"] for one in house.ask("GET", path).json()["members"]] == [ids[2]]
    assert [stored(name).groups for name in ("ann", "ben", "cid")] == [frozenset(), frozenset(), {"Staff"}]


@ONE_ENGINE
def test_entra_looks_for_groups_without_their_members(house: ScimHouse) -> None:
    ann = house.made("/Users", userName="ann")
    made = house.made("/Groups", displayName="Staff", members=[{"value": ann["id"]}])
    found = house.find("/Groups", 'displayName eq "staff"', excludedAttributes="members")
    assert [one["id"] for one in found] == [made["id"]]
    assert "members" not in found[0]
    wanted = f'id eq "{made["id"]}" and members eq "{ann["id"]}"'
    assert len(house.find("/Groups", wanted, attributes="id")) == 1
    assert house.find("/Groups", wanted.replace(f'"{ann["id"]}"', '"999"')) == []


@ONE_ENGINE
def test_the_same_name_is_a_conflict(house: ScimHouse) -> None:
    house.made("/Users", userName="ann@example.org")
    ben = house.made("/Users", userName="ben@example.org")
    group = house.made("/Groups", displayName="Staff")
    again = house.ask("POST", "/Users", {"userName": "ANN@example.org"})
    assert code(again) == (409, "uniqueness")
    renamed = house.patch(f"/Users/{ben['id']}", {"op": "replace", "path": "userName", "value": "ann@example.org"})
    assert code(renamed) == (409, "uniqueness")
    assert code(house.ask("POST", "/Groups", {"displayName": "staff"})) == (409, "uniqueness")
    house.made("/Groups", displayName="Other")
    other = house.patch(f"/Groups/{group['id']}", {"op": "Replace", "path": "displayName", "value": "OTHER"})
    assert code(other) == (409, "uniqueness")


# -- Okta --


@ONE_ENGINE
def test_okta_replaces_whole_people(house: ScimHouse) -> None:
    made = house.made("/Users", userName="ann@example.org", password="t1meMa$heen", groups=[], locale="en-US", active=True)
    assert "password" not in made
    said = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": made["id"],
        "userName": "ann@example.org",
        "name": {"givenName": "Ann", "middleName": "Excluded", "familyName": "Archer"},
        "emails": [{"primary": True, "value": "ann@example.org", "type": "work", "display": "ann"}],
        "active": True,
        "groups": [],
        "meta": {"resourceType": "User", "location": "elsewhere"},
    }
    answer = house.ask("PUT", f"/Users/{made['id']}", said)
    assert answer.status_code == 200, answer.text
    assert stored("ann@example.org").name == "Ann Archer"
    assert stored("ann@example.org").locale == ""
    gone = house.ask("PUT", f"/Users/{made['id']}", {**said, "active": False})
    assert gone.json()["active"] is False
    assert not active("ann@example.org")


@ONE_ENGINE
def test_okta_renames_a_group_with_its_id_in_the_value(house: ScimHouse) -> None:
    ann = house.made("/Users", userName="ann")
    group = house.made("/Groups", displayName="Staff", members=[{"value": ann["id"], "display": "ann"}])
    value = {"id": group["id"], "displayName": "All staff"}
    assert house.patch(f"/Groups/{group['id']}", {"op": "replace", "value": value}).status_code == 204
    assert stored("ann").groups == {"All staff"}
    assert house.find("/Groups", 'displayName eq "Staff"') == []
    replaced = house.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "members", "value": []})
    assert replaced.status_code == 204
    assert stored("ann").groups == frozenset()


@ONE_ENGINE
def test_okta_pages_through_everybody(house: ScimHouse) -> None:
    for number in range(7):
        house.made("/Users", userName=f"p{number}")
    pages = [house.ask("GET", f"/Users?startIndex={start}&count=3").json() for start in (1, 4, 7, 10)]
    assert [one["userName"] for page in pages for one in page["Resources"]] == [f"p{number}" for number in range(7)]
    assert [(page["totalResults"], page["itemsPerPage"], page["startIndex"]) for page in pages] == [
        (7, 3, 1), (7, 3, 4), (7, 1, 7), (7, 0, 10),
    ]  # fmt: skip
    none = house.ask("GET", "/Users?count=0").json()
    assert (none["totalResults"], none["Resources"]) == (7, [])


# -- filters, versions, refusals --


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ('userName sw "a"', {"ann"}),
        ('userName EQ "ANN"', {"ann"}),
        ('externalId eq "x-2"', {"ben"}),
        ('emails[type eq "work" and value co "ben@"]', {"ben"}),
        ("active eq false", {"ben"}),
        ('not (userName eq "ann") and displayName pr', {"ben"}),
        ('userName eq "ann" or userName eq "ben"', {"ann", "ben"}),
        ('meta.lastModified gt "2001-01-01T00:00:00Z"', {"ann", "ben"}),
        (f'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann"', {"ann"}),  # noqa: F541
        ('userName eq "a\\"b"', set()),
    ],
)
@ONE_ENGINE
def test_filters(house: ScimHouse, wanted: str, names: set[str]) -> None:
    house.made("/Users", userName="ann", externalId="x-1", emails=[{"value": "ann@x.example", "type": "work"}])
    house.made(
        "/Users",
        userName="ben",
        externalId="x-2",
        displayName="Ben",
        active=False,
        emails=[{"value": "ben@x.example", "type": "work"}],
    )
    assert {one["userName"] for one in house.find("/Users", wanted)} == names
    searched = house.ask("POST", "/Users/.search", {"filter": wanted, "attributes": ["userName"]}).json()
    assert {one["userName"] for one in searched["Resources"]} == names


@ONE_ENGINE
def test_filters_that_say_nothing_sensible(house: ScimHouse) -> None:
    for wanted in ("userName", 'userName zz "a"', 'nothing eq "a"', "active gt true", "((("):
        answer = house.ask("POST", "/Users/.search", {"filter": wanted})
        assert code(answer) == (400, "invalidFilter"), wanted


@ONE_ENGINE
def test_versions_keep_two_writers_apart(house: ScimHouse) -> None:
    made = house.ask("POST", "/Users", {"userName": "ann"})
    path, version = f"/Users/{made.json()['id']}", made.headers["etag"]
    assert made.headers["location"].endswith(f"/scim/v2{path}")
    assert version == made.json()["meta"]["version"]
    assert house.ask("GET", path, if_none_match=version).status_code == 304
    body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "Ann"}]}
    assert house.ask("PATCH", path, body, if_match=version).status_code == 200
    late = house.ask("PATCH", path, body, if_match=version)
    assert late.status_code == 412
    assert house.ask("DELETE", path, if_match=version).status_code == 412
    assert house.ask("DELETE", path, if_match="*").status_code == 204


@ONE_ENGINE
def test_who_is_deleted_is_not_found_and_not_lost(house: ScimHouse) -> None:
    made = house.made("/Users", userName="ann", externalId="x")
    path = f"/Users/{made['id']}"
    assert house.ask("DELETE", path).status_code == 204
    assert house.ask("GET", path).status_code == 404
    assert house.ask("DELETE", path).status_code == 404
    assert house.find("/Users", 'userName eq "ann"') == house.find("/Users", 'externalId eq "x"') == []
    assert not active("ann")
    again = house.made("/Users", userName="ann")
    assert again["id"] != made["id"]
    assert house.ask("GET", path).status_code == 404
    assert active("ann")


@ONE_ENGINE
def test_only_a_token_for_it_opens_it(house: ScimHouse) -> None:
    assert house.ask("GET", "/Users", token="").status_code == 401
    assert house.ask("GET", "/Users", token="wrong").headers["www-authenticate"] == "Bearer"
    assert house.ask("GET", "/ServiceProviderConfig", token="wrong").status_code == 401
    assert house.ask("GET", "/Users", token=house.own).status_code == 200
    from countermand.flows.tokens import token_add

    _, narrow = token_add(house.act(), "reader", ["read", "operate"], 3_600_000)
    assert house.ask("GET", "/Users", token=narrow).status_code == 403
    assert house.ask("POST", "/Users", {"userName": "x"}, token=narrow).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "invalidSyntax"),
        (b"[]", "invalidSyntax"),
        (b"\xff", "invalidSyntax"),
        ({"displayName": "no name"}, "invalidValue"),
        ({"userName": "a b"}, "invalidValue"),
        ({"userName": "a\u0000b"}, "invalidValue"),
        ({"userName": "a" * 300}, "invalidValue"),
        ({"userName": "a", "emails": [{"value": "no address"}]}, "invalidValue"),
        ({"userName": "a", "active": "perhaps"}, "invalidValue"),
        ({"userName": "a", "name": "Ann"}, "invalidValue"),
        ({"userName": ["a"]}, "invalidValue"),
    ],
)
@ONE_ENGINE
def test_hostile_people(house: ScimHouse, body: Any, kind: str) -> None:
    assert code(house.ask("POST", "/Users", body)) == (400, kind)
    assert house.ask("GET", "/Users").json()["totalResults"] == 0


@pytest.mark.parametrize(
    ("operations", "kind"),
    [
        ([], "invalidValue"),
        (None, "invalidValue"),
        ([{"op": "Burn", "path": "displayName"}], "invalidValue"),
        ([{"op": "remove"}], "noTarget"),
        ([{"op": "remove", "path": "userName"}], "mutability"),
        ([{"op": "replace", "path": "id", "value": "7"}], "mutability"),
        ([{"op": "replace", "path": "emails[", "value": "7"}], "invalidPath"),
        ([{"op": "add", "path": "displayName"}], "invalidValue"),
        ([{"op": "replace", "path": "displayName", "value": "A"}, {"op": "remove"}], "noTarget"),
        (["remove"], "invalidValue"),
    ],
)
@ONE_ENGINE
def test_hostile_patches(house: ScimHouse, operations: Any, kind: str) -> None:
    made = house.made("/Users", userName="ann", displayName="Ann")
    answer = house.ask("PATCH", f"/Users/{made['id']}", {"schemas": [PATCH], "Operations": operations})
    assert code(answer) == (400, kind)
    assert stored("ann").name == "Ann"


@ONE_ENGINE
def test_groups_within_groups(house: ScimHouse) -> None:
    ann = house.made("/Users", userName="ann")
    inner = house.made("/Groups", displayName="Night", members=[{"value": ann["id"]}])
    outer = house.made("/Groups", displayName="Staff", members=[{"value": inner["id"], "type": "Group"}])
    assert models.GroupNesting.objects.filter(child="Night", parent="Staff").exists()
    cycle = house.patch(f"/Groups/{inner['id']}", {"op": "add", "path": "members", "value": [{"value": outer["id"]}]})
    assert code(cycle) == (400, "invalidValue")
    nobody = house.patch(f"/Groups/{inner['id']}", {"op": "add", "path": "members", "value": [{"value": "nobody"}]})
    assert code(nobody) == (400, "invalidValue")
    assert house.patch(f"/Groups/{outer['id']}", {"op": "remove", "path": 'members[type eq "Group"]'}).status_code == 204
    assert not models.GroupNesting.objects.exists()
    assert house.ask("DELETE", f"/Groups/{inner['id']}").status_code == 204
    assert house.ask("GET", f"/Groups/{inner['id']}").status_code == 404
    assert stored("ann").groups == frozenset()


@ONE_ENGINE
def test_both_kinds_are_searched_together(house: ScimHouse) -> None:
    for number in range(3):
        house.made("/Users", userName=f"p{number}", externalId="same")
        house.made("/Groups", displayName=f"g{number}", externalId="same")
    found = house.ask("POST", "/.search", {"filter": 'externalId eq "same"', "startIndex": 3, "count": 3}).json()
    assert (found["totalResults"], [one.get("userName") or one["displayName"] for one in found["Resources"]]) == (
        6,
        ["p2", "g0", "g1"],
    )
    assert house.ask("GET", "/Me").status_code == 501
    assert house.ask("POST", "/Bulk", {}).status_code == 501
    assert house.ask("PUT", "/Users", {}).status_code == 405
