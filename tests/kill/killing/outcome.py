"""What a world has come to, but for numbers and times: two runs that end in the same outcome are the same to people."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from django.db import connection
from pyroaring import BitMap

from killing.replay import entries, said
from killing.world import Gate, World

#: Entries of which there is one per chunk or batch; what they add up to is compared, not how it was divided.
_IN_PARTS = {"notices-promised", "corrections-promised", "notices-handed-over", "verdicts-changed"}
_INSTANT = re.compile(r"^\d{13}$")

_ROWS = {
    "lineages": "SELECT id, halted_at IS NULL, ended_at IS NULL, ground, corrected FROM store_lineage",
    "versions": "SELECT lineage_id, number, state, bundle_digest, issued_at IS NULL, ceiling, issue_done FROM store_version",
    "approvals": "SELECT version_id, operator, bundle_digest, purpose, void FROM store_approval",
    "told": "SELECT version_id, person_id, due FROM store_told",
    "notices": "SELECT version_id, person_id, kind, occurrence, state, reached, stated_due, message_id FROM store_notice",
    "looked": "SELECT device_id, source, grade, observed_at FROM store_looked",
    "shown": "SELECT device_id, shown FROM store_applist",
    "rings": 'SELECT lineage_id, person_id, "index" FROM store_ringmember',
    "owners": "SELECT ordinal, owner_id, ownership, retired FROM store_device",
    "people": "SELECT ordinal, login, email, country, zone, active FROM store_person",
    "members": "SELECT group_id, person_id, held IS NULL FROM store_membership",
    "provisioned": "SELECT person_id, said, user_name, former, gone FROM store_provisioned",
    "names": "SELECT device_id, kind, value FROM store_identity",
    "bindings": "SELECT device_id, person_id, since IS NULL FROM store_binding",
    "salts": "SELECT subject FROM store_salt",
    "protected": "SELECT login, agreed_by, ended_at IS NULL FROM store_protectedlogin",
    "exemptions": "SELECT kind, target, agreed_by, ended_at IS NULL FROM store_exemption",
    "held": "SELECT kind, source, why FROM store_held",
    "installation": "SELECT drill, epoch > 1 FROM store_installation",
}


def outcome(world: World) -> dict[str, list[str]]:
    """Per subject, sorted lines."""
    found: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for name, sql in _ROWS.items():
            cursor.execute(sql)
            found[name] = [_plain_row(row) for row in cursor.fetchall()]
        cursor.execute("SELECT block, bitmap FROM store_factset WHERE space = 'o'")
        found["packed owners"] = [[block, hashlib.sha256(bytes(packed)).hexdigest()] for block, packed in cursor.fetchall()]
        cursor.execute("SELECT space, name, block, bitmap FROM store_factset WHERE space <> 'o'")
        found["sets"] = [
            [space, name, block, list(BitMap.deserialize(bytes(bits)))] for space, name, block, bits in cursor.fetchall()
        ]
        cursor.execute("SELECT id, promised FROM store_version")
        found["promised"] = [
            [number, list(BitMap.deserialize(bytes(bits))) if bits else []] for number, bits in cursor.fetchall()
        ]
    found["ledger"] = [[repr(key), count] for key, count in said().items()]
    found["entries"] = [[one["kind"], one["actor"]] for one in entries() if one["kind"] not in _IN_PARTS]
    found["mail"] = [[one.to, one.kind] for one in set(world.mailbox.settled())]
    found["gate"] = [[one.id, one.live, one.halted, one.text] for one in Gate(world).listen().standings.values()]
    return {name: sorted(json.dumps(row, sort_keys=True) for row in rows) for name, rows in found.items()}


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """The lines that only one of them has, marked - and +."""
    found: list[str] = []
    for name in one:
        left, right = list(one[name]), list(other[name])
        for line in one[name]:
            if line in right:
                right.remove(line)
                left.remove(line)
        found += [f"- {name} {line}" for line in left] + [f"+ {name} {line}" for line in right]
    return found


def _plain_row(row: Sequence[Any]) -> list[Any]:
    """What is called after an instant has another Message-ID in every run."""
    named_by_time = any(isinstance(value, str) and _INSTANT.match(value) for value in row)
    return [_plain(value) for value in row if not (named_by_time and "@example.org>" in str(value))]


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, str) and _INSTANT.match(value):
        return "an instant"  # the occurrence of a change of verdict
    return bool(value) if isinstance(value, bool) else value
