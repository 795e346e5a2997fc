"""Key files: made once, readable by their owner alone, and never mistaken for one another."""

import os
import subprocess
from pathlib import Path

import pytest

from countermand.lib import drafts
from countermand.lib.keys import (
    BadKeyFile,
    create,
    from_seed,
    load,
    load_or_create,
    load_or_create_secret,
    load_public,
    load_secret,
    public_from_text,
)


def test_the_standards_first_vector() -> None:
    """RFC 8032 §7.1, test 1."""
    key = from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901")
    assert key.public.verifies(key.sign(b""), b"")
    assert not key.public.verifies(key.sign(b""), b"x")
    assert not key.public.verifies(b"short", b"")


def test_a_key_file_is_made_once_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "feed.key"
    made = create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load(path).seed == load_or_create(path).seed == made.seed
    assert load_public(path.with_name("feed.key.pub")) == made.public == public_from_text(made.public.text)
    with pytest.raises(BadKeyFile, match="key-exists"):
        create(path)


def test_what_a_death_left_of_a_key_is_made_whole(tmp_path: Path) -> None:
    """It was killed between the two halves; the private one decides."""
    path = tmp_path / "feed.key"
    made = create(path)
    path.with_name("feed.key.pub").unlink()
    assert load_or_create(path).seed == made.seed
    assert load_public(path.with_name("feed.key.pub")) == made.public


def test_no_second_key_is_made_beside_a_public_half_that_somebody_trusts(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    create(path)
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(BadKeyFile, match="key-exists"):
        load_or_create(path)
    assert not path.exists()


def test_drafts_of_the_dead_are_taken_away_and_those_of_the_living_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    for number in (dead.pid, os.getpid(), os.getppid()):
        (tmp_path / f".s.abc.{number}.draft").write_text("half")
    with drafts.draft(tmp_path / "t") as file:
        file.write(b"whole")
        assert len(list(tmp_path.glob(".t.*.draft"))) == 1
        drafts.write(tmp_path / "u", "while the other is being written")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".s.abc.{os.getppid()}.draft", "t", "u"]
    assert (tmp_path / "t").read_bytes() == b"whole"


def test_a_draft_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    drafts.write(tmp_path / "t", "before")
    with pytest.raises(TypeError), drafts.draft(tmp_path / "t") as file:
        file.write("no bytes")  # type: ignore[arg-type]
    with pytest.raises(FileExistsError):
        drafts.write(tmp_path / "t", "after", new=True)
    assert [path.name for path in tmp_path.iterdir()] == ["t"]
    assert (tmp_path / "t").read_text() == "before"


def test_a_key_never_prints_itself(tmp_path: Path) -> None:
    made = create(tmp_path / "k")
    assert made.seed.hex() not in repr(made)
    assert "key=" not in repr(made)


@pytest.mark.parametrize(
    "text", ["", "x", "ed25519-private", "ed25519-private !!!", "ed25519-private YWJj", "secret " + "A" * 43 + "="]
)
def test_damaged_files_are_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BadKeyFile, match="key-damaged"):
        load(path)


def test_missing_and_readable_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadKeyFile, match="key-missing"):
        load(tmp_path / "none")
    create(tmp_path / "k")
    (tmp_path / "k").chmod(0o640)
    with pytest.raises(BadKeyFile, match="key-readable"):
        load(tmp_path / "k")


def test_a_private_key_is_no_public_one_and_no_secret(tmp_path: Path) -> None:
    create(tmp_path / "k")
    for read in (load_public, load_secret):
        with pytest.raises(BadKeyFile, match="key-damaged"):
            read(tmp_path / "k")


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = load_or_create_secret(tmp_path / "s")
    assert len(first) == 32
    assert load_or_create_secret(tmp_path / "s") == load_secret(tmp_path / "s") == first
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600


def test_a_public_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        public_from_text("YWJj")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give away what it wrote")
def test_what_root_writes_belongs_to_whom_the_folder_belongs_to(tmp_path: Path) -> None:
    """An operator at three in the morning is root, and the service is not."""
    os.chown(tmp_path, 10_001, 10_002)
    create(tmp_path / "keys" / "feed.key")
    found = [tmp_path / "keys", *(tmp_path / "keys").iterdir()]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in found} == {(10_001, 10_002)}
    assert len(found) == 3
