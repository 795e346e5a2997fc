"""The evidence pack: whole, nameless, checkable from its file alone, and no byte of it can change unseen."""

import csv
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import abroad
import house
import pytest

from countermand.access import Role
from countermand.config import Config, Database, standard
from countermand.core.errors import Refused
from countermand.flows.keyring import ledger_lines
from countermand.flows.seal import seal
from countermand.flows.stop import rescind
from countermand.flows.telling import rescind_all
from countermand.lib import keys
from countermand.operations.evidence import check, pack
from countermand.operations.operation import Call
from countermand.reads.evidence_check import CONTENTS
from countermand.reads.report import report
from countermand.store import salts
from countermand.store.unit import unit

Edit = Callable[[dict[str, bytes]], None]


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    made = replace(standard(tmp_path / "state"), database=store, origin="example.org")
    (made.state_dir / "keys").mkdir(parents=True, mode=0o700)
    keys.create(made.state_dir / "keys" / "ledger.key")
    return made


@pytest.fixture
def packed(config: Config, tmp_path: Path) -> Path:
    """An order that was issued, told and rescinded, packed by the auditor."""
    abroad.settle()
    rescind(house.operator(abroad.NOW), house.NAME, "sent-in-error")
    rescind_all(house.worker(abroad.NOW), house.NAME)
    seal(house.worker(abroad.NOW), config.state_dir / "keys" / "ledger.key")
    file = tmp_path / "evidence.zip"
    done = pack(auditor(config), house.NAME, file)
    assert done.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    return file


def auditor(config: Config) -> Call:
    return Call(house.act("aud", Role.AUDITOR, now=abroad.NOW), config)


def rows(file: Path, member: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(file) as found:
        return list(csv.DictReader(io.StringIO(found.read(member).decode())))


def edited(file: Path, place: Path, edit: Edit) -> Path:
    """A copy whose members were changed and whose manifest fits them again."""
    with zipfile.ZipFile(file) as found:
        members = {name: found.read(name) for name in found.namelist()}
    manifest = json.loads(members.pop("manifest.json"))
    edit(members)
    manifest["members"] = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    with zipfile.ZipFile(place, "w") as made:
        for name, data in members.items():
            made.writestr(name, data)
        made.writestr("manifest.json", json.dumps(manifest))
    return place


def test_it_verifies_from_the_file_alone(packed: Path, config: Config) -> None:
    found = check(packed, ledger_lines(config))
    assert (found.directive, found.versions, found.exported_by) == (house.NAME, 1, "aud")
    assert found.signatures == 2
    assert found.entries >= 4
    stranger = ledger_lines(replace(config, origin="elsewhere.org"))
    with pytest.raises(Refused) as refused:
        check(packed, stranger)
    assert refused.value.code == "ledger-checkpoint-unsigned"


def test_its_verdicts_are_those_of_the_report_and_nobody_is_named(packed: Path) -> None:
    found, figures = rows(packed, "devices.csv"), report(house.NAME, abroad.NOW)
    assert len(found) == figures.totals["in scope"]
    assert sum(one["status"] == "noncompliant" for one in found) == figures.totals["noncompliant"] > 0
    assert sum(one["denied"] == "yes" for one in found) == figures.denied
    with zipfile.ZipFile(packed) as whole:
        text = b"".join(whole.read(name) for name in whole.namelist()).decode(errors="replace")
    assert "p00001" not in text
    assert "p00001@example.org" not in text


def test_who_is_forgotten_has_no_name_in_it(config: Config, tmp_path: Path) -> None:
    abroad.settle()
    with unit():
        first, second = (one.hex() for one in salts.commit(["device:0", "device:1"]))
    pack(auditor(config), house.NAME, tmp_path / "one.zip")
    with unit():
        salts.erase(["device:0"])
    pack(auditor(config), house.NAME, tmp_path / "two.zip")
    one, two = ([row["device"] for row in rows(tmp_path / name, "devices.csv")] for name in ("one.zip", "two.zip"))
    assert {first, second} <= set(one)
    assert set(one) - set(two) == {first}
    assert len(one) == len(two)


def test_an_approval_is_checked_with_the_tool_that_made_it(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as found:
        found.extractall(tmp_path / "out")
    given = json.loads((tmp_path / "out/approvals.json").read_text())
    assert {one["operator"] for one in given} == {"petra", "paul"}
    for one in given:
        bundle = hashlib.sha256((tmp_path / f"out/bundles/{one['version']}.json").read_bytes()).hexdigest()
        assert bundle == one["bundle_digest"]
        command = ["ssh-keygen", "-Y", "verify", "-f", "approvals/allowed_signers", "-I", one["operator"], "-n", "countermand"]
        done = subprocess.run(
            [*command, "-s", one["file"]],
            input=bundle,
            text=True,
            cwd=tmp_path / "out",
            check=False,
            capture_output=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr


def _text(members: dict[str, bytes]) -> None:
    members["directive.json"] = members["directive.json"].replace(b"Remove TikTok", b"Remove Signal")


def _without_a_notice(members: dict[str, bytes]) -> None:
    members["notices.csv"] = members["notices.csv"].rpartition(b"\r\n")[0]


def _another_signer(members: dict[str, bytes]) -> None:
    members["approvals.json"] = members["approvals.json"].replace(b'"petra"', b'"peter"')


def _a_stray(members: dict[str, bytes]) -> None:
    members["log/more.txt"] = b"x"


def _without_the_proof(members: dict[str, bytes]) -> None:
    del members[CONTENTS]


@pytest.mark.parametrize("edit", [_text, _without_a_notice, _another_signer, _a_stray, _without_the_proof])
def test_a_change_is_seen_though_the_manifest_was_made_to_fit(packed: Path, config: Config, tmp_path: Path, edit: Edit) -> None:
    changed = edited(packed, tmp_path / "changed.zip", edit)
    with pytest.raises(Refused) as refused:
        check(changed, ledger_lines(config))
    assert refused.value.code in ("evidence-differs", "evidence-damaged")


def test_a_damaged_file_is_refused(packed: Path, config: Config, tmp_path: Path) -> None:
    whole = packed.read_bytes()
    for cut in (b"", whole[: len(whole) // 2], whole[:2000] + b"x" + whole[2001:]):
        (tmp_path / "damaged.zip").write_bytes(cut)
        with pytest.raises(Refused) as refused:
            check(tmp_path / "damaged.zip", ledger_lines(config))
        assert refused.value.code == "evidence-damaged"


def test_only_an_auditor_takes_it_and_nothing_remains_of_a_failed_one(packed: Path, config: Config, tmp_path: Path) -> None:
    before = house.ledger_kinds()
    for who, name, file, code in (
        (house.author(), house.NAME, "a.zip", "not-allowed"),
        (auditor(config).act, "nothing", "b.zip", "not-found"),
        (auditor(config).act, house.NAME, packed.name, "evidence-exists"),
    ):
        with pytest.raises(Refused) as refused:
            pack(Call(who, config), name, tmp_path / file)
        assert refused.value.code == code
    assert {one.name for one in tmp_path.iterdir() if "zip" in one.name} == {packed.name}
    assert house.ledger_kinds() == before
