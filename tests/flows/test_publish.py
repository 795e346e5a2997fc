"""Publishing: marks become numbered, signed, absolute records; heartbeats claim only what is told; nothing goes backwards."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import control_rows as rows
from control_rows import EPOCH
from countermand.core.decision import Reason
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE, SECOND
from countermand.flows.bodies import standing
from countermand.flows.keep import snapshot_due
from countermand.flows.publish import publish
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.speaker import Speaker, keys_dir, speaker
from countermand.gates.held import Held
from countermand.gates.subject import subject
from countermand.lib.keys import load_public
from countermand.reads import feed as heard
from countermand.snapshot.files import snapshots
from countermand.snapshot.read import Snapshot
from countermand.snapshot.signed import certificate, parts
from countermand.store import feed, lease, models
from countermand.store.unit import unit
from gate_plane import DUE, basic

LATE = DUE + HOUR
BAD = b"/?Cmd=Sync&DeviceId=BAD1"
pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def voice(tmp_path: Path) -> Speaker:
    return speaker(tmp_path, LATE)


@pytest.fixture
def order() -> int:
    """alice was told and has the app on BAD1; bob was told and has not; carol was not told; boss is protected."""
    rows.found_house()
    version = rows.issue_order()
    told = [(version, DUE)]
    for ordinal, login in enumerate(["alice", "bob", "carol", "boss"]):
        rows.hire(ordinal, login, told if login != "carol" else [])
    rows.give(0, 0, "alice", "BAD1", told)
    rows.give(1, 1, "bob", "GOOD1", told, app=False)
    rows.give(2, 2, "carol", "BAD2", [])
    rows.give(3, 3, "boss", "BAD3", told)
    kept = {"why": "", "proposed_by": "a", "proposed_at": 0}
    models.ProtectedLogin.objects.create(login="boss", agreed_by="b", **kept)
    models.ProtectedLogin.objects.create(login="alice", **kept)  # nobody agreed
    models.ProtectedLogin.objects.create(login="bob", agreed_by="b", ended_at=1, **kept)
    return version


class Gate:
    """A gate that starts from the snapshot and hears everything."""

    def __init__(self, tmp_path: Path, voice: Speaker, at: int = LATE) -> None:
        file = publish_snapshot(voice, tmp_path / "feed", at)
        root = load_public(keys_dir(tmp_path) / "root.key.pub")
        self.held = Held(Snapshot(file.path, root), root, voice.secret, at, 0)
        self.now = at

    def listen(self) -> list[str]:
        """Take what is new; returns the kinds of the lines that came."""
        found = heard.after(self.held.epoch, self.held.n, self.held.heard)
        for line in found.lines:
            self.held.take(line, self.now, 0)
        values = [json.loads(parts(line)[1]) for line in found.lines]
        return [value.get("what", value["kind"]) for value in values]

    def denies(self, login: str, uri: bytes) -> bool:
        return not self.held.decide(subject(basic(login).encode(), uri), self.held.clocks(self.now, 0)).allow

    def reason(self, login: str, uri: bytes) -> Reason:
        return self.held.decide(subject(basic(login).encode(), uri), self.held.clocks(self.now, 0)).reason


def test_the_snapshot_denies_whom_the_rows_deny(order: int, voice: Speaker, tmp_path: Path) -> None:
    gate = Gate(tmp_path, voice)
    assert gate.reason("alice", BAD) is Reason.DENIED
    assert gate.reason("bob", b"/?DeviceId=GOOD1") is Reason.NOT_DENIED
    assert gate.reason("carol", b"/?DeviceId=BAD2") is Reason.NOT_DENIED, "nobody told her"
    assert gate.reason("boss", b"/?DeviceId=BAD3") is Reason.PROTECTED
    assert gate.reason("bob", b"/?DeviceId=NEW") is Reason.UNREGISTERED_DENIED
    assert gate.reason("carol", b"/?DeviceId=NEW") is Reason.UNREGISTERED
    assert gate.reason("alice", b"/?DeviceId=S0") is Reason.UNREGISTERED_DENIED, "a serial number is no name at a mail door"
    assert gate.held.text("no-tiktok").startswith("Mail is not available on this device.")


def test_each_is_told_in_their_own_language(order: int, voice: Speaker, tmp_path: Path) -> None:
    models.Person.objects.filter(login="bob").update(locale="de-AT")
    models.Person.objects.filter(login="carol").update(locale="sw")  # nobody writes that here
    gate = Gate(tmp_path, voice)
    assert [gate.held.language(login) for login in ("alice", "bob", "carol")] == ["", "de", ""]
    assert gate.held.text("no-tiktok", "de").startswith("Auf diesem Gerät ist keine Mail verfügbar.")
    assert "Information Security" in gate.held.text("no-tiktok", "ar")
    models.Person.objects.filter(login="alice").update(locale="ja")
    with unit():
        feed.mark("logins", "alice")
    publish(voice, "p", LATE + SECOND)
    gate.listen()
    assert [gate.held.language(login) for login in ("alice", "bob")] == ["ja", "de"]
    with unit():
        feed.mark("logins", "", 0)
    publish(voice, "p", LATE + 2 * SECOND)
    gate.listen()
    assert [gate.held.language(login) for login in ("alice", "bob", "carol")] == ["ja", "de", ""]
    rows.change_lineage(halted_at=LATE)
    assert standing("no-tiktok").texts == (), "a halt is a short record"


def test_who_has_no_language_in_the_directory_is_told_in_the_houses(order: int, voice: Speaker, tmp_path: Path) -> None:
    german = replace(voice, language="de")
    models.Person.objects.filter(login="bob").update(locale="en-GB")
    gate = Gate(tmp_path, german)
    assert [gate.held.language(login) for login in ("alice", "bob", "nobody")] == ["", "en", ""]
    ours, hers = "Auf diesem Gerät ist keine Mail verfügbar.", "Mail is not available on this device."
    assert gate.held.text("no-tiktok", "").startswith(ours)
    assert gate.held.text("no-tiktok", "en").startswith(hers)
    assert gate.held.standings["no-tiktok"].language == "de"
    with unit():
        feed.mark("lineage", "no-tiktok")
        feed.mark("logins", "bob")
    publish(german, "p", LATE + SECOND)
    gate.listen()
    assert gate.held.text("no-tiktok", gate.held.language("alice")).startswith(ours)
    assert gate.held.text("no-tiktok", gate.held.language("bob")).startswith(hers)


def test_what_changes_reaches_the_gate_as_one_record_each(order: int, voice: Speaker, tmp_path: Path) -> None:
    gate = Gate(tmp_path, voice)
    rows.set_app(0, False)
    assert publish(voice, "p", LATE + SECOND).records == 1
    assert gate.listen() == ["denials", "heartbeat"]
    assert not gate.denies("alice", BAD)
    rows.set_app(0, True)
    publish(voice, "p", LATE + 2 * SECOND)
    gate.listen()
    assert gate.denies("alice", BAD)
    rows.change_lineage(halted_at=LATE)
    assert publish(voice, "p", LATE + 3 * SECOND).records == 1
    assert gate.listen() == ["lineage", "heartbeat"]
    assert not gate.denies("alice", BAD)
    assert not gate.denies("bob", b"/?DeviceId=NEW")


def test_a_rescission_is_one_record_however_much_else_waits(order: int, voice: Speaker, tmp_path: Path) -> None:
    gate = Gate(tmp_path, voice)
    with unit():
        for _ in range(6_000):
            feed.mark("denials", "no-tiktok", 0)
    models.Version.objects.update(state="rescinded")
    rows.change_lineage(ended_at=LATE)
    publish(voice, "p", LATE + SECOND)
    assert gate.listen()[0] == "lineage"
    assert not gate.denies("alice", BAD)
    assert not standing("no-tiktok").live


def test_a_resume_never_shows_old_denials_first(order: int, voice: Speaker, tmp_path: Path) -> None:
    rows.change_lineage(halted_at=LATE)
    publish(voice, "p", LATE)
    gate = Gate(tmp_path, voice)
    with unit():
        models.Lineage.objects.update(halted_at=None, not_before=LATE + 3 * DAY)
        feed.mark("lineage", "no-tiktok")
        feed.mark("denials", "no-tiktok")
        feed.mark("unregistered", "no-tiktok")
    publish(voice, "p", LATE + SECOND)
    assert gate.listen() == ["denials", "unregistered", "lineage", "heartbeat"]
    assert not gate.denies("alice", BAD)


def test_names_and_protection_follow_the_rows(order: int, voice: Speaker, tmp_path: Path) -> None:
    gate = Gate(tmp_path, voice)
    with unit():
        models.Identity.objects.filter(value="BAD1").update(value="BAD9")
        feed.mark_names([("alice", "eas", "BAD1"), ("alice", "eas", "BAD9")])
        models.Person.objects.filter(login="bob").update(active=False)
        feed.mark("logins", "bob")
        models.ProtectedLogin.objects.filter(login="boss").update(ended_at=LATE)
        feed.mark("protected", "boss")
    publish(voice, "p", LATE + SECOND)
    gate.listen()
    assert gate.reason("alice", b"/?DeviceId=BAD9") is Reason.DENIED
    assert gate.reason("alice", BAD) is Reason.UNREGISTERED_DENIED
    assert gate.reason("bob", b"/?DeviceId=NEW") is Reason.UNREGISTERED
    assert gate.reason("boss", b"/?DeviceId=BAD3") is Reason.DENIED


@pytest.mark.parametrize("block", [0, -1])
def test_an_import_is_told_block_by_block_or_whole(order: int, voice: Speaker, tmp_path: Path, block: int) -> None:
    gate = Gate(tmp_path, voice)
    with unit():
        rows.give(9, 0, "alice", "BAD9", [(order, DUE)])
        rows.hire(9, "dora", [(order, DUE)])
        feed.mark("identities", "", block)
        feed.mark("logins", "", block)
        feed.mark("denials", "no-tiktok", 0)
        feed.mark("unregistered", "no-tiktok", 0)
    publish(voice, "p", LATE + SECOND)
    gate.listen()
    assert gate.reason("alice", b"/?DeviceId=BAD9") is Reason.DENIED
    assert gate.reason("dora", b"/?DeviceId=NEW") is Reason.UNREGISTERED_DENIED


def test_marks_of_one_thing_are_one_record(order: int, voice: Speaker) -> None:
    for _ in range(5):
        rows.set_app(0, False)
    assert publish(voice, "p", LATE).records == 1
    assert publish(voice, "p", LATE).records == 0
    assert not feed.any_marks()


def test_numbers_and_digests_continue(order: int, voice: Speaker) -> None:
    for _ in range(3):
        rows.set_app(0, False)
        publish(voice, "p", LATE)
    values = [json.loads(parts(line)[1]) for _, line in feed.after(EPOCH, 0, 10)]
    assert [value["n"] for value in values] == [1, 2, 3]
    assert values[0]["prev"] == "0" * 64
    assert len({value["prev"] for value in values}) == 3


# -- heartbeats --


def test_a_heartbeat_is_not_written_while_anything_waits(order: int, voice: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow commits between the publisher's read and its write: the heartbeat may not claim that this was told."""
    from countermand.flows import publish as module

    inside = module._gather
    late: list[int] = []

    def gather(*arguments: object) -> object:
        batch = inside(*arguments)  # type: ignore[arg-type]
        if not late:
            late.append(1)
            rows.set_app(1, True)
        return batch

    monkeypatch.setattr(module, "_gather", gather)
    rows.set_app(0, False)
    publish(voice, "p", LATE)
    assert feed.beat() is None
    publish(voice, "p", LATE + SECOND)
    beat = feed.beat()
    assert beat is not None
    assert (beat.n, beat.time) == (2, LATE + SECOND)


