"""The ledger from outside: what happened, the proof of one entry, and computing everything anew."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.flows.accounts import key_file
from countermand.flows.kept import kept_beside
from countermand.flows.keyring import ledger_lines
from countermand.flows.seal import seal as seal_batch
from countermand.operations.operation import Call, operation
from countermand.reads import ledger
from countermand.reads.ledger import Happening, Shown


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything fits. ``unsealed``: committed, and not under a checkpoint yet; no fault by itself."""

    entries: int
    checkpoints: int
    unsealed: int


@dataclass(frozen=True, slots=True)
class EntryProof:
    """``proof``: a .tlog-proof, which stands alone."""

    index: int
    proof: str


@dataclass(frozen=True, slots=True)
class Seal:
    """``note``: the newest checkpoint; '' if nothing waited, or in a rehearsal."""

    sealed: int
    note: str


@operation("GET", "/ledger/entries", "audit")
def list_entries(
    call: Call,
    kind: str = "",
    actor: str = "",
    about: str = "",
    subject: str = "",
    since: Instant = 0,
    before: int | None = None,
    limit: int = 50,
) -> list[Shown]:
    """Entries, newest first. The next page: ``before`` the ``id`` of the last one of this.

    ``about``: entries that name this, such as a directive's id; ``subject``: person:LOGIN or device:ORDINAL."""
    return ledger.entries(
        call.act, kind=kind, actor=actor, mentions=about, subject=subject, since=since, before=before, limit=min(limit, 1_000)
    )


@operation("GET", "/ledger/happenings", "oversee-ledger")
def list_happenings(call: Call, kind: str = "", about: str = "", before: int | None = None, limit: int = 50) -> list[Happening]:
    """What was done, when, by which account, about which directive: newest first, and never to whom. The next page: ``before``
    the ``id`` of the last one of this."""
    return ledger.happenings(call.act, kind=kind, mentions=about, before=before, limit=min(limit, 1_000))


@operation("POST", "/ledger/verify", "audit", again=True)
def verify_ledger(call: Call, lines: list[str] | None = None, kept: list[str] | None = None) -> Verification:
    """Compute everything anew and compare: leaves, tree, signatures. What does not fit is refused by its code.

    ``lines``: verifier lines kept elsewhere, instead of those of every key that this installation signed with; ``kept``:
    checkpoints kept elsewhere. Those that were kept beside the database are looked at in any case, unless other lines are
    named."""
    own = [] if lines else kept_beside(call.config.state_dir)
    found = ledger.verify_live(call.act, lines or ledger_lines(call.config), [*(kept or []), *own])
    if found.problem is not None:
        raise found.problem
    return Verification(found.entries, found.checkpoints, found.unsealed)


@operation("GET", "/ledger/proofs/{index}", "audit")
def prove_entry(call: Call, index: int) -> EntryProof:
    """A proof that one entry is in the ledger."""
    return EntryProof(index, ledger.prove(call.act, index))


@operation("POST", "/ledger/seal", "seal", again=True)
def seal(call: Call, dry_run: bool = False) -> Seal:
    """Seal what was committed and sign a checkpoint now, as the worker does every few seconds."""
    if dry_run:
        return Seal(ledger.waiting(), "")
    sealed, count = None, 0
    while batch := seal_batch(call.act, key_file(call.config.state_dir, "ledger"), state_dir=call.config.state_dir):
        sealed, count = batch, count + batch.count
        if not batch.more:
            break
    return Seal(count, sealed.note if sealed else "")


OPERATIONS = (list_entries, list_happenings, verify_ledger, prove_entry, seal)
