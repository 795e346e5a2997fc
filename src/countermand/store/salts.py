"""Salts: the erasable half of a commitment. Without its salt, what the ledger says of a subject names nobody."""

import os
from collections.abc import Iterable, Sequence

from django.db import connection

from countermand.ledger.entry import SALT_SIZE, commitment
from countermand.store import bulk

#: Most host parameters that one statement carries (SQLite's floor is 999).
_CHUNK = 900


SALTS = "SELECT subject, salt FROM store_salt WHERE subject IN ({})"
_NEW = "INSERT INTO store_salt (subject, salt) VALUES {} ON CONFLICT (subject) DO NOTHING RETURNING subject, salt"


def load(subjects: Iterable[str]) -> dict[str, bytes]:
    """subject → salt, for those that have one."""
    found = bulk.by_texts(SALTS, sorted(set(subjects)))
    return {subject: bytes(salt) for subject, salt in found}


def commit(subjects: Sequence[str]) -> list[bytes]:
    """The commitments to these subjects, each once, salts made for those that have none. Inside a unit."""
    wanted = sorted(set(subjects))
    salts = load(wanted)
    missing = [subject for subject in wanted if subject not in salts]
    if missing:
        salts |= {subject: bytes(salt) for subject, salt in bulk.given(_NEW, [(one, os.urandom(SALT_SIZE)) for one in missing])}
    if beaten := [subject for subject in missing if subject not in salts]:
        salts |= load(beaten)  # another writer was first, and its salt is the one that counts
    return [commitment(salts[subject], subject) for subject in wanted]


def erase(subjects: Sequence[str]) -> int:
    """Forget these subjects: the ledger keeps its commitments and verifies as before, but nobody can say whose they are.

    Returns how many salts went. Inside a unit. A copy in a backup must go with that backup.
    """
    with connection.cursor() as cursor:
        gone = 0
        for start in range(0, len(subjects), _CHUNK):
            part = list(subjects[start : start + _CHUNK])
            marks = ",".join(["%s"] * len(part))
            cursor.execute(f"DELETE FROM store_salt WHERE subject IN ({marks})", part)
            gone += cursor.rowcount
    return gone