def test_a_heartbeat_comes_when_asked_and_tells_a_drills_time(voice: Speaker) -> None:
    rows.found_house(drill=True)
    assert publish(voice, "p", LATE).records == 0
    assert feed.beat() is None
    publish(voice, "p", LATE, beat=True)
    first = feed.beat()
    models.Installation.objects.update(clock_offset=5 * DAY)
    with unit():
        feed.mark("clock")
    publish(voice, "p", LATE + SECOND)
    second = feed.beat()
    assert first is not None
    assert second is not None
    assert second.time - first.time == 5 * DAY + SECOND


# -- one publisher, and never backwards --


def test_one_publisher_at_a_time(order: int, voice: Speaker) -> None:
    rows.set_app(0, False)
    assert publish(voice, "one", LATE).held
    rows.set_app(0, True)
    assert not publish(voice, "two", LATE + SECOND).held
    assert feed.any_marks()
    assert publish(voice, "two", LATE + MINUTE).records == 1


def test_a_lease_is_its_holders_until_it_ends() -> None:
    with unit():
        assert lease.hold("x", "a", 0, 10)
        assert lease.hold("x", "a", 5, 10)
        assert not lease.hold("x", "b", 14, 10)
        assert lease.hold("x", "b", 15, 10)
        assert lease.hold("y", "a", 0, 10)
        lease.release("x", "a")
        assert not lease.hold("x", "a", 16, 10)
        lease.release("x", "b")
        assert lease.hold("x", "a", 16, 10)


