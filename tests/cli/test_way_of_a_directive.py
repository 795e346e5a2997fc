"""A directive's whole way through the command line: written, previewed, proposed, approved, issued, halted, taken back."""

from pathlib import Path

import pytest
from cli_house import House

TEXT = """\
schema: countermand/v1
id: no-tiktok
title: Remove TikTok
issuer: Information Security
reason: Security risks.
prohibits:
  - product: TikTok
consequence: deny_mail
due: {after: 7d}
exemptions: {grounds: [security-research], max_duration: 365d}
notices: {rescinded: default}
"""


@pytest.fixture
def text(house: House) -> Path:
    file = house.folder / "no-tiktok.yaml"
    file.write_text(TEXT)
    return file


@pytest.fixture
def proposed(house: House, text: Path) -> House:
    house.ask("ann", "write", str(text))
    house.ask("ann", "propose", "no-tiktok", "--expected-people", "0")
    return house


@pytest.fixture
def approved(proposed: House) -> House:
    for who in ("bo", "cy"):
        proposed.ask(who, "approve", "no-tiktok", "--key", proposed.key(who))
    return proposed


def kinds(house: House) -> list[str]:
    """What the ledger says happened since the house was set up, oldest first."""
    return [shown["entry"]["kind"] for shown in reversed(house.ask("di", "ledger", "show"))][5:]


def test_from_a_text_to_an_order_and_back(house: House, text: Path) -> None:
    assert house.ask("ann", "write", str(text))["number"] == 1
    seen = house.ask("di", "preview", "no-tiktok")
    assert seen["state"] == "draft"
    assert {app["app"]["id"] for app in seen["apps"]} >= {"com.zhiliaoapp.musically"}
    made = house.ask("ann", "propose", "no-tiktok", "--expected-people", "0")
    assert house.ask("bo", "approve", "no-tiktok", "--dry-run")["digest"] == made["digest"]
    assert house.ask("bo", "approve", "no-tiktok", "--key", house.key("bo"))["have"] == 1
    assert house.ask("cy", "approve", "no-tiktok", "--key", house.key("cy"))["have"] == 2
    issued = house.ask("di", "issue", "no-tiktok")
    assert (issued["number"], issued["people"], issued["waiting"]) == (1, 0, 0)
    assert house.ask("di", "halt", "no-tiktok")["already"] is False
    assert house.ask("di", "halt", "no-tiktok")["already"] is True
    for who in ("bo", "cy"):
        house.ask(who, "approve", "no-tiktok", "--resume", "--key", house.key(who))
    assert house.ask("di", "resume", "no-tiktok")["not_before"] > 0
    assert house.ask("di", "rescind", "no-tiktok", "--ground", "sent-in-error")["ground"] == "sent-in-error"
    way = "written proposed approved approved issued halted approved approved resumed rescinded"
    assert [kind for kind in kinds(house) if not kind.endswith("-promised")] == way.split()


def test_a_dry_run_changes_nothing(approved: House) -> None:
    before = kinds(approved)
    for words in (["issue", "no-tiktok"], ["withdraw", "no-tiktok"]):
        done = approved.run("di", *words, "--dry-run")
        assert done.exit_code == 0, done.output
        assert "Nothing was changed." in done.stdout
    assert kinds(approved) == before
    assert approved.ask("di", "preview", "no-tiktok")["state"] == "proposed"


def test_a_dry_run_meets_the_refusals(proposed: House) -> None:
    refused = proposed.run("di", "issue", "no-tiktok", "--dry-run")
    assert refused.exit_code == 4
    assert "[" in refused.stderr


def test_a_text_is_checked_without_an_installation(text: Path, house: House) -> None:
    checked = house.run("", "write", str(text), "--dry-run", "--config", str(house.folder / "none.toml"))
    assert checked.exit_code == 0, checked.output
    assert "no-tiktok can be written" in checked.stdout


