"""Keys are replaced under the root's word: gates follow by themselves, what was signed before verifies, nobody else rotates."""

from pathlib import Path

import house
import pytest

from countermand.access import Role
from countermand.config import Config, Database
from countermand.core.errors import Refused
from countermand.core.instants import DAY, MINUTE, SECOND
from countermand.flows import set_keys
from countermand.flows.keyring import ledger_lines, listed, rotate_feed, rotate_ledger
from countermand.flows.publish import publish
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.seal import seal
from countermand.flows.speaker import keys_dir, speaker
from countermand.flows.stop import halt
from countermand.gates.held import Held
from countermand.lib import clock, keys
from countermand.lib.keys import load_public
from countermand.reads import feed as heard
from countermand.reads.condition import expiries
from countermand.reads.ledger import verify_live
from countermand.snapshot.read import Snapshot
from countermand.store import feed, models
from countermand.store.unit import unit


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    config = Config(tmp_path / "state", store, origin="example.org")
    for name in ("root", "feed", "ledger"):
        keys.create(config.state_dir / "keys" / f"{name}.key")
    house.open_house()
    house.move_in(house.staff(3, with_app=1))
    return config


def admin() -> object:
    return house.act("ada", Role.ADMINISTRATOR, Role.AUDITOR)


def gate(config: Config) -> Held:
    now = clock.now()
    voice = speaker(config.state_dir, now)
    file = publish_snapshot(voice, config.state_dir / "feed", now)
    root = load_public(keys_dir(config.state_dir) / "root.key.pub")
    return Held(Snapshot(file.path, root), root, voice.secret, now, 0)


def listen(held: Held, config: Config) -> None:
    """As a stream begins: every certificate that holds, then what is new."""
    now = clock.now()
    for line in speaker(config.state_dir, now).vouched(now).splitlines(keepends=True):
        held.take(line, now, 0)
    for line in heard.after(held.epoch, held.n, held.heard).lines:
        held.take(line, now, 0)


def say_something(config: Config) -> None:
    with unit():
        feed.mark("protected", "p00000")
    publish(speaker(config.state_dir, clock.now()), "p", clock.now())


# -- the feed --


def test_a_gate_follows_through_rotations_wherever_it_was(config: Config) -> None:
    here, behind = gate(config), gate(config)
    say_something(config)
    listen(here, config)
    first = here.certificate.key
    for _ in range(2):
        rotate_feed(admin(), config)  # type: ignore[arg-type]
        say_something(config)
    listen(here, config)
    listen(behind, config)
    assert here.n == behind.n == 3
    assert here.certificate.key == behind.certificate.key != first
    new = gate(config)
    assert new.certificate.key == here.certificate.key
    listen(here, config)
    assert here.certificate.key == new.certificate.key, "the certificate of a key that had its time is passed over"


def test_a_key_that_was_replaced_is_not_heard_again(config: Config) -> None:
    here = gate(config)
    old = speaker(config.state_dir, clock.now())
    rotate_feed(admin(), config)  # type: ignore[arg-type]
    say_something(config)
    listen(here, config)
    with unit():
        feed.mark("protected", "p00001")
    publish(type(old)(old.key, old.certificate, old.secret), "p", clock.now())
    with pytest.raises(Refused) as refused:
        listen(here, config)
    assert refused.value.code == "feed-forged"


def test_a_process_that_runs_speaks_with_the_new_key_at_once(config: Config) -> None:
    here, running = gate(config), speaker(config.state_dir, clock.now())
    made = rotate_feed(admin(), config)  # type: ignore[arg-type]
    with unit():
        feed.mark("protected", "p00000")
    publish(running, "p", clock.now())
    listen(here, config)
    assert here.certificate.key.text == made.public


def test_a_rotation_that_was_interrupted_is_finished_by_the_next(config: Config) -> None:
    here = gate(config)
    keys.create(keys_dir(config.state_dir) / "feed-next.key")
    rotate_feed(admin(), config)  # type: ignore[arg-type]
    say_something(config)
    listen(here, config)
    assert not list(keys_dir(config.state_dir).glob("*-next*"))


