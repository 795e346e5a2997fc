"""A change of somebody's language reaches the gates, and nothing else about a person does."""

from pathlib import Path

import house
import pytest
from fleet_words import by, written

from countermand.flows import bring, bring_people
from countermand.store import models

pytestmark = pytest.mark.usefixtures("store")
HEADER = "login,email,name,zone,locale,country,groups,employment\n"


def bring_as(folder: Path, locale: str, name: str, count: int = 1) -> None:
    rows = "".join(f"p{n},p{n}@example.org,{name},Europe/Berlin,{locale},DE,staff,employee\n" for n in range(count))
    bring.bring_people(by(now=house.NOW), written(folder, "people.csv", HEADER + rows))


def marks() -> list[tuple[str, str, int]]:
    found = list(models.Dirty.objects.filter(kind="logins").values_list("kind", "key", "block"))
    models.Dirty.objects.all().delete()
    return found


def test_gates_hear_of_a_language_and_not_of_a_name(tmp_path: Path) -> None:
    house.open_house()
    bring_as(tmp_path, "en", "P")
    assert marks() == [("logins", "p0", -1)]
    bring_as(tmp_path, "de-AT", "P")
    assert marks() == [("logins", "p0", -1)]
    bring_as(tmp_path, "de-CH", "Petra")
    assert marks() == [], "both are spoken to in German"
    bring_as(tmp_path, "", "Petra")
    assert marks() == [("logins", "p0", -1)]


def test_many_are_told_of_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bring_people, "FEW_LOGINS", 2)
    house.open_house()
    bring_as(tmp_path, "en", "P", 5)
    marks()
    bring_as(tmp_path, "ja", "P", 5)
    assert marks() == [("logins", "", 0)]
