"""Evidence as one file: written, recorded in the ledger, and closed by the proof of that record.

It is written where the command runs or streamed to a browser; there is no operation of the API that holds a whole pack.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from countermand.access import SYSTEM
from countermand.core.errors import Refused
from countermand.flows.accounts import key_file
from countermand.flows.evidence import evidence_exported
from countermand.flows.keyring import ledger_lines
from countermand.flows.seal import seal
from countermand.lib.archive import Writing
from countermand.operations.operation import Call
from countermand.reads import evidence_pack, ledger
from countermand.reads.evidence_check import CONTENTS, EXPORTED, EvidenceChecked, check, contents_of

__all__ = ["EvidenceChecked", "Packed", "check", "pack"]


@dataclass(frozen=True, slots=True)
class Packed:
    """``sha256``: of the whole file; ``leaf``: the entry of the ledger that records the export."""

    file: str
    files: int
    leaf: int
    sha256: str


def pack(call: Call, directive: str, file: Path) -> Packed:
    """Write the pack. Everything sealed so far is in it, so what waits is sealed first. Refused ``not-found``,
    ``evidence-exists``, ``evidence-unsealed``. Nothing of the file remains if it fails."""
    if file.exists():
        raise Refused("evidence-exists", file=str(file))
    lines = ledger_lines(call.config)
    _seal(call)
    writing = Writing(file)
    try:
        for name, parts in evidence_pack.members(call.act, directive, lines, call.config):
            writing.add(name, parts)
            call.tick(1)
        contents = contents_of(writing.digests)
        evidence_exported(call.act, directive, contents)
        _seal(call)
        leaf = _leaf(call, contents)
        writing.add(CONTENTS, [ledger.prove(call.act, leaf).encode()])
        sha256 = writing.finish({"form": "countermand/evidence/v1", "directive": directive, "origin": call.config.origin})
    except BaseException:
        writing.abandon()
        raise
    return Packed(str(file), len(writing.digests), leaf, sha256)


def _seal(call: Call) -> None:
    """As the worker does: whoever exports need not be one who may seal."""
    act, state = replace(call.act, actor=SYSTEM), call.config.state_dir
    while (batch := seal(act, key_file(state, "ledger"), state_dir=state)) and batch.more:
        pass


def _leaf(call: Call, contents: str) -> int:
    found = ledger.entries(call.act, kind=EXPORTED, mentions=contents, limit=1)
    if not found or found[0].leaf is None:
        raise Refused("evidence-unsealed")
    return found[0].leaf
