"""Echoes: a notice's words once more by a second channel, promised beside the notice and claimed like one.

INVARIANT: whoever an echo reached, or may have reached, is promised on the same channel what takes it back.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from countermand.core.instants import Instant
from countermand.core.notices import FIRST, Fate, Kind
from countermand.lib.parts import cut
from countermand.store import bulk, outbox
from countermand.store.outbox import Acting, Mark, Source

_OPEN = "state IN ('promised', 'claimed')"  # spelled as in the index of open echoes
#: Kinds that follow an echo by themselves, to whomever it reached.
BACK = (Kind.RESCINDED, Kind.HALTED, Kind.RESUMED)
_COLUMNS = (
    "version_id, person_id, channel, kind, occurrence, state, lease_until, claimed_by, attempts, answer, reached, promised_at"
)
_NEW = "'promised', 0, '', 0, '', %s, %s"


@dataclass(frozen=True, slots=True)
class Row(outbox.Row):
    """``person`` is -1 for a room."""

    channel: str = ""


def promise(rows: Iterable[tuple[int, int, str, Kind, str]], act: Acting) -> int:
    """Promise echoes (version, person, channel, kind, occurrence), in the caller's unit; returns how many are new."""
    return bulk.put_counted(
        f"INSERT INTO store_echo ({_COLUMNS}) VALUES {{}} ON CONFLICT DO NOTHING",
        [(*row[:3], row[3].value, row[4], "promised", 0, "", 0, "", False, act.now) for row in sorted(rows)],
    )


def promise_room(version: int, channels: Collection[str], kind: Kind, act: Acting, occurrence: str = "") -> int:
    """The same for rooms."""
    return bulk.put_counted(
        f"INSERT INTO store_echo ({_COLUMNS}) VALUES {{}} ON CONFLICT DO NOTHING",
        [(version, None, name, kind.value, occurrence, "promised", 0, "", 0, "", False, act.now) for name in sorted(channels)],
    )


def promise_back(version: int, kind: Kind, act: Acting, people: Collection[int], occurrence: str = "") -> None:
    """What takes an order back, or says that it waits or goes on, to those of these people whom an echo of the lineage reached
    or may have. In the caller's unit, beside the notice that says the same."""
    for part in cut(sorted(people), bulk.PARAMETERS - 10):
        _back(version, kind, act, occurrence, f"e.person_id IN ({bulk.marks(part)})", part)


def promise_back_up_to(version: int, kind: Kind, act: Acting, after: int, to: int) -> None:
    """The same to people whose ordinals lie after the one and not after the other; and to the rooms."""
    _back(version, kind, act, "", "(e.person_id IS NULL OR (e.person_id > %s AND e.person_id <= %s))", [after, to])


def promise_back_to_rooms(version: int, kind: Kind, act: Acting, occurrence: str = "") -> None:
    _back(version, kind, act, occurrence, "e.person_id IS NULL", [])


def _back(version: int, kind: Kind, act: Acting, occurrence: str, whom: str, more: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO store_echo ({_COLUMNS}) SELECT DISTINCT %s, e.person_id, e.channel, %s, %s, {_NEW} "
            "FROM store_echo e JOIN store_version v ON v.id = e.version_id "
            "WHERE v.lineage_id = (SELECT lineage_id FROM store_version WHERE id = %s) AND e.reached "
            f"AND e.kind NOT IN ({_backwards()}) AND {whom} ON CONFLICT DO NOTHING",
            [version, kind.value, occurrence, False, act.now, version, *more],
        )


def _backwards() -> str:
    return ", ".join(f"'{kind.value}'" for kind in BACK)


def waiting() -> list[Source]:
    """Versions with open echoes."""
    return outbox.waiting("store_echo")


