"""A directory that lets people out of a carve-out: nobody is reached by an order because a file was cut short."""

from pathlib import Path

import pytest
from fleet_words import HEADER as DEVICES
from fleet_words import by, row, written
from house import NOW, issued, open_house

from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.instants import HOUR
from countermand.flows import bring
from countermand.flows.doctor import doctor
from countermand.store import models, watching

HEADER = "login,email,name,zone,locale,country,groups,employment\n"


def people(responders: int, staff: int = 20) -> str:
    """``staff`` people, the first of them on the night shift, which is a part of the responders."""
    rows = [(number, "staff;night-shift" if number < responders else "staff") for number in range(staff)]
    return HEADER + "".join(f"p{number},p{number}@example.org,P,Europe/Berlin,,DE,{groups},\n" for number, groups in rows)


@pytest.fixture
def ordered(store: Database, tmp_path: Path) -> Path:
    open_house()
    bring.bring_people(by(now=NOW), written(tmp_path, "people.csv", people(10)))
    bring.bring_groups(by(now=NOW), written(tmp_path, "groups.csv", "group,member_of\nnight-shift,responders\n"))
    phones = "".join(row(f"F{number}", f"p{number}", eas=f"E{number}", at=NOW - HOUR) for number in range(20))
    bring.bring_devices(by(now=NOW), written(tmp_path, "devices.csv", DEVICES + phones))
    issued(10)
    return tmp_path


def test_few_may_leave(ordered: Path) -> None:
    assert bring.bring_people(by(now=NOW), written(ordered, "few.csv", people(7)), confirmed=False).changed == 3


def test_many_ask_for_a_second_look(ordered: Path) -> None:
    file = written(ordered, "many.csv", people(6))
    with pytest.raises(Refused) as refused:
        bring.bring_people(by(now=NOW), file, confirmed=False)
    assert refused.value.code == "import-held"
    assert "responders would shrink from 10 to 6" in str(refused.value)
    assert models.Membership.objects.filter(group="night-shift").count() == 10
    assert bring.bring_people(by(now=NOW), file).changed == 4
    assert doctor(by(now=NOW)).differences == ()


def test_a_nesting_that_ends_asks_too(ordered: Path) -> None:
    file = written(ordered, "none.csv", "group,member_of\nnight-shift,staff\n")
    (doubt,) = bring.bring_groups(by(now=NOW), file, dry_run=True).doubts
    assert (doubt.code, doubt.params["after"]) == ("set-shrank", 0)
    with pytest.raises(Refused):
        bring.bring_groups(by(now=NOW), file, confirmed=False)
    assert models.GroupNesting.objects.filter(parent="responders").exists()


def test_a_directory_cut_short(ordered: Path) -> None:
    (doubt,) = bring.bring_people(by(now=NOW), written(ordered, "short.csv", people(10, 15)), dry_run=True).doubts
    assert (doubt.code, doubt.params["count"], doubt.params["last"]) == ("set-small", 15, 20)


def test_what_an_issued_order_names_is_watched(ordered: Path) -> None:
    from countermand.core.apps import App
    from countermand.core.devices import Platform

    assert App(Platform.IOS, "com.zhiliaoapp.musically") in watching.watch_list(NOW)