@pytest.mark.parametrize(("epoch", "n"), [(EPOCH, 2), (EPOCH + 1, 0)])
def test_nothing_is_published_behind_a_gate(order: int, voice: Speaker, epoch: int, n: int) -> None:
    rows.set_app(0, False)
    publish(voice, "p", LATE)
    feed.save_gate(feed.Gate("door", epoch, n, LATE, LATE, False, {}))
    rows.set_app(0, True)
    with pytest.raises(Refused) as caught:
        publish(voice, "p", LATE + SECOND)
    assert caught.value.code == "feed-behind-gate"
    assert "door" in caught.value.sentence
    assert feed.last(EPOCH).n == 1


def test_a_gate_that_is_level_or_behind_is_no_reason(order: int, voice: Speaker) -> None:
    rows.set_app(0, False)
    publish(voice, "p", LATE)
    feed.save_gate(feed.Gate("door", EPOCH, 1, LATE, LATE, False, {}))
    feed.save_gate(feed.Gate("old", EPOCH - 1, 999, LATE, LATE, False, {}))
    rows.set_app(0, True)
    assert publish(voice, "p", LATE).records == 1


# -- snapshots and what is let go --


def test_old_snapshots_go_and_the_feed_goes_on_from_the_new_one(order: int, voice: Speaker, tmp_path: Path) -> None:
    for present in (False, True, False):
        rows.set_app(0, present)
        publish(voice, "p", LATE)
        gate = Gate(tmp_path, voice)
    assert [file.n for file in snapshots(tmp_path / "feed")] == [2, 3]
    assert gate.held.n == 3
    rows.set_app(0, True)
    publish(voice, "p", LATE + SECOND)
    gate.listen()
    assert gate.denies("alice", BAD)


