"""Any sequence of PATCHes, in any of the spellings that directories use, leaves what a naive model of it says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim_house import ScimHouse, opened

from countermand.config import Database
from countermand.store import directory, models

PEOPLE = 4
_numbers = count()


@pytest.fixture
def house(store: Database, tmp_path: Path) -> Iterator[ScimHouse]:
    with opened(store, tmp_path) as made:
        yield made


def spelled(op: str) -> st.SearchStrategy[str]:
    return st.sampled_from([op, op.capitalize()])


SOME = st.sets(st.integers(0, PEOPLE - 1), min_size=1)


@dataclass
class Group:
    """The naive model: a name and a set. ``ids``: of the people, by their number here."""

    ids: list[str]
    name: str
    members: set[int] = field(default_factory=set)

    def add(self, some: set[int]) -> dict[str, Any]:
        self.members |= some
        return {"op": "add", "path": "members", "value": self._values(some)}

    def add_without_a_path(self, some: set[int]) -> dict[str, Any]:
        self.members |= some
        return {"op": "add", "value": {"members": self._values(some)}}

    def replace(self, some: set[int]) -> dict[str, Any]:
        self.members = set(some)
        return {"op": "replace", "path": "members", "value": self._values(some)}

    def remove_by_value(self, some: set[int]) -> dict[str, Any]:
        self.members -= some
        return {"op": "remove", "path": "members", "value": self._values(some)}

    def remove_by_filter(self, some: set[int]) -> dict[str, Any]:
        self.members -= some
        return {"op": "remove", "path": "members[" + " or ".join(f'value eq "{self.ids[one]}"' for one in sorted(some)) + "]"}

    def remove_all(self, some: set[int]) -> dict[str, Any]:
        self.members = set()
        return {"op": "remove", "path": "members"}

    def rename(self, some: set[int]) -> dict[str, Any]:
        self.name = f"group {next(_numbers)}"
        return {"op": "replace", "path": "displayName", "value": self.name}

    def _values(self, some: set[int]) -> list[dict[str, str]]:
        return [{"value": self.ids[one]} for one in sorted(some)]


WAYS = ("add", "add_without_a_path", "replace", "remove_by_value", "remove_by_filter", "remove_all", "rename")
STEPS = st.lists(st.lists(st.tuples(st.sampled_from(WAYS), SOME, st.booleans()), min_size=1, max_size=3), min_size=1, max_size=5)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(requests=STEPS)
def test_groups(house: ScimHouse, requests: list[list[tuple[str, set[int], bool]]]) -> None:
    ids = [house.made("/Users", userName=f"p{next(_numbers)}")["id"] for _ in range(PEOPLE)]
    model = Group(ids, f"group {next(_numbers)}")
    path = f"/Groups/{house.made('/Groups', displayName=model.name)['id']}"
    for steps in requests:
        operations = []
        for way, some, capital in steps:
            operation = getattr(model, way)(some)
            operations.append({**operation, "op": operation["op"].capitalize() if capital else operation["op"]})
        answer = house.patch(path, *operations)
        assert answer.status_code in {200, 204}, answer.text
        found = house.ask("GET", path).json()
        assert found["displayName"] == model.name
        assert {one["value"] for one in found.get("members", ())} == {ids[one] for one in model.members}
    people = directory.load([int(one) for one in ids])
    assert {number for number, one in enumerate(ids) if people[int(one)].groups} == model.members


#: Attribute → (what a patch may say of it, spelled in every way; what is then stored).
TRUE, FALSE = (True, "True", "true"), (False, "False", "false")
SAID = st.one_of(
    st.tuples(st.just("active"), st.sampled_from([*TRUE, *FALSE])),
    st.tuples(st.just("displayName"), st.sampled_from(["Ann", "Ben", "Zoë"])),
    st.tuples(st.just("timezone"), st.sampled_from(["Europe/Berlin", "Asia/Tokyo"])),
    st.tuples(st.just("userType"), st.sampled_from(["contractor", "intern"])),
    st.tuples(st.just('emails[type eq "work"].value'), st.sampled_from(["a@example.org", "b@example.org"])),
)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    requests=st.lists(
        st.lists(st.tuples(SAID, st.booleans(), spelled("replace")), min_size=1, max_size=3), min_size=1, max_size=5
    )
)
def test_people(house: ScimHouse, requests: list[list[tuple[tuple[str, Any], bool, str]]]) -> None:
    login = f"p{next(_numbers)}"
    path = f"/Users/{house.made('/Users', userName=login, active=True)['id']}"
    model: dict[str, Any] = {"active": True}
    for steps in requests:
        operations = []
        for (name, value), with_path, op in steps:
            model[name] = str(value).lower() == "true" if name == "active" else value
            operations.append({"op": op, "path": name, "value": value} if with_path else {"op": op, "value": {name: value}})
        answer = house.patch(path, *operations)
        assert answer.status_code == 200, answer.text
        ordinal = directory.find([login])[login]
        now = directory.load([ordinal])[ordinal]
        assert models.Person.objects.get(ordinal=ordinal).active == model["active"]
        for name, value in (
            ("displayName", now.name), ("timezone", now.zone), ("userType", now.employment),
            ('emails[type eq "work"].value', now.email),
        ):  # fmt: skip
            assert name not in model or value == model[name]