def test_every_problem_of_a_text_is_told_with_its_place(house: House) -> None:
    file = house.folder / "wrong.yaml"
    file.write_text(TEXT.replace("due: {after: 7d}", "due: {after: soon}").replace("issuer:", "isuer:"))
    refused = house.run("ann", "write", str(file))
    assert refused.exit_code == 2
    assert f"error: {file}:4:" in refused.stderr
    assert f"error: {file}:9:" in refused.stderr
    assert "issuer" in refused.stderr


def test_a_key_that_is_not_the_approver_s_approves_nothing(proposed: House) -> None:
    refused = proposed.run("bo", "approve", "no-tiktok", "--key", proposed.key("cy"))
    assert refused.exit_code == 3
    assert "[wrong-signature]" in refused.stderr
    assert proposed.ask("cy", "approve", "no-tiktok", "--dry-run")["have"] == []


def test_a_token_alone_approves_nothing(proposed: House) -> None:
    refused = proposed.run("bo", "approve", "no-tiktok")
    assert refused.exit_code == 3
    assert "[no-key-named]" in refused.stderr


def test_a_signature_made_elsewhere_counts(proposed: House) -> None:
    from countermand.lib import sshsig

    digest = proposed.ask("bo", "approve", "no-tiktok", "--dry-run")["digest"]
    file = proposed.folder / "digest.sig"
    file.write_text(sshsig.sign(Path(proposed.key("bo")), digest))
    assert proposed.ask("bo", "approve", "no-tiktok", "--signature", str(file))["have"] == 1


def test_what_is_over_stays_over(approved: House) -> None:
    approved.ask("di", "issue", "no-tiktok")
    approved.ask("di", "rescind", "no-tiktok", "--ground", "expired")
    for words in (["halt", "no-tiktok"], ["withdraw", "no-tiktok"], ["rescind", "no-tiktok", "--ground", "expired"]):
        assert "[wrong-state]" in approved.run("di", *words).stderr
    assert "[lineage-ended]" in approved.run("ann", "write", str(approved.folder / "no-tiktok.yaml")).stderr


def test_the_name_of_what_is_not_there_is_met_with_the_nearest(approved: House) -> None:
    refused = approved.run("di", "halt", "no-tictok")
    assert refused.exit_code == 2
    assert "no-tiktok" in refused.stderr


def test_releases_take_two_people(approved: House) -> None:
    refused = approved.run(
        "di", "exempt", "propose", "no-tiktok", "person:zoe", "--ground", "security-research", "--until", "90d"
    )
    assert "[not-found]" in refused.stderr
    wrong = approved.run("di", "exempt", "propose", "no-tiktok", "person:zoe", "--ground", "security-research", "--until", "soon")
    assert "[not-a-moment]" in wrong.stderr
    assert approved.ask("di", "exempt", "list", "no-tiktok") == []
    assert approved.ask("di", "protect", "propose", "Break-Glass", "--why", "last way in")["login"] == "break-glass"
    assert "[own-work]" in approved.run("di", "protect", "agree", "break-glass").stderr
    assert approved.ask("ann", "protect", "agree", "break-glass")["devices"] == 0
    (held,) = approved.ask("di", "protect", "list")
    assert (held["login"], held["agreed_by"]) == ("break-glass", "ann")
    number = approved.ask("ann", "watch", "propose", "ios:com.example.game", "--purpose", "advisory", "--until", "30d")["watch"]
    approved.ask("bo", "watch", "agree", str(number))
    assert approved.ask("di", "watch", "list")[0]["agreed_by"] == "bo"


def test_the_register_and_the_catalogue_need_no_house(house: House) -> None:
    nowhere = ["--config", str(house.folder / "none.toml")]
    orders = house.ask("", "orders", "list", *nowhere)
    assert "amazon-2020-07" in {order["id"] for order in orders}
    assert house.ask("", "orders", "show", "amazon-2020-07", *nowhere)["issued"] == "2020-07-10"
    assert house.ask("", "catalog", "show", "TikTok", *nowhere)["name"] == "TikTok"
    assert "[not-found]" in house.run("", "catalog", "show", "TikTak", *nowhere).stderr
    assert house.ask("", "schema", *nowhere)["title"] == "Directive"
