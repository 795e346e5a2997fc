"""The works council's role: what is ordered, how many it concerns and what was done; and no person's row by any way in."""

from dataclasses import fields

import pytest
from api_house import DOCUMENT, ApiHouse
from console_house import ROLES, ConsoleHouse, console_house

from countermand.access import TABLE, Role
from countermand.config import Database
from countermand.core.verdict import Status
from countermand.reads.in_numbers import _guarded, in_numbers
from countermand.reads.preview import Preview, whom_first

MAY = {action for action, roles in TABLE.items() if Role.OBSERVER in roles}
ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_an_observer_may_look_at_numbers_and_change_nothing_but_keys_of_their_own() -> None:
    assert {"oversee", "oversee-ledger", "token", "own-keys"} == MAY


@ONE_ENGINE
def test_over_the_api_there_are_previews_and_what_was_done(house: ApiHouse) -> None:
    house.ask("author", "POST", "/directives", {"text": DOCUMENT})
    seen = house.ask("observer", "GET", "/directives/no-tiktok/preview").json
    assert (seen["audience"], seen["first_look"]) == (0, [])
    assert house.ask("observer", "GET", "/directives/no-tiktok/text").json["text"] == DOCUMENT
    done = house.ask("observer", "GET", "/ledger/happenings?about=no-tiktok").json
    assert [(one["kind"], one["actor"], one["directive"]) for one in done] == [("written", "author", "no-tiktok")]
    assert set(done[0]) == {"id", "leaf", "at", "kind", "actor", "directive"}
    for path in ("/ledger/entries", "/people/anna", "/held", "/sources", "/operators", "/directives/no-tiktok/untold"):
        assert house.ask("observer", "GET", path).json["code"] in ("not-allowed", "no-such-address"), path


@ONE_ENGINE
def test_at_the_console_there_are_orders_previews_and_the_ledger_s_words(store: Database, tmp_path: object) -> None:
    house: ConsoleHouse = console_house(store, tmp_path / "state")  # type: ignore[operator]
    from countermand.access import Actor
    from countermand.flows.write import write
    from countermand.reads import installation

    write(installation.act(Actor("author", frozenset({Role.AUTHOR}))), DOCUMENT)
    browser = house.signed_in("observer")
    menu = browser.get("/console/").text.split("<nav")[1].split("</nav>")[0]
    assert [path in menu for path in ("/console/ledger/", "/console/keys/", "/write/", "/agree/", "/fleet/", "/settings/")] == [
        True, True, False, False, False, False
    ]  # fmt: skip
    assert "It speaks to 0 people" in browser.get("/console/directives/no-tiktok/preview/").words
    assert "Halt" not in browser.get("/console/directives/no-tiktok/").words
    words = browser.get("/console/ledger/").words
    assert "An account was opened" in words
    assert "may_approve_from" not in words
    assert len(ROLES) == 7
    house.site.end()


def test_small_counts_by_country_and_group_are_not_shown_nor_what_gives_them_away() -> None:
    unknown, compliant, exempt = Status.UNKNOWN, Status.COMPLIANT, Status.EXEMPT
    rows = {
        "DE": {unknown: 1, compliant: 40, exempt: 9},
        "FR": {unknown: 30, compliant: 20, exempt: 12},
        "IT": {unknown: 7, compliant: 50, exempt: 8},
    }
    found = _guarded(rows, 5, adding_up=True)
    gone = {(row, status) for row, cells in rows.items() for status in cells if status not in found[row]}
    assert ("DE", unknown) in gone
    for row in rows:  # one that is hidden alone could be computed
        assert sum(one == row for one, _ in gone) != 1 or set(rows[row]) == {unknown}
    for status in Status:
        assert sum(one is status for _, one in gone) != 1
    assert gone < {(row, status) for row, cells in rows.items() for status in cells}


def test_no_sentence_goes_because_a_login_is_a_word_of_it() -> None:
    """``an`` and ``mail`` may be logins."""
    first = ("an", "mail")
    words = ("If nothing changes, 3 devices lose mail at the due.", "An order for many.", whom_first(first))
    plain = dict.fromkeys((field.name for field in fields(Preview)), None)
    seen = Preview(**{**plain, "first_look": first, "words": words, "by": {}})  # type: ignore[arg-type]
    shown = in_numbers(seen, 5)
    assert (shown.first_look, shown.words) == ((), words[:2])
