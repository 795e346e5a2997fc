"""Exchange: a script and its results, and the endpoint that nobody supports; never an id of anybody else's."""

from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from pulling import LATER, Pull, change, moved_in, ordered

import fake_exchange
from countermand.access import Role
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.flows import levers
from countermand.flows.lever_carry import Carried, lever_results, lever_script
from countermand.flows.stop import rescind
from countermand.store import models
from fake_exchange import Organisation, run, steps

OTTO = house.operator(LATER)
NAME, REST = "exchange", "exchange-unsupported"


@pytest.fixture
def organisation() -> Organisation:
    """Twenty mailboxes, one with an administrator's own entry."""
    made = Organisation(mailboxes={f"p{number:05d}": [] for number in range(20)})
    made.mailboxes["p00000"].append("Old0001")
    return made


@pytest.fixture
def carried(store: Database, tmp_path: Path) -> Pull:
    made = moved_in(store, tmp_path, NAME, {})
    ordered(made)
    return made


def results(pull: Pull, file: Path, *, ours: bool = False) -> Carried:
    return lever_results(OTTO, NAME, file.read_text(), ours=ours)


OURS = {("p00000", "Appl0000"), ("p00001", "Appl0001"), ("p00002", "Appl0002")}
THEIRS = {("p00000", "Old0001")}


def test_a_script_there_and_one_back(carried: Pull, organisation: Organisation, tmp_path: Path) -> None:
    made = lever_script(OTTO, NAME)
    assert (made.adds, made.removes, made.more) == (3, 0, 0)
    run(made.text, organisation, tmp_path / "1.csv")
    assert organisation.blocked() == OURS | THEIRS
    assert results(carried, tmp_path / "1.csv").added == 3
    assert carried.count().open == 0
    assert lever_script(OTTO, NAME).number == 0
    rescind(OTTO, house.NAME, "sent-in-error")
    back = lever_script(OTTO, NAME)
    assert (back.adds, back.removes) == (0, 3)
    run(back.text, organisation, tmp_path / "2.csv")
    assert organisation.blocked() == THEIRS
    assert results(carried, tmp_path / "2.csv").removed == 3
    assert carried.count().ours == 0
    assert results(carried, tmp_path / "1.csv").unknown == 3  # old results change nothing
    assert carried.count().ours == 0


def test_what_was_there_before_is_theirs_and_stays(carried: Pull, organisation: Organisation, tmp_path: Path) -> None:
    organisation.mailboxes["p00001"].append("Appl0001")
    run(lever_script(OTTO, NAME).text, organisation, tmp_path / "1.csv")
    found = results(carried, tmp_path / "1.csv")
    assert (found.added, found.theirs, found.doubtful) == (2, 1, 0)
    levers.lever_undo(OTTO, NAME)
    run(lever_script(OTTO, NAME).text, organisation, tmp_path / "2.csv")
    assert organisation.blocked() == {("p00001", "Appl0001"), *THEIRS}


def test_cut_off_and_run_again_it_says_each_once(carried: Pull, organisation: Organisation, tmp_path: Path) -> None:
    script, file = lever_script(OTTO, NAME), tmp_path / "1.csv"
    run(script.text, organisation, file, most=1)
    assert results(carried, file).added == 1
    run(script.text, organisation, file, fails=frozenset({"p00002"}))
    assert results(carried, file).failed == 1
    run(script.text, organisation, file)
    results(carried, file)
    assert organisation.blocked() == OURS | THEIRS
    assert [change for change in organisation.changes if change[2].startswith("Appl")] == [
        ("Add", mailbox, device) for mailbox, device in sorted(OURS)
    ]
    assert carried.count().ours == 3


@pytest.mark.parametrize("ours", [True, False])
def test_results_that_are_lost_are_asked_about(carried: Pull, organisation: Organisation, tmp_path: Path, ours: bool) -> None:
    run(lever_script(OTTO, NAME).text, organisation, tmp_path / "lost.csv")
    with pytest.raises(Refused) as missing:
        lever_script(OTTO, NAME)
    assert missing.value.code == "lever-results-missing"
    run(lever_script(OTTO, NAME, again=True).text, organisation, tmp_path / "2.csv")
    found = results(carried, tmp_path / "2.csv", ours=ours)
    assert (found.added, found.doubtful) == ((3, 0) if ours else (0, 3))
    levers.lever_undo(OTTO, NAME)
    back = lever_script(OTTO, NAME)
    assert back.removes == (3 if ours else 0)
    if ours:
        run(back.text, organisation, tmp_path / "3.csv")
    assert organisation.blocked() == (THEIRS if ours else OURS | THEIRS)


