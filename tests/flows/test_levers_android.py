"""Apps blocked in an Android policy: only what due orders forbid, nothing of the administrators', and back again."""

from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from pulling import DUE, LATER, Pull, moved_in, ordered

from countermand.access import Role
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.flows import levers
from countermand.flows.stop import halt
from countermand.reads.preview import preview
from fake_api import served
from fake_google import ENTERPRISE, Google, key_file

OTTO, KIND = house.operator(LATER), "android-apps"
NAME = f"enterprises/{ENTERPRISE}/policies/phones"
THEIRS = {"packageName": "com.example.theirs", "installType": "BLOCKED"}
USED = {"packageName": "com.example.mail", "installType": "FORCE_INSTALLED"}
SETTINGS = {"enterprise": ENTERPRISE, "policy": "phones", "uninstalls": "accepted"}


@pytest.fixture
def google() -> Iterator[Google]:
    with served(Google(policies=[{"name": NAME, "version": "1", "applications": [THEIRS, USED]}])) as api:
        yield api


@pytest.fixture
def pull(store: Database, tmp_path: Path, google: Google) -> Pull:
    made = moved_in(store, tmp_path, KIND, {**SETTINGS, "url": google.url, "login": google.url}, key_file())
    ordered(made)
    return made


def blocked(google: Google) -> set[str]:
    return {one["packageName"] for one in google.policies[0]["applications"] if one["installType"] == "BLOCKED"}


def test_due_orders_apps_come_and_go_and_others_entries_stay(pull: Pull, google: Google) -> None:
    assert all(one.works for one in levers.lever_check(OTTO, pull.config, KIND))
    pull.now = DUE - 1
    pull.work()
    assert blocked(google) == {"com.example.theirs"}, "nobody is struck before the due"
    pull.now = LATER
    done = pull.work()
    ours = blocked(google) - {"com.example.theirs"}
    assert ours
    assert (done.wrote, pull.count().ours) == (len(ours), len(ours))
    assert pull.work().wrote == 0
    halt(OTTO, house.NAME)
    pull.work()
    assert google.policies[0]["applications"] == [THEIRS, USED]
    assert pull.count().ours == 0


def test_an_app_that_the_policy_names_already_is_the_administrators(pull: Pull, google: Google) -> None:
    named = {"packageName": "com.zhiliaoapp.musically", "installType": "BLOCKED", "disabled": True}
    google.policies[0]["applications"].append(named)
    pull.work()
    assert named in google.policies[0]["applications"]
    assert pull.count().left == {"theirs": 1}
    levers.lever_undo(OTTO, KIND)
    pull.work()
    assert google.policies[0]["applications"] == [THEIRS, USED, named]


def test_what_is_not_answered_is_looked_at_again(pull: Pull, google: Google) -> None:
    google.later = 3
    for _ in range(6):
        if not pull.work().waits:
            break
    assert pull.count().open == 0
    assert pull.count().ours > 0


def test_that_it_uninstalls_has_to_be_accepted(store: Database, tmp_path: Path) -> None:
    house.open_house()
    given = {name: value for name, value in SETTINGS.items() if name != "uninstalls"}
    with pytest.raises(Refused) as refused:
        levers.lever_add(house.act("ada", Role.ADMINISTRATOR), tmp_path, "x", KIND, given, key_file())
    assert refused.value.code == "lever-setting"


def test_the_preview_counts_apps_and_says_that_they_do_not_come_back(pull: Pull) -> None:
    said = [one for one in preview(house.NAME, pull.config, LATER).words if one.startswith(f"Through the lever {KIND}: ")]
    assert len(said) == 1
    assert "entr" in said[0].split("take")[0]
    assert "does not come back" in said[0]