def test_a_rotation_is_said_before_it_is_done(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    gate(config)
    before = speaker(config.state_dir, clock.now()).key.public

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("countermand.flows.speaker.vouch", dies)
        with pytest.raises(KeyboardInterrupt):
            rotate_feed(admin(), config)  # type: ignore[arg-type]
    assert house.ledger_kinds().count("key-rotated") == 1
    assert speaker(config.state_dir, clock.now()).key.public == before
    announced = models.LedgerRow.objects.latest("pk").entry
    assert rotate_feed(admin(), config).public.encode() in bytes(announced)  # type: ignore[arg-type]


# -- the ledger --


def test_checkpoints_of_every_key_verify_and_the_old_one_names_the_new(config: Config) -> None:
    house.issued(3)
    own = keys_dir(config.state_dir) / "ledger.key"
    seal(house.worker(), own, state_dir=config.state_dir)
    before = ledger_lines(config)
    for _ in range(2):
        made = rotate_ledger(admin(), config)  # type: ignore[arg-type]
    halt(house.operator(), house.NAME)
    assert seal(house.worker(), own, state_dir=config.state_dir) is not None, "what the key before signed is still believed"
    lines = ledger_lines(config)
    assert (len(lines), lines[0], lines[-1]) == (3, before[0], made.public)
    assert verify_live(admin(), lines).problem is None  # type: ignore[arg-type]
    problem = verify_live(admin(), [lines[-1]]).problem  # type: ignore[arg-type]
    assert problem is not None
    assert problem.code == "ledger-checkpoint-unsigned"
    assert house.ledger_kinds().count("key-rotated") == 2


# -- who, and with what --


def test_only_the_pinned_root_vouches(config: Config, tmp_path: Path) -> None:
    directory = keys_dir(config.state_dir)
    gate(config)
    kept = tmp_path / "root.key"
    (directory / "root.key").rename(kept)
    keys.create(tmp_path / "other.key")
    for rotate in (rotate_feed, rotate_ledger):
        for file, code in ((None, "root-key-away"), (tmp_path / "other.key", "root-key-other")):
            with pytest.raises(Refused) as refused:
                rotate(admin(), config, file)  # type: ignore[arg-type]
            assert refused.value.code == code
        with pytest.raises(Refused):
            rotate(house.operator(), config, kept)
        assert rotate(admin(), config, kept).in_use  # type: ignore[arg-type]
    assert [(key.name, key.in_use, key.here) for key in listed(house.operator(), config)] == [
        ("root", True, False),
        ("feed", False, False),
        ("feed", True, True),
        ("ledger", False, False),
        ("ledger", True, True),
    ]


def test_every_key_says_what_it_signs_since_when_and_until_when_or_why_it_has_no_end(config: Config) -> None:
    before = clock.now()
    gate(config)
    first = {key.name: key for key in listed(house.operator(), config)}
    assert set(first) == {"root", "feed", "ledger"}, "looking makes no key"
    assert [name for name, key in first.items() if key.until] == ["feed"]
    rotate_ledger(admin(), config)  # type: ignore[arg-type]
    set_keys.rotate(admin(), config.state_dir)  # type: ignore[arg-type]
    found = listed(house.operator(), config)
    (ledger,) = (key for key in found if key.name == "ledger" and key.in_use)
    assert ledger.until is not None
    assert ledger.until == {one.name: one.until for one in expiries(config)}["ledger"]
    assert [(key.name, key.in_use, key.here) for key in found if key.name == "signals"] == [
        ("signals", False, False),
        ("signals", True, True),
    ]
    for key in found:
        assert key.used_by
        assert (key.until is None) == key.endless.startswith("no end")
        assert not key.in_use or (key.created is not None and before - MINUTE < key.created < clock.now() + MINUTE)


def test_certificates_that_ran_out_are_not_told(config: Config) -> None:
    now = clock.now()
    gate(config)
    rotate_feed(admin(), config)  # type: ignore[arg-type]
    voice = speaker(config.state_dir, now)
    assert len(voice.vouched(now).splitlines()) == 2
    assert len(voice.vouched(now + 366 * DAY + SECOND).splitlines()) == 1