def claim(act: Acting, real: Instant, lease: int, worker: str, limit: int) -> list[Row]:
    """Up to ``limit`` echoes that may leave now, what takes back first, as ``outbox.claim``; inside a unit that
    ``outbox.confirm`` ends. What may never leave is voided on the way."""
    rows: list[Row] = []
    for source in waiting():
        if len(rows) < limit:
            rows += _take(source, act, real, limit - len(rows))
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE store_echo SET reached = reached OR state = 'claimed', state = 'claimed', claimed_by = %s, "
            "lease_until = %s, attempts = attempts + 1 WHERE id = %s",
            [(worker, real + lease, row.id) for row in rows],
        )
    return rows


def _take(source: Source, act: Acting, real: Instant, limit: int) -> list[Row]:
    first = ", ".join(f"'{kind.value}'" for kind in sorted(FIRST))
    only = f"AND kind IN ({first}) " if source.standing.halted and not source.standing.ended else ""
    locked = " FOR NO KEY UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, person_id, channel, kind, occurrence, attempts, promised_at FROM store_echo "
            f"WHERE version_id = %s AND {_OPEN} AND lease_until <= %s {only}"
            f"ORDER BY CASE WHEN kind IN ({first}) THEN 0 ELSE 1 END, id LIMIT %s{locked}",
            [source.version, real, limit],
        )
        found = cursor.fetchall()
    rows: list[Row] = []
    void: list[int] = []
    for pk, person, channel, word, occurrence, attempts, promised_at in found:
        kind = Kind(word)
        fate = source.standing.fate(kind, promised_at, act.now)
        if fate is Fate.LEAVE:
            ordinal = -1 if person is None else person
            rows.append(Row(pk, source.version, source.lineage, ordinal, kind, occurrence, attempts + 1, promised_at, channel))
        elif fate is Fate.VOID:
            void.append(pk)
    _void(source, void, act)
    return rows


def _void(source: Source, ids: Sequence[int], act: Acting) -> None:
    """They will not leave any more; one whose claim ran out unsettled may have reached somebody, who then is told."""
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE store_echo SET reached = reached OR state = 'claimed', "
            "state = CASE WHEN reached OR state = 'claimed' THEN 'unknown' ELSE 'void' END, claimed_by = '', settled_at = %s "
            "WHERE id = %s",
            [(act.now, pk) for pk in ids],
        )
        cursor.execute(f"SELECT person_id FROM store_echo WHERE reached AND id IN ({bulk.marks(ids)})", list(ids))
        doubtful = [row[0] for row in cursor.fetchall()]
    if source.standing.ended and doubtful:
        version = outbox.last_issued(source.lineage)
        promise_back(version, Kind.RESCINDED, act, {one for one in doubtful if one is not None})
        promise_back_to_rooms(version, Kind.RESCINDED, act)


def settle(act: Acting, worker: str, outcomes: Collection[tuple[int, Mark, str, Instant, bool]]) -> set[int]:
    """Write (id, mark, answer, real time of the next attempt, whether it may have reached anybody) of those that are still this
    worker's; returns their ids."""
    wanted = [one[0] for one in outcomes]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM store_echo WHERE state = 'claimed' AND claimed_by = %s AND id IN ({bulk.marks(wanted)})",
            [worker, *wanted],
        )
        mine = {row[0] for row in cursor.fetchall()}
        cursor.executemany(
            "UPDATE store_echo SET state = %s, claimed_by = '', lease_until = %s, answer = %s, reached = reached OR %s, "
            "settled_at = %s WHERE id = %s",
            [(mark.value, at, answer, reached, act.now, pk) for pk, mark, answer, at, reached in outcomes if pk in mine],
        )
        cursor.executemany(
            "UPDATE store_echo SET reached = %s WHERE id = %s",
            [(True, pk) for pk, _, _, _, reached in outcomes if reached and pk not in mine],
        )
    return mine


def states() -> dict[tuple[str, str], int]:
    """(channel, state) → how many."""
    rows = bulk.all_rows("SELECT channel, state, COUNT(*) FROM store_echo GROUP BY channel, state")
    return {(channel, state): int(count) for channel, state, count in rows}
