"""Entries, checkpoints and the export directory: the formats, and that no byte of an export can change unseen."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.ledger.checkpoint import Checkpoint, Verifier, opened, sign, verifier
from countermand.ledger.entry import MOST_LISTED, Entry, batch_of, commitment, decode, encode, make
from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import grow, leaf_hash, root_of
from countermand.ledger.proofs import prove_inclusion
from countermand.ledger.prooftext import Proof
from countermand.ledger.tiles import Tile, Tiler, bundle, layout, unbundle, write
from countermand.ledger.verify import verify_export, verify_proof
from countermand.lib.keys import from_seed

KEY, OTHER = from_seed(bytes(range(32))), from_seed(bytes(32))
ORIGIN = "ledger.example.org"
TRUSTED = [Verifier(ORIGIN, KEY.public)]


def code_of(act: Callable[[], object]) -> str | None:
    try:
        act()
    except LedgerProblem as problem:
        return problem.code
    return None


def entries_of(count: int) -> list[bytes]:
    return [encode(make("tried", number, "ann", {"n": number}, [])) for number in range(count)]


def exported(directory: Path, entries: list[bytes]) -> str:
    root = root_of([leaf_hash(one) for one in entries])
    note = sign(Checkpoint(ORIGIN, len(entries), root), KEY)
    write(directory, note, len(entries), root, entries)
    return note


# -- entries --


def test_an_entry_is_canonical_and_reads_back() -> None:
    entry = make("halted", 5, "ann", {"z": 1, "a": "é"}, [b"\x02" * 32, b"\x01" * 32])
    made = encode(entry)
    head = '{"about":{"a":"é","z":1},"actor":"ann","at":5,"kind":"halted","subjects":["'
    assert made == f'{head}{"01" * 32}","{"02" * 32}"],"v":1}}'.encode()
    assert decode(made) == entry


def test_many_subjects_become_one_commitment_in_any_order() -> None:
    many = [commitment(bytes([number % 256]) * 32, f"person:{number}") for number in range(MOST_LISTED + 1)]
    entry = make("issued", 1, "ann", {}, many)
    assert entry.subjects == ()
    assert entry.batch == batch_of(many[::-1])
    assert entry.batch != batch_of(many[1:])
    assert decode(encode(entry)) == entry
    assert make("issued", 1, "ann", {}, many[1:]).batch is None


@pytest.mark.parametrize("about", [{"x": "y" * 70_000}, {"x": {1, 2}}, {"x": 2**53}, {"x": float("nan")}])
def test_what_no_entry_can_hold_is_refused(about: dict[str, object]) -> None:
    assert code_of(lambda: encode(Entry("k", 1, "ann", about))) == "ledger-entry-unfit"


@pytest.mark.parametrize("made", [b"", b"[]", b'{"v":1}', b"\xff", encode(Entry("k", 1, "a", {})) + b" "])
def test_only_canonical_entries_are_read(made: bytes) -> None:
    assert code_of(lambda: decode(made)) == "ledger-entry-unreadable"


# -- checkpoints --


def test_a_note_of_the_specification_opens() -> None:
    """The vector that golang.org/x/mod/sumdb/note is documented with: key id, signature and verifier line."""
    line = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    found = verifier(line)
    assert (found.id.hex(), found.line) == ("c74f20a3", line)
    signed = base64.b64decode("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    assert signed[:4] == found.id
    assert found.key.verifies(signed[4:], text.encode())


def test_a_checkpoint_is_a_signed_note_of_three_lines() -> None:
    checkpoint = Checkpoint(ORIGIN, 7, b"\x01" * 32)
    note = sign(checkpoint, KEY)
    text, _, line = note.partition("\n\n")
    assert text == f"{ORIGIN}\n7\n{base64.b64encode(bytes([1]) * 32).decode()}"
    assert line.startswith(f"— {ORIGIN} ")
    assert opened(note, TRUSTED) == checkpoint


def test_witnesses_are_passed_over_and_strangers_not_believed() -> None:
    checkpoint = Checkpoint(ORIGIN, 7, b"\x01" * 32)
    note = sign(checkpoint, KEY)
    witnessed = note + sign(Checkpoint("witness.example", 7, b"\x01" * 32), OTHER).partition("\n\n")[2]
    assert opened(witnessed, TRUSTED) == checkpoint
    assert code_of(lambda: opened(sign(checkpoint, OTHER), TRUSTED)) == "ledger-checkpoint-unsigned"
    assert code_of(lambda: opened(note.replace("\n7\n", "\n8\n"), TRUSTED)) == "ledger-checkpoint-forged"
    assert code_of(lambda: opened(note, [Verifier("else.example", KEY.public)])) == "ledger-checkpoint-unsigned"


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\nb"])
def test_an_origin_that_no_note_can_carry(origin: str) -> None:
    assert code_of(lambda: sign(Checkpoint(origin, 0, bytes(32)), KEY)) == "ledger-origin-unfit"


@given(st.text(), st.integers(0, 200))
def test_a_note_read_from_anywhere_is_read_or_refused_by_code(noise: str, at: int) -> None:
    note = sign(Checkpoint(ORIGIN, 7, b"\x01" * 32), KEY)
    for text in (noise, note[:at] + noise + note[at:]):
        assert code_of(lambda text=text: opened(text, TRUSTED)) in {
            None,
            "ledger-checkpoint-malformed",
            "ledger-checkpoint-forged",
            "ledger-checkpoint-unsigned",
        }


# -- tiles --


def test_paths_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067, 256).path == "tile/0/x001/x234/067"
    assert Tile(None, 0, 7).path == "tile/entries/000.p/7"
    assert [tile.path for tile in layout(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    widths: dict[int, list[int]] = {}
    for tile in layout(70_000):
        if tile.level is not None:
            widths.setdefault(tile.level, []).append(tile.width)
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}


@given(st.lists(st.binary(max_size=40), max_size=9))
def test_bundles_read_back_exactly(entries: list[bytes]) -> None:
    packed = bundle(entries)
    assert unbundle(packed, len(entries)) == entries
    for wrong in (packed + b"\0", packed[:-1]):
        if wrong != packed:
            assert code_of(lambda wrong=wrong: unbundle(wrong, len(entries))) == "ledger-file-damaged"


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_800])
def test_tiles_grow_to_the_root_and_to_the_layout(size: int) -> None:
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]
    tiler = Tiler()
    found = [tile for leaf in leaves for tile, _ in tiler.add(leaf)]
    found += [tile for tile, _ in tiler.partial()]
    assert tiler.root() == root_of(leaves)
    assert sorted(tile.path for tile in found) == sorted(tile.path for tile in layout(size) if tile.level is not None)


# -- the export as a whole --


@pytest.mark.parametrize("count", [1, 3, 256, 300, 513])
def test_an_export_verifies_and_contains_what_was_signed_before(tmp_path: Path, count: int) -> None:
    entries = entries_of(count)
    before = exported(tmp_path / "before", entries[: count // 2 + 1])
    exported(tmp_path / "now", entries)
    assert verify_export(tmp_path / "now", TRUSTED, [before]).size == count


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    exported(tmp_path, entries_of(5))
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert [path.relative_to(tmp_path).as_posix() for path in files] == [
        "checkpoint",
        "tile/0/000.p/5",
        "tile/entries/000.p/5",
    ]
    for path in files:
        good = path.read_bytes()
        for at in range(len(good)):
            for mask in (0x01, 0x20, 0x80):
                path.write_bytes(good[:at] + bytes([good[at] ^ mask]) + good[at + 1 :])
                assert code_of(lambda: verify_export(tmp_path, TRUSTED)), f"{path} byte {at} ^ {mask:#x}"
        for changed in (good[:-1], good[1:], good + b"\0", good + good, b""):
            path.write_bytes(changed)
            assert code_of(lambda: verify_export(tmp_path, TRUSTED)), f"{path} changed in length"
        path.write_bytes(good)
    assert code_of(lambda: verify_export(tmp_path, TRUSTED)) is None


def test_whole_files_cannot_go_come_or_swap(tmp_path: Path) -> None:
    exported(tmp_path, entries_of(520))
    for path in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        good = path.read_bytes()
        path.unlink()
        assert code_of(lambda: verify_export(tmp_path, TRUSTED)) == "ledger-file-missing"
        path.write_bytes(good)
    stray = tmp_path / "tile" / "0" / "003"
    stray.write_bytes(b"")
    assert code_of(lambda: verify_export(tmp_path, TRUSTED)) == "ledger-file-stray"
    stray.unlink()
    for room in ("0", "entries"):
        one, two = (tmp_path / "tile" / room / name for name in ("000", "001"))
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)
        assert code_of(lambda: verify_export(tmp_path, TRUSTED)) == "ledger-file-damaged"
        one.write_bytes(first)
        two.write_bytes(second)


def test_who_holds_the_key_still_cannot_rewrite_what_somebody_kept(tmp_path: Path) -> None:
    entries = entries_of(6)
    kept = exported(tmp_path / "kept", entries[:4])
    exported(tmp_path / "shorter", entries[:3])
    assert code_of(lambda: verify_export(tmp_path / "shorter", TRUSTED, [kept])) == "ledger-truncated"
    for number, other in enumerate(([entries[1], entries[0], *entries[2:]], entries[:2] + entries[3:] + entries[:1])):
        exported(tmp_path / str(number), other)
        assert verify_export(tmp_path / str(number), TRUSTED).size == len(other)
        assert code_of(lambda n=number: verify_export(tmp_path / str(n), TRUSTED, [kept])) == "ledger-history-differs"


def test_an_export_is_not_written_over_something(tmp_path: Path) -> None:
    exported(tmp_path, entries_of(2))
    assert code_of(lambda: exported(tmp_path, entries_of(3))) == "ledger-export-occupied"


def test_entries_that_do_not_make_the_root_get_no_checkpoint(tmp_path: Path) -> None:
    assert code_of(lambda: write(tmp_path, "note", 2, bytes(32), entries_of(2))) == "ledger-root-differs"
    assert not (tmp_path / "checkpoint").exists()


# -- one entry's proof --


def proof_of(index: int, entries: list[bytes]) -> str:
    leaves = [leaf_hash(one) for one in entries]
    stored = grow(0, {}, leaves)
    note = sign(Checkpoint(ORIGIN, len(entries), root_of(leaves)), KEY)
    path = prove_inclusion(index, len(entries), lambda nodes: {node: stored[node] for node in nodes})
    return Proof(entries[index], index, tuple(path), note).text


def test_a_proof_stands_alone_and_no_byte_of_it_can_change() -> None:
    entries = entries_of(5)
    text = proof_of(3, entries)
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra ")
    proof, checkpoint = verify_proof(text, TRUSTED)
    assert (proof.entry, proof.index, checkpoint.size) == (entries[3], 3, 5)
    for at in range(len(text)):
        changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
        assert code_of(lambda changed=changed: verify_proof(changed, TRUSTED)), f"character {at}"


def test_a_proof_of_a_tree_of_one() -> None:
    assert verify_proof(proof_of(0, entries_of(1)), TRUSTED)[0].index == 0
