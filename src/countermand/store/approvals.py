"""Approvals as rows: who signed which bundle for what, with the signature and the key that verify offline."""

from dataclasses import dataclass, replace

from countermand.core import lifecycle
from countermand.core.bundle import Bundle, Purpose
from countermand.core.errors import Refused
from countermand.core.guardrails import Signature
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.store import directives, evidence, models
from countermand.store.directives import VersionRow


@dataclass(frozen=True, slots=True)
class Approval:
    """One signature over ``bundle_digest``. ``void``: the text was edited since; kept, and worth nothing. ``expected``: how many
    people its giver expected, by a source of their own."""

    operator: str
    bundle_digest: str
    purpose: Purpose
    signature: str
    public_key: str
    at: Instant
    void: bool
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an approver did not want a version as it was."""

    operator: str
    bundle_digest: str
    why: str
    at: Instant


def add(version: int, approval: Approval) -> None:
    models.Approval.objects.create(
        version_id=version,
        operator=approval.operator,
        bundle_digest=approval.bundle_digest,
        purpose=approval.purpose.value,
        signature=approval.signature,
        public_key=approval.public_key,
        at=approval.at,
        void=approval.void,
        expected=approval.expected,
    )


def of_version(version: int) -> list[Approval]:
    """Every approval of a version, void ones too, in the order in which they were given."""
    rows = models.Approval.objects.filter(version=version).order_by("pk")
    return [
        Approval(
            row.operator, row.bundle_digest, Purpose(row.purpose), row.signature, row.public_key, row.at, row.void, row.expected
        )
        for row in rows
    ]


def refuse(version: int, refusal: Refusal) -> None:
    models.Refusal.objects.create(
        version_id=version,
        operator=refusal.operator,
        bundle_digest=refusal.bundle_digest,
        why=refusal.why,
        at=refusal.at,
    )


def refusals(version: int) -> list[Refusal]:
    """In the order in which they were given."""
    rows = models.Refusal.objects.filter(version=version).order_by("pk")
    return [Refusal(row.operator, row.bundle_digest, row.why, row.at) for row in rows]


def signatures(version: int, purpose: Purpose) -> list[Signature]:
    """The approvals that stand, as the guard rails read them. An account that was closed since does not count."""
    operators = {row.name: row for row in models.Operator.objects.filter(active=True)}
    return [
        Signature(found.operator, found.bundle_digest, found.at, operators[found.operator].may_approve_from)
        for found in of_version(version)
        if not found.void and found.purpose is purpose and found.operator in operators
    ]


def pending(name: str, purpose: Purpose) -> tuple[VersionRow, Bundle]:
    """The version that waits for approvals, and the bundle whose digest is to be signed."""
    if purpose is Purpose.ISSUE:
        row = directives.newest(name)
        if row.state is not State.PROPOSED:
            lifecycle.after(row.state, "issue")
        return row, _bundle(row)
    lineage, issued = directives.known(name), directives.issued(name)
    if issued is None:
        raise Refused("nothing-issued", name=name)
    if lineage.halted_at is None:
        raise Refused("not-halted")
    return issued, replace(_bundle(issued), purpose=Purpose.RESUME, halted_at=lineage.halted_at)


def _bundle(row: VersionRow) -> Bundle:
    """The version's bundle. Refused ``bundle-changed`` unless the rows that will be in force are what it says: its text,
    the document and the expanded ids are stored side by side, and only the first is signed."""
    bundle = Bundle.opened(row.bundle)
    numbers = frozenset().union(*directives.apps_of(row.pk).values())
    apps = frozenset(evidence.apps(numbers).values())
    if (bundle.digest, dict(bundle.document), bundle.apps) != (row.bundle_digest, dict(row.document), apps):
        raise Refused("bundle-changed", digest=row.bundle_digest)
    return bundle
