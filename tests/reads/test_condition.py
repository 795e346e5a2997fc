"""What readiness says when something does not hold; what the configuration's check says of files; logs name nobody."""

import json
import logging
from pathlib import Path

import pytest

import control_rows as rows
from countermand.config import Config, Control, Database, Smtp, load
from countermand.core.errors import Refused
from countermand.core.instants import DAY, MINUTE
from countermand.flows.publish import publish
from countermand.flows.speaker import speaker
from countermand.lib import clock, log, prometheus
from countermand.lib.prometheus import GAUGE, Sample
from countermand.reads import condition
from countermand.reads.settings import examine
from countermand.store import models


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    rows.found_house()
    (tmp_path / "state").mkdir(mode=0o700)
    return Config(tmp_path / "state", store)


def wrong(config: Config) -> dict[str, str]:
    return {check.name: check.why for check in condition.checks(config) if not check.ok}


@pytest.mark.usefixtures("store")
def test_each_thing_that_does_not_hold_is_said(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(wrong(config)) == {"publisher"}
    voice = speaker(config.state_dir, clock.now())
    publish(voice, "p", clock.now(), beat=True)
    assert wrong(config) == {}
    models.FeedHeartbeat.objects.update(time=clock.now() - MINUTE)
    models.LedgerRow.objects.create(entry=b"{}", at=clock.now() - 10 * MINUTE)
    monkeypatch.setattr(condition, "_ROOM", 1 << 62)
    found = wrong(config)
    assert set(found) == {"publisher", "ledger", "disk"}
    assert "60 s ago" in found["publisher"]
    assert "worker" in found["ledger"]
    assert [one.name for one in condition.running_out(config)] == []
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 340 * DAY)
    assert [one.name for one in condition.running_out(config)] == ["feed"]
    monkeypatch.setattr(clock, "now", lambda: now + 370 * DAY)
    assert wrong(config)["certificates"] == "ran out: feed"


def test_the_check_of_a_configuration_names_what_is_open_or_missing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "keys").mkdir(parents=True, mode=0o700)
    state.chmod(0o755)
    password, key = tmp_path / "password", state / "keys" / "feed.key"
    for file in (password, key):
        file.write_text("x")
        file.chmod(0o640)
    control = Control(certificate_file=tmp_path / "cert.pem", key_file=tmp_path / "key.pem")
    found = examine(Config(state, tmp_path / "db", smtp=Smtp(password_file=password), control=control))
    problems = {one.key: one.wrong for one in found.files if one.wrong}
    assert set(problems) == {"state_dir", "smtp.password_file", "control.certificate_file", "control.key_file", "keys/feed.key"}
    assert "chmod 600" in problems["smtp.password_file"]
    assert found.values["smtp.host"] == "127.0.0.1"
    assert found.values["control.listen"] == "127.0.0.1:8440"
    state.chmod(0o700)
    for file in (password, key):
        file.chmod(0o600)
    assert examine(Config(state, tmp_path / "db", smtp=Smtp(password_file=password))).sound


def test_what_systemd_hands_in_is_named_by_its_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "countermand.toml"
    file.write_text('[smtp]\npassword_file = "credential:secrets_smtp"\n')
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "given"))
    assert load(file).smtp.password_file == tmp_path / "given" / "secrets_smtp"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    units = Path(__file__).resolve().parents[2] / "src/countermand/cli/units/countermand-serve.service"
    assert "\nLoadCredential=secrets:/etc/countermand/secrets\n" in units.read_text()
    assert load(file).smtp.password_file == Path("/etc/countermand/secrets/smtp"), "by hand, root reads what the unit is given"


# -- logs --


def test_a_failure_is_said_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    for fault in (ValueError("ann@example.org"), Refused("person-unknown", login="ann"), OSError(28, "No space left on device")):
        try:
            raise fault
        except Exception as found:
            log.say("failed", **log.failure(found))
            logging.getLogger("x").makeRecord("x", logging.ERROR, "f", 1, "broke", (), None)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one["code"] for one in said] == ["ValueError", "person-unknown", "OSError"]
    assert "test_condition.py" in said[0]["place"]
    assert said[2]["why"] == "No space left on device"
    assert "ann" not in json.dumps(said)


def test_what_libraries_log_is_a_line_of_the_same_form() -> None:
    try:
        raise KeyError("ann@example.org")
    except KeyError as fault:
        record = logging.LogRecord("lib", logging.ERROR, "f", 1, "broke %s", ("ann@example.org",), (KeyError, fault, None))
    line = json.loads(log.JsonLines().format(record))
    assert (line["event"], line["level"], line["from"], line["code"]) == ("log", "error", "lib", "KeyError")
    assert "ann" not in json.dumps(line)


def test_a_pseudonym_follows_a_name_under_its_key_alone() -> None:
    first = log.pseudonym(b"k" * 32, "login", "ann")
    assert first == log.pseudonym(b"k" * 32, "login", "ann")
    assert len({first, log.pseudonym(b"j" * 32, "login", "ann"), log.pseudonym(b"k" * 32, "eas", "ann")}) == 3


def test_labels_are_escaped_and_numbers_are_numbers() -> None:
    text = prometheus.text({"x": (GAUGE, "What.")}, [Sample("x", 2.5, {"a": 'q"\\\n'}), Sample("x", 3.0)])
    assert text == '# HELP x What.\n# TYPE x gauge\nx{a="q\\"\\\\\\n"} 2.5\nx 3\n'
