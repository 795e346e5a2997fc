"""The file that gates answer from: what goes in comes out, and no changed byte goes unnoticed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from countermand.core.errors import Refused
from countermand.snapshot import write as writing
from countermand.snapshot.format import BODY
from countermand.snapshot.hashes import Hashes
from countermand.snapshot.read import Snapshot
from countermand.snapshot.signed import NOTHING_BEFORE, certify, sign
from countermand.snapshot.write import Contents, Entry, Stamp, write
from gate_plane import DUE, FEED, ROOT, SECRET, STRANGER, Plane, standing

numbers = st.integers(0, 2**64 - 1)
# Neighbours and the ends of prefixes are where a search goes wrong.
near = numbers | st.sampled_from([0, 1, 2**48 - 1, 2**48, 2**48 + 1, 2**58 - 1, 2**58, 2**64 - 2, 2**64 - 1])
ordinals = st.integers(0, 2**32 - 1)


def made(path: Path, **contents: object) -> Path:
    values: dict[str, object] = {
        "identities": [],
        "logins": [],
        "protected": [],
        "standings": [],
        "denials": [],
        "unregistered": [],
    }
    certificate = certify(ROOT, FEED.public, 0, 10**14)
    write(path, Stamp(1, 5, NOTHING_BEFORE, DUE, "id"), Contents(**(values | contents)), FEED, certificate)  # type: ignore[arg-type]
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    known=st.dictionaries(near, ordinals, max_size=80), others=st.lists(near, max_size=30), kept=st.sampled_from([24, 1 << 18])
)
def test_tables_find_what_is_there_and_nothing_else(tmp_path: Path, known: dict[int, int], others: list[int], kept: int) -> None:
    """Whether they were sorted in memory or in files."""
    path = tmp_path / "s"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "_KEPT", kept)
        made(path, identities=list(known.items()), logins=list(known.items()), protected=list(known))
    found = Snapshot(path, ROOT.public)
    for number, ordinal in known.items():
        assert found.identities.find(number) == found.logins.find(number) == ordinal
    for number in [*others, *(number ^ 1 for number in known)]:
        assert found.identities.find(number) == known.get(number)
    assert found.protected == frozenset(known)
    assert len(found.identities) == len(known)


def test_a_name_of_two_devices_is_nobodys(tmp_path: Path) -> None:
    found = Snapshot(made(tmp_path / "s", identities=[(7, 1), (7, 2), (8, 3), (8, 3)]), ROOT.public)
    assert (found.identities.find(7), found.identities.find(8)) == (None, 3)


def test_lineages_and_denials_come_out_as_they_went_in(tmp_path: Path) -> None:
    entries = [Entry("b", 3, 20, BitMap([65535])), Entry("a", 0, 9, BitMap([1, 2])), Entry("b", 3, 10, BitMap(range(1000)))]
    rows = [standing("a", sunset=DUE), standing("b", text="Zeile\n„zwei“")]
    found = Snapshot(made(tmp_path / "s", denials=entries, unregistered=entries[:1], standings=rows), ROOT.public)
    assert found.standings == rows
    assert found.denials == {"a": {0: [(9, BitMap([1, 2]))]}, "b": {3: [(10, BitMap(range(1000))), (20, BitMap([65535]))]}}
    assert found.unregistered == {"b": {3: [(20, BitMap([65535]))]}}
    assert (found.header.epoch, found.header.n, found.header.time) == (1, 5, DUE)


def small(path: Path) -> bytes:
    return made(path, identities=[(i * 2**40, i) for i in range(50)], standings=[standing()]).read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return small(tmp_path_factory.mktemp("snapshot") / "s")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found(tmp_path: Path, whole: bytes, data: st.DataObject) -> None:
    path = tmp_path / "s"
    signed = whole.index(b"\0" * 64)  # between the head and the body lies unsigned padding, which nobody reads
    place = data.draw(st.integers(0, signed - 1) | st.integers(BODY, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    with pytest.raises(Refused) as caught:
        Snapshot(path, ROOT.public)
    assert caught.value.code in {"snapshot-damaged", "snapshot-forged"}
    assert caught.value.sentence


@pytest.mark.parametrize("length", [0, 7, 8, 11, 100, BODY - 1, BODY, BODY + 8, -1])
def test_a_file_cut_short_is_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "s"
    path.write_bytes(small(path)[:length])
    with pytest.raises(Refused) as caught:
        Snapshot(path, ROOT.public)
    assert caught.value.code == "snapshot-damaged"


def test_a_file_grown_longer_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(small(path) + b"\0")
    with pytest.raises(Refused):
        Snapshot(path, ROOT.public)


def test_a_file_of_another_root_is_forged(tmp_path: Path) -> None:
    path = made(tmp_path / "s")
    with pytest.raises(Refused) as caught:
        Snapshot(path, STRANGER.public)
    assert caught.value.code == "snapshot-forged"


def test_a_record_is_no_header(tmp_path: Path) -> None:
    """Every signed value names its kind: something else that the feed key signed cannot stand in for a header."""
    path = made(tmp_path / "s")
    whole = path.read_bytes()
    lines = certify(ROOT, FEED.public, 0, 10**14) + sign(FEED, {"kind": "record"})
    path.write_bytes(whole[:8] + len(lines).to_bytes(4, "little") + lines + whole[12 + len(lines) :])
    with pytest.raises(Refused) as caught:
        Snapshot(path, ROOT.public)
    assert caught.value.code == "snapshot-forged"


def test_it_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    before = small(tmp_path / "s")

    def breaks() -> object:
        yield 1, 1
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        made(tmp_path / "s", identities=breaks())
    assert (tmp_path / "s").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_names_depend_on_secret_epoch_person_and_kind() -> None:
    one = Hashes(SECRET, 1)
    found = {
        one.identity("a", "eas", "x"),
        one.identity("a", "cert", "x"),
        one.identity("b", "eas", "x"),
        one.identity("a", "eas", "y"),
        one.login("a"),
        Hashes(SECRET, 2).identity("a", "eas", "x"),
        Hashes(b"o" * 32, 1).identity("a", "eas", "x"),
    }
    assert len(found) == 7
    assert one.identity("a", "eas", "x") == Hashes(SECRET, 1).identity("a", "eas", "x")
    assert one.key_id != Hashes(SECRET, 2).key_id


def test_writing_is_bounded_plane(tmp_path: Path) -> None:
    """Generators are read once and in order: nothing asks for a length or reads twice."""
    plane = Plane()
    path = plane.snapshot(tmp_path / "s", devices={("a", "eas", str(i)): i for i in range(3_000)})
    assert len(Snapshot(path, ROOT.public).identities) == 3_000
