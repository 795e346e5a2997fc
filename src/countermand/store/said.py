"""What streams say, as rows: a subject's row as long as there is anything to know of it, and whatever else waits.

Who answers names a ``jti``: an answer to what was replaced meanwhile finds nothing, and changes nothing.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from countermand.core.believed import Known
from countermand.core.instants import Instant
from countermand.store import bulk

COMPLIANCE, REVOKED, VERIFICATION, UPDATED = "compliance", "session-revoked", "verification", "stream-updated"
#: Of what waits, what goes first: about the stream itself, about known subjects, about everybody else.
FIRST, KNOWN, LAST = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Statement:
    """One row. ``known.waits`` and ``jti`` go together. ``about``: JSON, what the token is made of beside the subject."""

    kind: str
    key: str
    subject: str
    device: int | None
    person: int | None
    known: Known
    jti: str = ""
    about: str = ""
    at: Instant = 0
    rank: int = KNOWN


@dataclass(frozen=True, slots=True)
class Waiting:
    """What can leave now."""

    pk: int
    kind: str
    subject: str
    denied: bool | None
    jti: str
    about: str
    at: Instant
    sent: bool
    attempts: int


def key_of(subject: str) -> str:
    """A canonical subject's key."""
    return hashlib.sha256(subject.encode()).hexdigest()


_COLUMNS = ("kind", "key", "subject", "device", "person", "told", "denied", "sent", "doubt", "jti", "about", "at", "rank")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM store_signal WHERE stream_id = %s AND kind = '{COMPLIANCE}'"


def about_devices(stream: int, devices: Collection[int]) -> dict[str, Statement]:
    """Key → what is known of every subject that was named after one of these devices."""
    return _read(bulk.by_numbers(f"{_SELECT} AND device IN ({{}})", devices, [stream]))


def about_keys(stream: int, keys: Collection[str]) -> dict[str, Statement]:
    return _read(bulk.by_texts(f"{_SELECT} AND key IN ({{}})", sorted(keys), [stream]))


def of_block(stream: int, first: int, end: int) -> list[int]:
    """The devices, from ordinal ``first`` up to, not including, ``end``, after which a subject is named."""
    query = "SELECT DISTINCT device FROM store_signal WHERE stream_id = %s AND device >= %s AND device < %s ORDER BY device"
    return [row[0] for row in bulk.all_rows(query, [stream, first, end])]


def _read(rows: Iterator[tuple[Any, ...]]) -> dict[str, Statement]:
    return {row[1]: _statement(*row) for row in rows}


def _statement(
    kind: str, key: str, subject: str, device: int | None, person: int | None, told: bool, denied: bool | None, sent: bool,
    doubt: bool, jti: str, about: str, at: Instant, rank: int,
) -> Statement:  # fmt: skip
    waits = None if denied is None else bool(denied)
    known = Known(bool(told), waits, bool(sent), bool(doubt))
    return Statement(kind, key, subject, device, person, known, jti, about, at, rank)


_SAVE = (
    f"INSERT INTO store_signal (stream_id, {', '.join(_COLUMNS)}, kid, attempts, next_try, fault) VALUES {{}}"
    " ON CONFLICT (stream_id, kind, key) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS[2:], "kid", "attempts", "next_try", "fault"))
)


def save(stream: int, statements: Sequence[Statement]) -> None:
    """Store these rows whole, as never sent under any key."""
    rows = [
        (
            stream, one.kind, one.key, one.subject, one.device, one.person, one.known.told, one.known.waits, one.known.sent,
            one.known.doubt, one.jti, one.about, one.at, one.rank, "", 0, 0, "",
        )
        for one in statements
    ]  # fmt: skip
    bulk.put(_SAVE, rows)


def forget(stream: int, kind: str, keys: Collection[str]) -> None:
    for _ in bulk.by_texts(
        f"DELETE FROM store_signal WHERE stream_id = %s AND kind = '{kind}' AND key IN ({{}}) RETURNING id",
        sorted(keys),
        [stream],
    ):
        pass


# -- what waits --


def waiting(stream: int, real: Instant, limit: int, *, only_first: bool) -> list[Waiting]:
    """The next to leave. ``only_first``: of a paused stream, only what says that it is."""
    which = f" AND kind = '{UPDATED}'" if only_first else ""
    rows = bulk.all_rows(
        "SELECT id, kind, subject, denied, jti, about, at, sent, attempts FROM store_signal"
        f" WHERE stream_id = %s AND jti <> '' AND next_try <= %s{which} ORDER BY rank, id LIMIT %s",
        [stream, real, limit],
    )
    return [
        Waiting(pk, kind, subject, None if denied is None else bool(denied), jti, about, at, bool(sent), attempts)
        for pk, kind, subject, denied, jti, about, at, sent, attempts in rows
    ]


