"""What is in an evidence pack: one directive from its text to its last entry in the ledger, for whoever audits it.

Nobody is named in it: people and devices stand as the commitments by which the ledger names them; whom it does not name, or
whose salt is erased, has no name here either. It never holds a list of apps, only verdicts and how they are known.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from pyroaring import BitMap

from countermand.access import Act, require
from countermand.config import Config
from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE
from countermand.core.handover import as_if_denying, in_force
from countermand.core.instants import Instant, iso
from countermand.core.terms import Lineage, needs
from countermand.core.timeline import denied_at, timeline
from countermand.core.verdict import STATUS_OF, Status, judge
from countermand.ledger.entry import commitment, decode
from countermand.lib import passkeys
from countermand.lib.sheets import sheet
from countermand.reads import ledger
from countermand.reads.evidence_words import NOT_PROVEN, README
from countermand.reads.report import report
from countermand.store import approvals, directives, directory, exemptions, fleet, salts, sets, tellings, terms, tree
from countermand.store.health import health
from countermand.store.unit import reading

Member = tuple[str, Iterable[bytes]]
_AT_ONCE = 2_000


def members(act: Act, name: str, lines: Sequence[str], config: Config) -> Iterator[Member]:
    """Every file of the pack, by its name. ``lines``: the verifier lines of the ledger's keys. Refused ``not-found``."""
    require(act.actor, "audit")
    directives.known(name)
    yield "README.txt", [README.format(directive=name, origin=config.origin, not_proven=NOT_PROVEN).encode()]
    with reading():
        yield from _texts(name)
        yield "exemptions.json", [_json(_exemptions(name))]
        lineage = terms.on_record(name)
        if lineage is not None:
            yield "metrics.json", [_json(_figures(name, act.now))]
            yield "devices.csv", _devices(lineage, act.now)
        yield "notices.csv", _notices(name)
        yield "log/keys.txt", ["".join(f"{line}\n" for line in lines).encode()]
        yield from _entries(act, name)


def _texts(name: str) -> Iterator[Member]:
    """The versions, the bundles as they were signed, and the signatures."""
    row, versions = directives.known(name), directives.versions(name)
    plain = [
        {
            "number": one.number,
            "state": one.state.value,
            "digest": one.digest,
            "bundle_digest": one.bundle_digest,
            "authors": sorted(one.authors),
            "written_at": iso(one.written_at),
            "issued_at": _moment(one.issued_at),
            "ceiling": one.ceiling,
            "text": one.text,
            "document": dict(one.document),
        }
        for one in versions
    ]
    standing = {"halted_at": _moment(row.halted_at), "ended_at": _moment(row.ended_at), "ground": row.ground}
    yield "directive.json", [_json({"directive": name, **standing, "versions": plain})]
    given, signers, keys = [], set[str](), set[str]()
    for one in versions:
        if one.bundle:
            yield f"bundles/{one.number}.json", [one.bundle.encode()]
        for number, found in enumerate(approvals.of_version(one.pk)):
            file = f"approvals/{one.number}-{number}.sig"
            yield file, [found.signature.encode()]
            if passkeys.is_key(found.public_key):
                keys.add(f"{found.operator} {found.public_key}\n")
            else:
                signers.add(f'{found.operator} namespaces="countermand" {found.public_key}\n')
            about = asdict(found) | {"purpose": found.purpose.value, "at": iso(found.at), "file": file, "version": one.number}
            given.append({key: value for key, value in about.items() if key != "signature"})
    yield "approvals.json", [_json(given)]
    yield "approvals/allowed_signers", ["".join(sorted(signers)).encode()]
    yield "approvals/passkeys", ["".join(sorted(keys)).encode()]


def _figures(name: str, now: Instant) -> Any:
    found = report(name, now)
    return {
        "at": iso(now),
        "telling": asdict(found.telling),
        "totals": dict(found.totals),
        "unknown": {reason.value: count for reason, count in found.unknown.items()},
        "denied": found.denied,
        "not_deniable": found.not_deniable,
        "protected": found.protected,
        "nobodys": found.nobodys,
    }