def test_a_look_finds_what_somebody_removed(carried: Pull, organisation: Organisation, tmp_path: Path) -> None:
    run(lever_script(OTTO, NAME).text, organisation, tmp_path / "1.csv")
    results(carried, tmp_path / "1.csv")
    organisation.mailboxes["p00002"].clear()
    look = lever_script(OTTO, NAME, see=True)
    before = list(organisation.changes)
    run(look.text, organisation, tmp_path / "look.csv")
    assert organisation.changes == before
    assert results(carried, tmp_path / "look.csv").drifted == 1
    assert carried.count().left == {"removed": 1}
    assert lever_script(OTTO, NAME).number == 0


def test_a_change_of_mind_before_the_script_is_run(carried: Pull, organisation: Organisation, tmp_path: Path) -> None:
    first = lever_script(OTTO, NAME)
    change(0, retired=True)
    second = lever_script(OTTO, NAME, again=True)
    assert steps(second.text)[0][1:3] == ("remove", "p00000")
    run(first.text, organisation, tmp_path / "1.csv")
    run(second.text, organisation, tmp_path / "2.csv")
    results(carried, tmp_path / "2.csv", ours=True)
    assert organisation.blocked() == OURS - {("p00000", "Appl0000")} | THEIRS


@pytest.mark.parametrize("text", ["", "a,b\n", "script,entry,result\n1,2,wiped\n", "script,entry,result\nx,2,added\n", "\x00"])
def test_what_is_no_file_of_results_is_refused(carried: Pull, text: str) -> None:
    with pytest.raises(Refused) as refused:
        lever_results(OTTO, NAME, text)
    assert refused.value.code == "lever-results-unreadable"


def test_results_of_other_entries_change_nothing(carried: Pull, organisation: Organisation, tmp_path: Path) -> None:
    script = lever_script(OTTO, NAME)
    text = f"script,entry,result\n{script.number},999999,added\n{script.number - 1},{steps(script.text)[0][0]},added\n"
    assert lever_results(OTTO, NAME, text).unknown == 2
    assert models.LeverEntry.objects.exclude(value="").count() == 0


# -- the endpoint --


@pytest.fixture
def rest(store: Database, tmp_path: Path, organisation: Organisation) -> Iterator[Pull]:
    with fake_exchange.served(organisation):
        settings = {"tenant": fake_exchange.TENANT, "client": fake_exchange.CLIENT, "probe": "p00010"}
        where = {"url": organisation.url, "login": organisation.url, "unsupported": "accepted"}
        made = moved_in(store, tmp_path, REST, settings | where, fake_exchange.SECRET)
        ordered(made)
        yield made


def test_the_endpoint_has_to_be_asked_for(store: Database, tmp_path: Path) -> None:
    house.open_house()
    with pytest.raises(Refused) as refused:
        levers.lever_add(house.act("ada", Role.ADMINISTRATOR), tmp_path, REST, REST, {"tenant": "a", "client": "b"}, "x")
    assert refused.value.code == "lever-unsupported"
    assert "Microsoft" in str(refused.value)


def test_through_the_endpoint_there_and_back(rest: Pull, organisation: Organisation) -> None:
    organisation.mailboxes["p00001"].append("appl0001")  # as somebody typed it
    assert all(one.works for one in levers.lever_check(OTTO, rest.config, REST))
    rest.work()
    assert organisation.blocked() == OURS - {("p00001", "Appl0001")} | THEIRS | {("p00001", "appl0001")}
    assert rest.count().left == {"theirs": 1}
    rescind(OTTO, house.NAME, "sent-in-error")
    rest.work()
    assert organisation.blocked() == THEIRS | {("p00001", "appl0001")}
    assert {verb for verb, _, _ in organisation.changes} == {"Add", "Remove"}


def test_later_and_lost_answers_come_to_the_same(rest: Pull, organisation: Organisation) -> None:
    organisation.later_for, organisation.lost = 2, 2
    for _ in range(8):
        if not rest.work().waits:
            break
    assert organisation.blocked() == OURS | THEIRS
    assert max(rest.waited) >= 4
    levers.lever_undo(OTTO, REST)
    organisation.lost = 2
    for _ in range(8):
        if not rest.work().waits:
            break
    assert organisation.blocked() == THEIRS


def test_a_mailbox_that_is_gone_is_said(rest: Pull, organisation: Organisation) -> None:
    del organisation.mailboxes["p00002"]
    rest.work()
    assert rest.count().left == {"missing": 1}