def any_waiting(stream: int, real: Instant, *, only_first: bool) -> bool:
    return bool(waiting(stream, real, 1, only_first=only_first))


def sending(jtis: Collection[str], stream: int, kid: str) -> set[str]:
    """From here on they may have reached the receiver. Returns those that still wait."""
    query = "UPDATE store_signal SET sent = %s, kid = %s WHERE stream_id = %s AND jti IN ({}) RETURNING jti"
    return {row[0] for row in bulk.by_texts(query, sorted(jtis), [True, kid, stream])}


_AGREED = (
    "UPDATE store_signal SET told = %s, denied = NULL, sent = %s, doubt = %s, jti = '', kid = '', attempts = 0, fault = ''"
    f" WHERE stream_id = %s AND kind = '{COMPLIANCE}' AND denied AND jti IN ({{}}) RETURNING id"
)
_DONE = f"DELETE FROM store_signal WHERE stream_id = %s AND (kind <> '{COMPLIANCE}' OR NOT denied) AND jti IN ({{}}) RETURNING id"


def agreed(stream: int, jtis: Collection[str]) -> int:
    """The receiver took these; returns how many of them still waited (core.believed.agreed)."""
    wanted = sorted(jtis)
    kept = list(bulk.by_texts(_AGREED, wanted, [True, False, False, stream]))
    return len(kept) + len(list(bulk.by_texts(_DONE, wanted, [stream])))


def refused(stream: int, jti: str, instead: str, fault: str, next_try: Instant) -> bool:
    """The receiver said that it did not take this one: it is told later, in a token of its own. False if it no longer waits."""
    rows = bulk.all_rows(
        "UPDATE store_signal SET jti = %s, sent = %s, doubt = %s, kid = '', attempts = attempts + 1, fault = %s, next_try = %s"
        " WHERE stream_id = %s AND jti = %s RETURNING id",
        [instead, False, True, fault[:1000], next_try, stream, jti],
    )
    return bool(rows)


def attempts(stream: int, jti: str) -> int:
    rows = bulk.all_rows("SELECT attempts FROM store_signal WHERE stream_id = %s AND jti = %s", [stream, jti])
    return int(rows[0][0]) if rows else 0


_QUIET = "sent = %s, denied = NULL, jti = '', kid = '', attempts = 0, next_try = 0, fault = ''"


def silence(stream: int) -> None:
    """Nothing waits any more; what may have been heard stays in doubt (core.believed.silenced)."""
    _drop_events(stream)
    query = f"UPDATE store_signal SET doubt = (doubt OR sent), {_QUIET} WHERE stream_id = %s AND jti <> ''"
    bulk.write(query, [(False, stream)])
    bulk.write("DELETE FROM store_signal WHERE stream_id = %s AND NOT told AND NOT doubt AND jti = ''", [(stream,)])


def unsure(stream: int) -> None:
    """Nothing waits, and whatever was told is in doubt (core.believed.unsure)."""
    _drop_events(stream)
    bulk.write(f"UPDATE store_signal SET doubt = %s, {_QUIET} WHERE stream_id = %s", [(True, False, stream)])


def _drop_events(stream: int) -> None:
    bulk.write(f"DELETE FROM store_signal WHERE stream_id = %s AND kind <> '{COMPLIANCE}'", [(stream,)])


@dataclass(frozen=True, slots=True)
class Counts:
    """``told``: subjects that the receiver holds not compliant; ``waits``: what it is yet to be told; ``refused``: of that,
    what it did not take."""

    told: int
    waits: int
    refused: int


def counts(stream: int) -> Counts:
    rows = bulk.all_rows(
        "SELECT COALESCE(SUM(CASE WHEN told THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN jti <> '' THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN jti <> '' AND attempts > 0 THEN 1 ELSE 0 END), 0) FROM store_signal WHERE stream_id = %s",
        [stream],
    )
    return Counts(*(int(value) for value in rows[0]))


def fault_of(stream: int) -> str:
    """What a receiver said of what it last refused."""
    rows = bulk.all_rows(
        "SELECT fault FROM store_signal WHERE stream_id = %s AND jti <> '' AND fault <> '' ORDER BY next_try DESC LIMIT 1",
        [stream],
    )
    return str(rows[0][0]) if rows else ""


def keys_in_use() -> set[str]:
    """Keys under which something was sent that nobody has answered yet."""
    return {row[0] for row in bulk.all_rows("SELECT DISTINCT kid FROM store_signal WHERE kid <> '' AND jti <> ''")}