def test_when_a_snapshot_is_due(order: int, voice: Speaker, tmp_path: Path) -> None:
    files = tmp_path / "feed"
    assert snapshot_due(files, 0)
    publish_snapshot(voice, files, LATE)
    assert not snapshot_due(files, DAY), "nothing has changed since"
    rows.set_app(0, False)
    publish(voice, "p", LATE)
    assert not snapshot_due(files, HOUR)
    assert snapshot_due(files, DAY)
    with unit():
        feed.append(EPOCH, [feed.Row(n, "d", b"x" * 2_000) for n in range(2, 600)], LATE)
    assert snapshot_due(files, 0), "a megabyte of records"
    publish_snapshot(voice, files, LATE)
    assert not snapshot_due(files, 0)
    with unit():
        feed.append(EPOCH, [feed.Row(n, "d", b"x") for n in range(600, 1_600)], LATE)
    assert snapshot_due(files, 0), "a thousand records"
    models.Installation.objects.update(epoch=EPOCH + 1)
    publish_snapshot(voice, files, LATE)
    assert not snapshot_due(files, DAY)


def test_who_needs_a_snapshot(order: int, voice: Speaker) -> None:
    for present in (False, True, False):
        rows.set_app(0, present)
        publish(voice, "p", LATE)
    assert not heard.needs_snapshot(EPOCH, 0)
    assert not heard.needs_snapshot(EPOCH, 3)
    assert heard.needs_snapshot(EPOCH, 4)
    assert heard.needs_snapshot(EPOCH - 1, 3)
    feed.prune(EPOCH, 3)
    assert heard.needs_snapshot(EPOCH, 1)
    assert not heard.needs_snapshot(EPOCH, 2)


# -- the voice --


def test_the_voice_is_made_once_and_kept_secret(tmp_path: Path) -> None:
    first = speaker(tmp_path, LATE)
    again = speaker(tmp_path, LATE + DAY)
    assert (first.certificate, first.secret) == (again.certificate, again.secret)
    private = [keys_dir(tmp_path) / name for name in ("root.key", "feed.key", "gates.secret")]
    assert [path.stat().st_mode & 0o777 for path in private] == [0o600] * 3
    assert certificate(load_public(keys_dir(tmp_path) / "root.key.pub"), first.certificate, LATE).key == first.key.public


def test_a_certificate_is_renewed_in_time_if_the_root_key_is_there(tmp_path: Path) -> None:
    first = speaker(tmp_path, LATE)
    renewed = speaker(tmp_path, LATE + 360 * DAY)
    assert renewed.certificate != first.certificate
    (keys_dir(tmp_path) / "root.key").unlink()
    assert speaker(tmp_path, LATE + 720 * DAY).certificate == renewed.certificate


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    speaker(tmp_path, LATE)
    (keys_dir(tmp_path) / "feed.key").chmod(0o644)
    with pytest.raises(Refused) as caught:
        speaker(tmp_path, LATE)
    assert caught.value.code == "key-readable"
