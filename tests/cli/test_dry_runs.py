"""What changes something can be tried first, and says so; lists with nothing in them say that."""

import pytest
from cli_house import House

from countermand.store import models


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("ann", ["operator", "add", "eve", "--role", "auditor"]),
        ("ann", ["operator", "close", "cy"]),
        ("di", ["protect", "propose", "break-glass", "--why", "last way in"]),
        ("di", ["watch", "propose", "ios:com.example.game", "--purpose", "advisory", "--until", "30d"]),
    ],
    ids=lambda words: "-".join(words[:2]) if isinstance(words, list) else "",
)
def test_a_dry_run_says_what_would_be_and_keeps_nothing(house: House, who: str, words: list[str]) -> None:
    before = house.ask("di", "ledger", "show")
    tried = house.run(who, *words, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert tried.stdout.startswith("Nothing was changed. If it were: ")
    assert house.ask("di", "ledger", "show") == before
    assert not models.Watch.objects.exists()
    assert house.run(who, *words).exit_code == 0
    assert len(house.ask("di", "ledger", "show")) == len(before) + 1


def test_a_dry_run_meets_every_refusal(house: House) -> None:
    refused = house.run("ann", "operator", "add", "bo", "--role", "auditor", "--dry-run")
    assert "[operator-exists]" in refused.stderr
    tried = house.run("ann", "operator", "add", "eve", "--role", "auditor", "--dry-run")
    assert len(tried.stdout.splitlines()) == 1  # and no token in it


def test_agreeing_can_be_tried_too(house: House) -> None:
    number = str(house.ask("di", "watch", "propose", "ios:com.example.game", "--purpose", "advisory", "--until", "30d")["watch"])
    assert house.run("bo", "watch", "agree", number, "--dry-run").exit_code == 0
    assert models.Watch.objects.get().agreed_by == ""
    assert house.run("bo", "watch", "agree", number).exit_code == 0
    assert house.run("di", "watch", "end", number, "--dry-run").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["release", "list"], "Nothing waits"),
        (["watch", "list"], "No app is watched"),
        (["gate", "list"], "No gate has ever reported"),
        (["protect", "list"], "No login is protected"),
        (["token", "list"], "There are no narrower tokens"),
        (["source", "events"], "Every event that came could be taken"),
    ],
)
def test_an_empty_list_says_so(house: House, words: list[str], said: str) -> None:
    assert said in house.run("di", *words).stdout
    assert house.ask("di", *words) == []
