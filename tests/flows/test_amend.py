"""The catalogue moves after an issue: it is shown, and people are asked; nothing widens by itself."""

from dataclasses import replace

import house
import pytest
from house import ANOTHER_APP, NAME, TIKTOK, author, operator

from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.lifecycle import State
from countermand.flows.amend import amend
from countermand.flows.issue import supersede
from countermand.flows.propose import propose
from countermand.flows.telling import issue_all
from countermand.reads.drift import MovedApp, drifted
from countermand.store import directives, terms


@pytest.fixture
def moved(store: Database, monkeypatch: pytest.MonkeyPatch) -> int:
    """An order in force, and a catalogue that knows one id more."""
    house.open_house()
    house.move_in(house.staff(4, with_app=2))
    version = house.issued(4).version
    issue_all(operator(), NAME)
    assert drifted(house.NOW) == []
    for room in ("flows.impact", "reads.drift"):
        monkeypatch.setattr(f"countermand.{room}.load", house.moved_catalogue)
    return version


def apps() -> set[str]:
    """What the order asks of phones now."""
    version = terms.lineage(NAME)
    assert version is not None
    return {str(app) for app in house.bundle_of(version.current.row).apps}


def test_it_is_shown_and_changes_nothing(moved: int) -> None:
    (one,) = drifted(house.NOW)
    assert (one.directive, one.number, one.state, one.gone, one.waiting) == (NAME, 1, State.ISSUED, (), None)
    assert one.added == (MovedApp(str(ANOTHER_APP), 0),)
    assert str(ANOTHER_APP) not in apps()
    assert drifted(house.NOW, NAME) == [one]


def test_ids_that_are_gone_are_shown_with_the_devices_that_have_them(moved: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = house.load()
    fewer = tuple(
        replace(one, ids=tuple(fact for fact in one.ids if fact.app != TIKTOK)) if one.name == "TikTok" else one
        for one in shipped.products
    )
    monkeypatch.setattr("countermand.reads.drift.load", lambda: replace(shipped, products=fewer))
    (one,) = drifted(house.NOW)
    assert (one.added, one.gone) == ((), (MovedApp(str(TIKTOK), 2),))


def test_an_amendment_is_a_draft_that_people_sign(moved: int) -> None:
    made = amend(author(), NAME)
    assert (made.number, made.amends, made.added, made.gone) == (2, 1, (str(ANOTHER_APP),), ())
    assert directives.newest(NAME).state is State.DRAFT
    assert str(ANOTHER_APP) not in apps()
    assert drifted(house.NOW)[0].waiting == 2
    assert house.ledger_kinds().count("written") == 2
    propose(author(), NAME, rails=house.RAILS)
    house.approved("petra")
    house.approved("paul")
    supersede(operator(), NAME, expected=4, acknowledged=4)
    assert str(ANOTHER_APP) in apps()
    assert drifted(house.NOW) == []


def refused(verb: object, *arguments: object) -> str:
    with pytest.raises(Refused) as caught:
        verb(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_what_waits_already_is_not_overwritten(moved: int) -> None:
    amend(author(), NAME)
    assert refused(amend, author(), NAME) == "draft-waits"
    assert [row.number for row in directives.versions(NAME)] == [1, 2]


def test_without_a_reason_there_is_no_amendment(moved: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countermand.flows.impact.load", house.load)
    assert refused(amend, author(), NAME) == "catalogue-unmoved"
    assert refused(amend, author(), "no-such") == "not-found"
    assert refused(amend, operator(), NAME) == "not-allowed"
    assert refused(drifted, house.NOW, "no-such") == "not-found"