def _exemptions(name: str) -> list[dict[str, Any]]:
    rows = exemptions.of_lineage(name)
    known = salts.load(f"person:{one.target}" for one in rows if one.kind == "person")
    return [
        {
            "kind": one.kind,
            "target": _whom(known, f"person:{one.target}") if one.kind == "person" else one.target if one.kind == "group" else "",
            "ground": one.ground,
            "until": iso(one.until),
            "proposed_by": one.proposed_by,
            "agreed_by": one.agreed_by,
            "ended_at": _moment(one.ended_at),
        }
        for one in rows
    ]


def _devices(lineage: Lineage, now: Instant) -> Iterator[bytes]:
    """One line for each device in scope: its verdict as of now, the reason, and whether it is denied."""
    columns = ("device", "owner", "platform", "ownership", "status", "reason", "denied")
    yield sheet(columns, []).encode()
    foreseen, contacts = as_if_denying(lineage), health(now).contacts
    for number in sets.blocks(sets.DEVICES):
        block = sets.load(sets.DEVICES, number, *needs(foreseen))
        due = denied_at(timeline(block, foreseen), now) if in_force(lineage, now) else BitMap()
        denied = due & block[facts.DENIABLE]
        for reason, found in judge(block, lineage, contacts, now).by_reason.items():
            if STATUS_OF[reason] is not Status.NOT_APPLICABLE:
                for part in _parts([number * BLOCK_SIZE + offset for offset in found]):
                    cells = (STATUS_OF[reason].value, reason.value)
                    yield _rows([(*one, *cells, "yes" if at % BLOCK_SIZE in denied else "no") for at, one in _said(part)])


def _said(ordinals: Sequence[int]) -> Iterator[tuple[int, tuple[str, ...]]]:
    rows = fleet.load(ordinals)
    logins = directory.logins({one.owner for one in rows.values() if one.owner is not None})
    known = salts.load([*(f"device:{one}" for one in rows), *(f"person:{one}" for one in logins.values())])
    for ordinal, row in sorted(rows.items()):
        owner = logins.get(row.owner) if row.owner is not None else None
        whose = _whom(known, f"person:{owner}") if owner else ""
        yield ordinal, (_whom(known, f"device:{ordinal}"), whose, row.platform.value, row.ownership.value)


def _notices(name: str) -> Iterator[bytes]:
    """One line for each notice of any version: to whom, what became of it, and the due that it stated."""
    columns = ("version", "person", "kind", "occurrence", "state", "promised_at", "settled_at", "stated_due", "attempts")
    yield sheet((*columns, "may_have_arrived"), []).encode()
    rows = tellings.history(name)
    while part := list(islice(rows, _AT_ONCE)):
        known = salts.load({f"person:{one.login}" for one in part})
        yield _rows(
            [
                (
                    one.version, _whom(known, f"person:{one.login}"), one.kind, one.occurrence, one.state,
                    iso(one.promised_at), _moment(one.settled_at), _moment(one.stated_due), one.attempts,
                    "yes" if one.reached else "no",
                )
                for one in part
            ]
        )  # fmt: skip


def _entries(act: Act, name: str) -> Iterator[Member]:
    """The entries that name the directive, each as it was hashed, and for each that is sealed the proof that it stands alone."""
    leaves: list[int] = []

    def lines() -> Iterator[bytes]:
        for row in tree.sealed():
            if ledger.mentions_in(decode(row.entry).about, name):
                leaves.append(row.leaf or 0)
                yield row.entry + b"\n"

    yield "log/entries.ndjson", lines()
    for leaf in leaves:
        yield f"log/{leaf:09d}.tlog-proof", [ledger.prove(act, leaf).encode()]


def _whom(known: dict[str, bytes], subject: str) -> str:
    salt = known.get(subject)
    return commitment(salt, subject).hex() if salt else ""


def _rows(rows: Sequence[Sequence[object]]) -> bytes:
    """Rows below a head that was written before."""
    return sheet((), rows).partition("\r\n")[2].encode()


def _parts(ordinals: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ordinals[start : start + _AT_ONCE] for start in range(0, len(ordinals), _AT_ONCE))


def _moment(at: Instant | None) -> str | None:
    return None if at is None else iso(at)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
