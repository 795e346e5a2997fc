"""Signatures by SSH keys, with the real ssh-keygen: what verifies, and everything that must not."""

import subprocess
from pathlib import Path

import house
import pytest

from countermand.core.errors import Refused
from countermand.lib import sshsig

DIGEST = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_what_was_signed_verifies_with_its_own_key_alone() -> None:
    signature = sshsig.sign(house.ssh_key("petra"), DIGEST)
    assert sshsig.verifies(house.public_key("petra"), signature, DIGEST)
    assert not sshsig.verifies(house.public_key("paul"), signature, DIGEST)
    assert not sshsig.verifies(house.public_key("petra"), signature, DIGEST[:-1] + "9")
    assert not sshsig.verifies(house.public_key("petra"), signature, DIGEST + "\n")


@pytest.mark.parametrize("signature", ["", "nonsense", "-----BEGIN SSH SIGNATURE-----\n!!\n-----END SSH SIGNATURE-----\n"])
def test_nonsense_verifies_nowhere(signature: str) -> None:
    assert not sshsig.verifies(house.public_key("petra"), signature, DIGEST)


def test_a_signature_for_another_purpose_is_worth_nothing(tmp_path: Path) -> None:
    message = tmp_path / "digest"
    message.write_text(DIGEST)
    command = ["ssh-keygen", "-Y", "sign", "-f", str(house.ssh_key("petra")), "-n", "git", str(message)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    assert not sshsig.verifies(house.public_key("petra"), (tmp_path / "digest.sig").read_text(), DIGEST)


def test_an_auditor_verifies_offline_with_ssh_keygen_alone(tmp_path: Path) -> None:
    (tmp_path / "sig").write_text(sshsig.sign(house.ssh_key("petra"), DIGEST))
    (tmp_path / "signers").write_text(f"petra {house.public_key('petra')}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "petra", "-n", "countermand", "-s", "sig"]
    subprocess.run(command, check=True, input=DIGEST.encode(), capture_output=True, timeout=30, cwd=tmp_path)


def test_a_public_key_is_one_usable_line() -> None:
    whole = house.ssh_key("petra").with_suffix(".pub").read_text()
    assert sshsig.public_key(whole) == " ".join(whole.split()[:2])


@pytest.mark.parametrize("change", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M=", "twice"])
def test_anything_else_is_no_public_key(change: str) -> None:
    whole = house.ssh_key("petra").with_suffix(".pub").read_text()
    with pytest.raises(Refused) as refused:
        sshsig.public_key(whole * 2 if change == "twice" else change)
    assert refused.value.code == "ssh-key-unusable"


def test_an_option_cannot_be_slipped_in_with_a_key() -> None:
    with pytest.raises(Refused):
        sshsig.public_key(f'cert-authority,namespaces="git" {house.public_key("petra")}')


def test_a_key_file_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(Refused) as refused:
        sshsig.sign(tmp_path / "key", DIGEST)
    assert refused.value.code == "signing-failed"
    assert str(tmp_path / "key") in str(refused.value)


def test_without_ssh_keygen_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key, public = house.ssh_key("petra"), house.public_key("petra")
    monkeypatch.setenv("PATH", str(tmp_path))
    for attempt in (lambda: sshsig.sign(key, DIGEST), lambda: sshsig.verifies(public, "", DIGEST)):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "ssh-keygen-missing"


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints() -> None:
    command = ["ssh-keygen", "-l", "-f", str(house.ssh_key("petra")) + ".pub"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    assert sshsig.fingerprint(house.public_key("petra")) in printed.split()
