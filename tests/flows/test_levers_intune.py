"""Apps restricted in Intune's compliance policies: ours are made, filled, and gone again; nothing of the administrators'."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import house
import pytest
from pulling import DUE, LATER, Pull, moved_in, ordered

from countermand.config import Database
from countermand.core.lever import NOTHING
from countermand.flows import levers
from countermand.flows.lever_verify import verify
from countermand.flows.stop import halt
from countermand.levers.blocked_ids import BLOCKED
from countermand.levers.intune_apps import IntuneApps
from countermand.levers.lever import Opened, Seen, Write
from countermand.lib import clock
from countermand.lib.outward import House
from countermand.lib.vendor import Link
from fake_api import served
from fake_graph import CLIENT, SECRET, TENANT, TIKTOK, policy
from fake_intune import GROUP, Intune

OTTO, KIND = house.operator(LATER), "intune-apps"
#: What differs between the databases the first story shows.
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
THEIRS = {**policy("com.example.theirs"), "displayName": "Ours of old", "description": None, "assignments": []}


@pytest.fixture
def intune() -> Iterator[Intune]:
    with served(Intune(policies=[THEIRS])) as api:
        yield api


def settings(intune: Intune) -> dict[str, str]:
    who = {"tenant": TENANT, "client": CLIENT, "group": GROUP, "compliance": "accepted"}
    return {**who, "url": intune.url, "login": intune.url}


@pytest.fixture
def pull(store: Database, tmp_path: Path, intune: Intune) -> Pull:
    made = moved_in(store, tmp_path, KIND, settings(intune), SECRET)
    ordered(made)
    return made


@pytest.fixture
def lever(intune: Intune) -> IntuneApps:
    house_ = House(private=frozenset({"127.0.0.1"}), wait=lambda _: None)
    return IntuneApps(Opened(Link("phones", settings(intune), SECRET, house_.to, clock.now), "0a1b2c3d"))


def write(lever: IntuneApps, *keys: str, value: str = BLOCKED) -> list[bool]:
    return [one.done for one in lever.write([Write(key, value, Seen(NOTHING)) for key in keys])]


def apps(intune: Intune) -> list[list[str]]:
    return [[row["appId"] for row in one["restrictedApps"]] for one in intune.policies if one is not THEIRS]


def test_due_orders_apps_come_and_go_with_their_policy(pull: Pull, intune: Intune) -> None:
    assert all(one.works for one in levers.lever_check(OTTO, pull.config, KIND))
    pull.now = DUE - 1
    pull.work()
    assert intune.policies == [THEIRS], "nobody is struck before the due"
    pull.now = LATER
    pull.work()
    (made,) = intune.policies[1:]
    assert [one["target"]["groupId"] for one in made["assignments"]] == [GROUP]
    assert TIKTOK in apps(intune)[0]
    assert pull.count().ours == len(apps(intune)[0])
    assert pull.work().wrote == 0
    halt(OTTO, house.NAME)
    pull.work()
    assert intune.policies == [THEIRS]
    assert pull.count().ours == 0


@ONCE
def test_a_policy_in_which_somebody_set_something_is_emptied_and_stays(pull: Pull, intune: Intune) -> None:
    pull.work()
    row = {"name": "A name", "appId": "com.example.added"}
    intune.policies[1]["restrictedApps"].append(row)
    intune.policies[1]["passcodeRequired"] = True
    levers.lever_undo(OTTO, KIND)
    pull.work()
    assert intune.policies[1]["restrictedApps"] == [row]
    assert {verb for verb, _ in intune.changes} == {"POST", "PATCH"}


@ONCE
def test_an_app_that_somebody_took_out_is_let_go_and_said(pull: Pull, intune: Intune) -> None:
    pull.work()
    intune.policies[1]["restrictedApps"] = [row for row in intune.policies[1]["restrictedApps"] if row["appId"] != TIKTOK]
    pull.settle_receipts()
    assert verify(pull.act, KIND, pull.hand, pull.way, holder="me").drifted == {"removed": 1}
    pull.work()
    assert TIKTOK not in apps(intune)[0]


def test_at_most_a_hundred_in_a_policy(lever: IntuneApps, intune: Intune) -> None:
    names = [f"com.example.a{number}" for number in range(130)]
    assert all(write(lever, *names[:99]))
    assert all(write(lever, *names[99:]))
    assert [len(one) for one in apps(intune)] == [100, 30]
    assert all(write(lever, *names[:100], value=NOTHING))
    assert apps(intune) == [names[100:]]
    assert lever.read(names[99:101]) == {names[99]: Seen(NOTHING), names[100]: Seen(BLOCKED)}


@pytest.mark.parametrize("lost", range(1, 4))
def test_what_is_not_answered_is_done_once(lever: IntuneApps, intune: Intune, lost: int) -> None:
    """Made, assigned, filled: the line goes dead at each, and whoever goes on finds what there is."""
    answer, left = intune._written, [lost]

    def written(*given: Any) -> Any:
        left[0] -= 1
        intune.lost = left[0] == 0
        return answer(*given)

    intune._written = written  # type: ignore[method-assign]
    assert write(lever, "com.example.one") == [False]
    assert write(lever, "com.example.one") == [True]
    assert apps(intune) == [["com.example.one"]]
    assert intune.policies[1]["assignments"]


def test_a_policy_that_somebody_assigned_to_nobody_stays_so_and_is_said(lever: IntuneApps, intune: Intune) -> None:
    write(lever, "com.example.one")
    intune.policies[1]["assignments"] = []
    assert write(lever, "com.example.two") == [True]
    assert intune.policies[1]["assignments"] == []
    assert lever.read(["com.example.two"])["com.example.two"].idle == "its policy is assigned to nobody"
