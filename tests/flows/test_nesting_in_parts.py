"""A change of nesting goes through the company person by person: at every step rows and sets agree, and nothing stops halfway
for good."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet_words import HEADER, agrees, by, row, written

from countermand.config import Database
from countermand.core import facts
from countermand.flows import bring, bring_people
from countermand.store import directory, models, sets

LOGINS = [f"p{number}" for number in range(6)]
PEOPLE = "login,email,name,zone,locale,country,groups,employment\n" + "".join(
    f"{login},{login}@example.org,,,,,{'finance' if number % 2 else 'sales'},employee\n" for number, login in enumerate(LOGINS)
)


class Killed(Exception):
    """The process ended."""


@pytest.fixture
def company(store: Database, tmp_path: Path) -> Path:
    """Six people with a phone each, every other one in finance."""
    bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
    rows = "".join(row(f"F{number}", login, eas=f"E{number}") for number, login in enumerate(LOGINS))
    bring.bring_devices(by(), written(tmp_path, "devices.csv", HEADER + rows))
    return tmp_path


def members(group: str, space: str = sets.PEOPLE) -> list[int]:
    return list(sets.load_all(space, 0)[facts.group(group)])


def nested(folder: Path, *edges: str) -> None:
    bring.bring_groups(by(), written(folder, "groups.csv", "\n".join(["group,member_of", *edges]) + "\n"))


def killed_after(monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    def one_by_one(items: Iterator[int]) -> Iterator[list[int]]:
        for number, item in enumerate(items):
            if number == parts:
                raise Killed
            yield [item]

    monkeypatch.setattr(bring_people, "paced", one_by_one)


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_killed_between_two_parts_it_goes_on_where_it_was(company: Path, parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        killed_after(patch, parts)
        with pytest.raises(Killed):
            nested(company, "finance,everyone")
    assert members("everyone") == [1, 3, 5][:parts]
    assert members("everyone", sets.DEVICES) == [1, 3, 5][:parts]
    assert agrees()
    nested(company, "finance,everyone")
    assert members("everyone") == members("everyone", sets.DEVICES) == [1, 3, 5]
    assert directory.unfinished_nesting() == (frozenset(), frozenset(), 0)
    assert agrees()


@pytest.mark.parametrize("parts", [1, 2])
def test_another_file_finishes_what_was_begun_and_then_says_its_own(
    company: Path, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested(company, "finance,everyone")
    with monkeypatch.context() as patch:
        killed_after(patch, parts)
        with pytest.raises(Killed):
            nested(company, "sales,everyone")
    assert agrees()
    nested(company, "finance,everyone", "sales,everyone")
    assert members("everyone") == [0, 1, 2, 3, 4, 5]
    nested(company)
    assert members("everyone") == members("everyone", sets.DEVICES) == []
    assert not models.GroupNesting.objects.exists()
    assert agrees()


def test_whoever_comes_into_a_group_meanwhile_is_not_forgotten(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = bring_people.paced

    def with_a_newcomer(items: Iterator[int]) -> Iterator[list[int]]:
        monkeypatch.setattr(bring_people, "paced", real)
        yield from real(items)
        bring.bring_people(
            by(), written(company, "more.csv", PEOPLE.splitlines()[0] + "\nnew,,,,,,finance,employee\n"), whole=False
        )

    monkeypatch.setattr(bring_people, "paced", with_a_newcomer)
    nested(company, "finance,everyone")
    assert members("everyone") == [1, 3, 5, 6]
    assert agrees()


def test_a_group_without_members_is_nested_too(company: Path) -> None:
    nested(company, "nobody,everyone", "everyone,all")
    assert models.GroupNesting.objects.count() == 2
    nested(company, "finance,everyone", "everyone,all")
    assert members("all") == members("everyone") == [1, 3, 5]
    assert agrees()
