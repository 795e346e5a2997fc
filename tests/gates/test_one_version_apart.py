"""Gates and control planes one version apart: what an earlier one wrote is read, and what is written now has all that an earlier
one reads. ``golden/`` holds what each released layout wrote: it is added to, never made anew."""

import gzip
import json
from pathlib import Path

import pytest
from pyroaring import BitMap

from countermand.core.decision import Reason
from countermand.core.instants import DAY, SECOND
from countermand.gates.held import Held
from countermand.gates.kept import Kept
from countermand.gates.subject import subject
from countermand.snapshot.format import BODY, MAGIC
from countermand.snapshot.read import Snapshot
from countermand.snapshot.records import Kind, entries_body, logins_body, protected_body, table_body
from countermand.snapshot.signed import parts
from countermand.snapshot.write import Entry
from gate_plane import DUE, ROOT, SECRET, Plane, basic, standing

GOLDEN = sorted(path for path in (Path(__file__).parent / "golden").iterdir())


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What a version wrote, its snapshot unpacked."""
    (tmp_path / "snapshot").write_bytes(gzip.decompress((request.param / "snapshot.gz").read_bytes()))
    (tmp_path / "feed").write_bytes((request.param / "feed").read_bytes())
    return tmp_path


def now(folder: Path) -> tuple[Path, bytes]:
    """The same world as this version writes it."""
    plane = Plane(time=DUE)
    path = plane.snapshot(
        folder / "now",
        devices={("alice", "eas", "BAD1"): 0, ("bob", "eas", "GOOD1"): 70000},
        people={"alice": 0, "bob": 1, "carol": 2},
        protected=["boss"],
        standings=[standing(texts=(("de", "Nein."),))],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0]))],
        unregistered=[Entry("no-tiktok", 0, DUE, BitMap([2]))],
        spoken=[("de", 0, BitMap([0]))],
    )
    hashes = plane.hashes
    devices = table_body([(hashes.identity("dora", "eas", "D1"), 5)], [hashes.identity("bob", "eas", "GOOD1")])
    lines = [
        plane.certificate,
        plane.record(Kind.IDENTITIES, devices, more=True),
        plane.record(Kind.LOGINS, logins_body([(hashes.login("dora"), 3)], [hashes.login("carol")], {3: "de"}), more=True),
        plane.record(Kind.PROTECTED, protected_body([hashes.login("chief")], [hashes.login("boss")]), more=True),
        plane.denials([(DUE, [0, 5])], more=True),
        plane.record(Kind.UNREGISTERED, entries_body("no-tiktok", 0, [(DUE, BitMap([3]))]), more=True),
        plane.lineage(standing(sunset=DUE + 3 * DAY, texts=(("de", "Nein."),))),
        plane.beat(DUE + SECOND),
    ]
    return path, b"".join(lines)


def test_what_an_earlier_version_wrote_is_heard(golden: Path) -> None:
    held = Held(Snapshot(golden / "snapshot", ROOT.public), ROOT.public, SECRET, DUE, 0)
    asked = [("alice", "BAD1"), ("bob", "GOOD1"), ("dora", "D1"), ("dora", "NEW"), ("carol", "NEW"), ("chief", "X")]

    def reasons() -> list[Reason]:
        clocks = held.clocks(DUE + SECOND, SECOND)
        return [held.decide(subject(basic(who).encode(), f"/?DeviceId={id_}&x=".encode()), clocks).reason for who, id_ in asked]

    before = [Reason.DENIED, Reason.NOT_DENIED, Reason.UNREGISTERED, Reason.UNREGISTERED, Reason.UNREGISTERED_DENIED]
    assert reasons() == [*before, Reason.UNREGISTERED]
    for line in (golden / "feed").read_bytes().splitlines(keepends=True):
        held.take(line, DUE, 0)
    after = [Reason.DENIED, Reason.UNREGISTERED, Reason.DENIED, Reason.UNREGISTERED_DENIED, Reason.UNREGISTERED]
    assert reasons() == [*after, Reason.PROTECTED]
    assert held.heard == DUE + SECOND
    assert held.text("no-tiktok", "de").startswith("Remove the app"), "it had English alone"


def test_what_is_kept_by_an_earlier_version_is_taken_up(golden: Path) -> None:
    """A gate that is upgraded starts from the files of the one before."""
    lines = (golden / "feed").read_bytes().splitlines(keepends=True)
    (golden / "records").write_bytes(b"".join(lines[:-1]))
    (golden / "heard").write_text(json.dumps({"own": DUE, "line": lines[-1].decode()}))
    held = Kept(golden, ROOT.public, SECRET).load(DUE, 0)
    assert held is not None
    assert (held.n, held.heard) == (6, DUE + SECOND)


def test_an_earlier_version_finds_all_that_it_reads(golden: Path) -> None:
    """Sections and members are added, never taken away or changed: the earlier one passes over what it does not know."""
    path, feed = now(golden)
    written = [(golden / "snapshot").read_bytes()[:BODY], path.read_bytes()[:BODY]]
    assert all(head.startswith(MAGIC) for head in written)
    earlier, later = (json.loads(parts(head[12:].splitlines(keepends=True)[1])[1]) for head in written)
    assert earlier.keys() <= later.keys()
    assert earlier["sections"].keys() <= later["sections"].keys()
    for section, (start, length) in earlier["sections"].items():
        if section != "standings":
            at, size = later["sections"][section]
            assert path.read_bytes()[at : at + size] == (golden / "snapshot").read_bytes()[start : start + length], section
    said = [[json.loads(parts(line)[1]) for line in lines.splitlines()] for lines in ((golden / "feed").read_bytes(), feed)]
    for was, is_ in zip(*said, strict=True):
        assert was.keys() <= is_.keys()
        assert was.get("body", {}).items() <= is_.get("body", {}).items()
        assert was.get("what") == is_.get("what"), "a kind that an earlier gate does not know would stop it"
