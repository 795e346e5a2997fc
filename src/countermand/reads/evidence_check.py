"""Checking an evidence pack from its file alone: no database, no account, and no belief in who made it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countermand.core.canonical import digest
from countermand.core.errors import Refused
from countermand.ledger.entry import Entry
from countermand.lib import signatures
from countermand.lib.archive import Archive, BadArchive
from countermand.lib.read_json import read_json
from countermand.reads import ledger

#: The kind of the entry that records an export, and the member that proves that entry.
EXPORTED, CONTENTS = "evidence-exported", "contents.tlog-proof"


@dataclass(frozen=True, slots=True)
class EvidenceChecked:
    """What was found good. ``exported_at``, ``exported_by``: what the ledger says of this pack's making."""

    directive: str
    files: int
    versions: int
    signatures: int
    entries: int
    exported_at: int
    exported_by: str


def contents_of(digests: dict[str, str]) -> str:
    """The digest of what a pack holds, but for the proof of this digest itself."""
    return digest({name: found for name, found in digests.items() if name != CONTENTS})


def check(file: Path, lines: Sequence[str]) -> EvidenceChecked:
    """Check everything in a pack against the ledger's keys. Refused ``evidence-damaged``, ``evidence-differs``,
    ``wrong-signature``, and what ``reads.ledger.check_proof`` refuses."""
    try:
        pack = Archive(file)
        pack.verify()
        made = ledger.check_proof(_text(pack, CONTENTS), lines)[1]
        if made.kind != EXPORTED or made.about.get("contents") != contents_of(pack.digests):
            raise _differs(CONTENTS, "the ledger recorded another content")
        directive = read_json(pack.read("directive.json"))
        if directive["directive"] != made.about.get("lineage"):
            raise _differs("directive.json", "the ledger recorded the export of another directive")
        return EvidenceChecked(
            directive=directive["directive"],
            files=len(pack.digests),
            versions=_versions(pack, directive["versions"]),
            signatures=_signatures(pack, directive["versions"]),
            entries=_entries(pack, lines),
            exported_at=made.at,
            exported_by=made.actor,
        )
    except BadArchive as broken:
        raise Refused("evidence-damaged", file=str(file), why=broken.why) from broken
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as broken:
        raise Refused("evidence-damaged", file=str(file), why=f"a member is not of its form ({broken})") from broken


def _versions(pack: Archive, versions: list[dict[str, Any]]) -> int:
    for one in versions:
        if digest(one["document"]) != one["digest"]:
            raise _differs("directive.json", f"the document of version {one['number']} has another digest")
        member = f"bundles/{one['number']}.json"
        if one["bundle_digest"] and (
            hashlib.sha256(pack.read(member)).hexdigest() != one["bundle_digest"]
            or read_json(pack.read(member))["document"] != one["document"]
        ):
            raise _differs(member, "it is not the bundle of that version")
    return len(versions)


def _signatures(pack: Archive, versions: list[dict[str, Any]]) -> int:
    """Every approval's signature fits its key and digest, and every version that was issued has one over its bundle."""
    given = read_json(pack.read("approvals.json"))
    for one in given:
        if not signatures.verifies(one["public_key"], _text(pack, one["file"]), one["bundle_digest"]):
            raise Refused("wrong-signature", digest=one["bundle_digest"], actor=one["operator"])
    signed = {(one["version"], one["bundle_digest"]) for one in given if not one["void"]}
    for version in versions:
        if version["issued_at"] and (version["number"], version["bundle_digest"]) not in signed:
            raise _differs("approvals.json", f"version {version['number']} was issued and nobody's signature is over its bundle")
    return len(given)


def _entries(pack: Archive, lines: Sequence[str]) -> int:
    proven: list[Entry] = []
    for name in sorted(one for one in pack.digests if one.startswith("log/") and one.endswith(".tlog-proof")):
        proven.append(ledger.check_proof(_text(pack, name), lines)[1])
    listed = [read_json(line) for line in pack.lines("log/entries.ndjson")]
    if [(one["kind"], one["at"], one["about"]) for one in listed] != [(one.kind, one.at, one.about) for one in proven]:
        raise _differs("log/entries.ndjson", "its entries are not those that are proven")
    return len(proven)


def _text(pack: Archive, name: str) -> str:
    return pack.read(name).decode()


def _differs(member: str, why: str) -> Refused:
    return Refused("evidence-differs", member=member, why=why)
