"""``countermand lever``, from adding one to forgetting it, as its operators type it, against a directory of our own."""

import pytest
from cli_house import House

import fake_entra


@pytest.fixture
def prepared(house: House) -> House:
    file = house.folder / "countermand.toml"
    file.write_text(file.read_text() + '[levers]\nprivate_hosts = ["127.0.0.1"]\n')
    (house.folder / "entra.secret").write_text(f"{fake_entra.SECRET}\n")
    return house


def added(house: House, directory: fake_entra.Directory) -> None:
    given = {"tenant": fake_entra.TENANT, "client": fake_entra.CLIENT, "url": directory.url, "login": directory.url}
    settings = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    secret = str(house.folder / "entra.secret")
    made = house.ask("ann", "lever", "add", "entra", "--kind", "entra", *settings, "--secret-file", secret)
    assert made == {"name": "entra", "kind": "entra", "unsupported": ""}


def test_a_lever_from_its_first_day_to_its_last(prepared: House) -> None:
    house = prepared
    with fake_entra.served(fake_entra.Directory()) as directory:
        directory.register(1)
        added(house, directory)
        assert house.ask("di", "lever", "check", "entra")["ok"]
        shown = house.run("di", "lever", "check", "entra").stdout
        assert "Undone by one switch" in shown
        assert "Not reached" in shown
        assert house.ask("di", "lever", "plan", "entra")["writes"] == []
        assert "Everything is as it should be" in house.run("di", "lever", "apply", "entra", "--dry-run").stdout
        assert house.ask("di", "lever", "list")[0]["state"] == "new"
        assert house.ask("di", "lever", "apply", "entra")["waits"] == 0
        assert house.ask("di", "lever", "list")[0]["state"] == "kept"
        assert "to write" in house.run("di", "lever", "list").stdout

        assert house.ask("di", "lever", "enable", "entra", "--dry-run")["waits"]
        assert house.ask("di", "lever", "enable", "entra")["waits"]
        assert house.run("di", "lever", "enable", "entra").exit_code == 3
        assert house.ask("bo", "lever", "enable", "entra")["enabled"]
        assert not house.ask("bo", "lever", "disable", "entra")["enabled"]
        assert house.ask("di", "lever", "pause", "entra")["paused"]
        assert house.run("di", "lever", "apply", "entra").exit_code == 4
        assert not house.ask("di", "lever", "resume", "entra")["paused"]

        directory.edit(0, "nobody's")
        found = house.ask("di", "lever", "verify", "entra")
        assert (found["looked"], found["strays"], found["whole"]) == (0, 0, True)
        assert house.ask("bo", "lever", "undo", "entra")["undoing"]
        assert house.run("di", "lever", "remove", "entra").exit_code == 3
        assert house.run("ann", "lever", "remove", "entra").exit_code == 0
        assert house.ask("di", "lever", "list") == []
        assert directory.journal == []


def test_what_is_wrong_has_a_code_and_a_way_on(prepared: House) -> None:
    house = prepared
    assert "lever list" in house.run("di", "lever", "check", "--help").stdout
    assert house.run("di", "lever", "check", "nowhere").exit_code == 2
    with fake_entra.served(fake_entra.Directory(denied="policies")) as directory:
        added(house, directory)
        checked = house.run("di", "lever", "check", "entra")
        assert checked.exit_code == 4
        assert "Policy.ReadWrite.ConditionalAccess" in checked.stdout
    for words in (["--kind", "pigeon"], ["--kind", "entra", "--set", "tenant=a"]):
        assert house.run("ann", "lever", "add", "other", *words).exit_code == 2
