"""Connecting a source and living with it, as its operators type it."""

from pathlib import Path

import pytest
from cli_house import House

import fake_graph as graph
from fake_graph import TIKTOK, Tenant, device, policy, state


def settings(tenant: Tenant) -> list[str]:
    given = {"tenant": graph.TENANT, "client": graph.CLIENT, "url": tenant.url, "login": tenant.url}
    return [word for name, value in given.items() for word in ("--set", f"{name}={value}")]


def test_a_source_from_its_first_day(house: House) -> None:
    file = house.folder / "countermand.toml"
    file.write_text(file.read_text() + '[sources]\nprivate_hosts = ["127.0.0.1"]\n')
    secret = house.folder / "intune.secret"
    secret.write_text(f"{graph.SECRET}\n")
    with graph.served(Tenant()) as tenant:
        tenant.devices = [device(1), device(2, deviceEnrollmentType="appleUserEnrollment", managedDeviceOwnerType="personal")]
        tenant.policies, tenant.states = [policy(TIKTOK)], [state(1, "compliant")]
        made = house.ask("ann", "source", "add", "mdm", "--kind", "intune", *settings(tenant), "--secret-file", str(secret))
        assert made == {"name": "mdm", "kind": "intune", "secret": ""}
        checked = house.ask("di", "source", "check", "mdm")
        assert checked["ok"]
        assert any(words.startswith("1 of 2 phones (user-enrolled") and "unknown" in words for words in checked["words"])
        assert "user-enrolled" in house.run("di", "source", "check", "mdm").stdout

        waits = house.run("di", "source", "sync", "mdm")
        assert (waits.exit_code, "wait for a person" in waits.stdout) == (5, True)
        (listed,) = house.ask("di", "source", "list")
        assert (listed["state"], len(listed["held"]), listed["underway"]) == ("waiting", 1, 2)
        assert house.ask("di", "source", "release", "mdm")["batches"] == listed["held"]
        assert house.ask("di", "source", "sync", "mdm")["added"] == 2
        assert "mdm" in house.run("di", "source", "list").stdout

    view = house.ask("di", "device", "show", "serial:SERIAL2")["devices"][0]
    assert (view["enrollment"], "managed apps" in view["visible"]) == ("user", True)
    shown = house.run("di", "device", "show", "serial:SERIAL1").stdout
    assert "supervised (Automated Device Enrollment)" in shown

    assert house.ask("di", "source", "pause", "mdm", "--dry-run")["paused"]
    assert house.ask("di", "source", "list")[0]["state"] == "healthy"
    house.ask("di", "source", "pause", "mdm")
    assert house.run("di", "source", "sync", "mdm").exit_code == 4
    house.ask("di", "source", "resume", "mdm")
    away = house.run("bo", "source", "pause", "mdm")
    assert (away.exit_code, "not-allowed" in away.output) == (3, True)


@pytest.mark.parametrize("house", ["in process"], indirect=True)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_connected(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    told = ["--secret-file", str(secret)]
    whole = ["--set", "tenant=t", "--set", "client=c"]
    for words, code in [
        (["x", "--kind", "exchange"], "source-kind"),
        (["X", *whole], "source-name"),
        (["x", "--kind", "intune", "--set", "tenant=t", *told], "source-setting"),
        (["x", "--kind", "intune", *whole, "--set", "realm=r", *told], "source-setting"),
        (["x", "--kind", "intune", *whole, "--set", "tenant=a/../b", *told], "source-setting"),
        (["x", "--kind", "intune", *whole], "source-secret"),
        (["x", "--kind", "intune", *whole, *told, "--every", "1m"], "source-interval"),
    ]:
        refused = house.run("ann", "source", "add", *words)
        assert (refused.exit_code, f"[{code}]" in refused.output) == (2, True), refused.output
    house.ask("ann", "source", "add", "x", "--kind", "intune", *whole, *told)
    for name, code in (("x", "source-exists"), ("y", "")):
        done = house.run("ann", "source", "add", name)
        assert (f"[{code}]" in done.output) is bool(code)
    assert "[source-not-asked]" in house.run("di", "source", "check", "y").output
    assert "[not-found]" in house.run("di", "source", "check", "z").output
    assert "Nothing of y waits" in house.run("di", "source", "release", "y").stdout
    assert house.run("bo", "source", "add", "w").exit_code == 3
