"""What a gate keeps on disk: the same answers after a restart, after a crash at any byte, and never anything older."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyroaring import BitMap

from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.gates.held import Held
from countermand.gates.kept import Kept
from countermand.gates.subject import subject
from countermand.snapshot.signed import certify
from countermand.snapshot.write import Entry
from gate_plane import DUE, ROOT, SECRET, STRANGER, Plane, basic, standing

LATE = DUE + HOUR


@pytest.fixture
def plane() -> Plane:
    return Plane(time=LATE)


@pytest.fixture
def kept(plane: Plane, tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path / "state", ROOT.public, SECRET)
    fetch(kept, plane)
    kept.adopt(None, LATE, 0)
    yield kept
    kept.close()


def fetch(kept: Kept, plane: Plane) -> None:
    """As if a snapshot had just been fetched."""
    devices = {("alice", "eas", "BAD1"): 0}
    denials = [Entry("no-tiktok", 0, DUE, BitMap([0]))]
    plane.snapshot(kept.incoming, devices=devices, standings=[standing()], denials=denials)


def load(kept: Kept, own: int = LATE, steady: int = 0) -> Held:
    held = Kept(kept.directory, ROOT.public, SECRET).load(own, steady)
    assert held is not None
    return held


def denies(held: Held, own: int = LATE, steady: int = 0) -> bool:
    return not held.decide(subject(basic("alice").encode(), b"/?DeviceId=BAD1"), held.clocks(own, steady)).allow


def hear(kept: Kept, held: Held, line: bytes, own: int = LATE) -> None:
    kept.append(held.take(line, own, 0))


def test_nothing_kept_nothing_held(tmp_path: Path) -> None:
    assert Kept(tmp_path / "new", ROOT.public, SECRET).load(LATE, 0) is None


def test_a_restart_answers_the_same(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    assert denies(held)
    hear(kept, held, plane.lineage(standing(halted=True)))
    assert not denies(load(kept))
    hear(kept, held, plane.lineage(standing()))
    again = load(kept)
    assert denies(again)
    assert (again.n, again.digest) == (held.n, held.digest) == (2, plane.digest)


def test_a_crash_at_any_byte_of_an_append_loses_at_most_that_batch(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    hear(kept, held, plane.lineage(standing(halted=True)))
    first = (kept.directory / "records").stat().st_size
    lines = [plane.denials([], more=True), plane.lineage(standing())]
    for line in lines:
        found = held.take(line, LATE, 0)
    kept.append(found)
    whole = (kept.directory / "records").read_bytes()
    for cut in [*range(first, len(whole), 37), first + len(lines[0]), len(whole) - 1]:
        (kept.directory / "records").write_bytes(whole[:cut])
        again = load(kept)
        assert again.n == 1
        assert (kept.directory / "records").stat().st_size == first, "what is left of the batch is cleared for its return"
    (kept.directory / "records").write_bytes(whole)
    assert load(kept).n == 3


def test_damaged_records_are_refused_not_guessed(kept: Kept, plane: Plane) -> None:
    hear(kept, load(kept), plane.lineage(standing(halted=True)))
    path = kept.directory / "records"
    path.write_bytes(path.read_bytes().replace(b'"halted":true', b'"halted":null'))
    with pytest.raises(Refused) as caught:
        load(kept)
    assert caught.value.code == "feed-forged"


def test_a_newer_snapshot_makes_the_records_needless(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    hear(kept, held, plane.lineage(standing(halted=True)))
    fetch(kept, plane)
    fresh = kept.adopt(held, LATE, 0)
    assert (fresh.n, denies(fresh)) == (1, True)
    assert not (kept.directory / "records").exists()
    hear(kept, fresh, plane.lineage(standing(halted=True)))
    assert not denies(load(kept))


def test_a_crash_between_snapshot_and_records_is_harmless(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    hear(kept, held, plane.lineage(standing(halted=True)))
    records = (kept.directory / "records").read_bytes()
    fetch(kept, plane)
    kept.adopt(held, LATE, 0)
    (kept.directory / "records").write_bytes(records)
    assert load(kept).n == 1


@pytest.mark.parametrize("older", [Plane(epoch=1), Plane(epoch=0)])
def test_an_older_snapshot_is_refused_and_what_is_held_stays(kept: Kept, plane: Plane, older: Plane) -> None:
    held = load(kept)
    hear(kept, held, plane.lineage(standing(halted=True)))
    older.hashes = plane.hashes
    fetch(kept, older)
    with pytest.raises(Refused) as caught:
        kept.adopt(held, LATE, 0)
    assert caught.value.code == "feed-older"
    assert not denies(load(kept))


def test_a_new_epoch_is_newer_than_any_number(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    hear(kept, held, plane.lineage(standing()))
    after = Plane(epoch=2, time=LATE)
    fetch(kept, after)
    assert (kept.adopt(held, LATE, 0).epoch, load(kept).n) == (2, 0)


def test_a_forged_snapshot_is_refused(kept: Kept) -> None:
    forged = Plane(time=LATE, key=STRANGER)
    forged.n = 99
    forged.certificate = certify(STRANGER, STRANGER.public, 0, 10**14)
    fetch(kept, forged)
    with pytest.raises(Refused) as caught:
        kept.adopt(load(kept), LATE, 0)
    assert caught.value.code == "snapshot-forged"


def test_another_hash_key_is_noticed_at_once(kept: Kept) -> None:
    with pytest.raises(Refused) as caught:
        Kept(kept.directory, ROOT.public, b"o" * 32).load(LATE, 0)
    assert caught.value.code == "snapshot-foreign"


def test_time_runs_on_while_a_gate_is_down(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    line = plane.beat(LATE + MINUTE)
    held.take(line, LATE + MINUTE, MINUTE)
    kept.hear(line, LATE + MINUTE)
    again = load(kept, own=LATE + 2 * HOUR, steady=5)
    clocks = again.clocks(LATE + 2 * HOUR, 5)
    assert (clocks.heard, clocks.anchored) == (LATE + MINUTE, LATE + 2 * HOUR)
    assert denies(again, LATE + 2 * HOUR, 5)
    assert not denies(load(kept, LATE + 2 * DAY), LATE + 2 * DAY), "past max_staleness"


def test_a_clock_set_back_while_down_starts_nothing(kept: Kept, plane: Plane) -> None:
    line = plane.beat(LATE + MINUTE)
    kept.hear(line, LATE + MINUTE)
    again = load(kept, own=DUE - DAY)
    assert not denies(again, own=DUE - DAY)


@pytest.mark.parametrize("text", ["", "{", "{}", json.dumps({"own": 1, "line": "x"}), json.dumps({"own": "x", "line": 3})])
def test_a_spoiled_note_of_the_heartbeat_is_as_if_none_was_heard(kept: Kept, text: str) -> None:
    (kept.directory / "heard").write_text(text)
    assert load(kept).heard == LATE


def test_an_expired_certificate_that_was_good_when_heard_stays_good(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    hear(kept, held, certify(ROOT, STRANGER.public, 0, LATE + DAY))
    after = Plane(time=LATE, key=STRANGER)
    hear(kept, held, after.lineage(standing(halted=True)))
    assert not denies(load(kept, own=LATE + 9 * DAY))


def test_a_full_disk_costs_nothing_that_is_heard_and_leaves_no_gap(kept: Kept, plane: Plane) -> None:
    held = load(kept)
    hear(kept, held, plane.lineage(standing(halted=True)))
    records = kept.directory / "records"
    before = records.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            hear(kept, held, plane.lineage(standing()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert records.read_bytes() == before, "no half of a line"
    assert (held.n, denies(held), denies(load(kept))) == (2, True, False), "a restart now would go back by one record"
    hear(kept, held, plane.lineage(standing(halted=True)))
    again = load(kept)
    assert (again.n, again.digest) == (3, held.digest)
    hear(kept, held, plane.lineage(standing()))
    assert denies(load(kept))
