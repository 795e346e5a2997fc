"""The outbox: what was promised in words to people, claimed in batches with a lease, settled once its outcome is known.

INVARIANT: whether a notice may still leave is decided inside the claim, from the rows of its version and lineage as they
are then. Leases and back-off run on real time, also in a drill; ``not_before`` and what a text states on the act's time.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from django.db import connection

from countermand.core import schedule
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.core.notices import AHEAD, ALL, FIRST, SOON, Fate, Kind, Standing, rank_of
from countermand.store import bulk, models, terms

#: Most host parameters that one statement carries (SQLite's floor is 999).
_CHUNK = 900
#: Queued notices of an ended lineage that one claim voids at most, so that its transaction stays short.
_VOIDED = 2000
_STANDING = (
    "v.id, v.lineage_id, v.state, v.bundle_digest, l.halted_at, l.ended_at, l.not_before, l.last_halt, l.ground, v.opening"
)
OPEN = "state IN ('promised', 'claimed')"  # spelled as in the index of open notices, or the index is not used


class Acting(Protocol):
    """The part of ``access.Act`` that the outbox reads (access stands above the store)."""

    @property
    def now(self) -> Instant: ...


class Mark(StrEnum):
    """What became of a notice, as its row says it."""

    PROMISED = "promised"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    BOUNCED = "bounced"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Row:
    """One claimed notice. ``version`` is the version's primary key; ``person`` an ordinal; ``attempts`` counts this one."""

    id: int
    version: int
    lineage: str
    person: int
    kind: Kind
    occurrence: str
    attempts: int
    promised_at: Instant


@dataclass(frozen=True, slots=True)
class Source:
    """A version with what decides the fate of its notices. ``opening``: the last rank that may leave; ``last``: the last that
    there is."""

    version: int
    lineage: str
    standing: Standing
    ground: str
    opening: int = ALL
    last: int = SOON

    @property
    def forward(self) -> bool:
        """Whether its notices leave now: it is neither over nor on hold."""
        return self.standing.state is State.ISSUED and not self.standing.halted and not self.standing.ended


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to write about one claimed notice. ``retry_at``: real time before which it is not claimed again."""

    id: int
    mark: Mark
    answer: str = ""
    retry_at: Instant = 0
    reached: bool = False
    stated_due: Instant | None = None
    message_id: str = ""


# -- promising --


def promise(
    version_pk: int,
    person_ordinals: Collection[int],
    kind: Kind | str,
    act: Acting,
    occurrence: str = "",
    rank: int = 1,
    not_before: Instant = 0,
) -> int:
    """Promise one notice to each person, in the caller's unit; what was promised before is not promised again.

    Returns how many are new. ``rank``: as in ``core.notices`` (what goes ahead, always does); ``not_before`` is on the act's
    time.
    """
    kind = Kind(kind)
    if kind in FIRST:
        rank = AHEAD
    # ascending, as everybody does who promises: two who promise the same do not wait for each other in a circle
    people = sorted(person_ordinals)
    return bulk.put_counted(
        "INSERT INTO store_notice (version_id, person_id, kind, occurrence, rank, state, not_before, lease_until, "
        "claimed_by, message_id, attempts, answer, reached, promised_at) VALUES {} "
        "ON CONFLICT (version_id, person_id, kind, occurrence) DO NOTHING",
        [
            (version_pk, person, kind.value, occurrence, rank, "promised", not_before, 0, "", "", 0, "", False, act.now)
            for person in people
        ],
    )


def reached(lineage: str, after: int, limit: int) -> list[int]:
    """The next people, ascending from the ordinal after ``after``, whom any notice of the lineage but a correction
    reached or may have reached: exactly those who get the correction."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        for version in versions_of(lineage):
            cursor.execute(
                "SELECT DISTINCT person_id FROM store_notice WHERE version_id = %s AND person_id > %s AND reached "
                "AND kind <> 'rescinded' ORDER BY person_id LIMIT %s",
                [version, after, limit],
            )
            found.update(row[0] for row in cursor.fetchall())
    return sorted(found)[:limit]


def promise_corrections(lineage: str, act: Acting, after: int = -1, limit: int = 2000) -> tuple[int, int] | None:
    """Promise the next chunk of corrections: (last ordinal, how many are new), None when everyone has one. In a unit."""
    people = reached(lineage, after, limit)
    if not people:
        return None
    return people[-1], correct(lineage, people, act)


def correct(lineage: str, people: Collection[int], act: Acting) -> int:
    """Promise the correction to these people; always under the lineage's last issued version, so that each gets one."""
    return promise(last_issued(lineage), people, Kind.RESCINDED, act)


def versions_of(lineage: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM store_version WHERE lineage_id = %s ORDER BY number", [lineage])
        return [row[0] for row in cursor.fetchall()]


def last_issued(lineage: str) -> int:
    """The version of the lineage that was issued last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM store_version WHERE lineage_id = %s AND issued_at IS NOT NULL ORDER BY number DESC LIMIT 1", [lineage]
        )
        return int(cursor.fetchone()[0])


# -- claiming --


def waiting(table: str = "store_notice") -> list[Source]:
    """Versions with open notices (or echoes), whatever their fate. Cheap when there are none; needs no unit."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_STANDING} FROM store_version v JOIN store_lineage l ON l.id = v.lineage_id "
            f"WHERE EXISTS (SELECT 1 FROM {table} n WHERE n.version_id = v.id AND n.{OPEN}) ORDER BY v.id"
        )
        return [_source(row) for row in cursor.fetchall()]


def standings(versions: Collection[int]) -> dict[int, Source]:
    """What people decided about these versions, as of now."""
    marks = ",".join(["%s"] * len(versions))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_STANDING} FROM store_version v JOIN store_lineage l ON l.id = v.lineage_id WHERE v.id IN ({marks})",
            list(versions),
        )
        return {row[0]: _source(row) for row in cursor.fetchall()}


def _source(row: tuple[Any, ...]) -> Source:
    version, lineage, state, digest, halted_at, ended_at, not_before, last_halt, ground, opening = row
    ended = ended_at is not None or state == State.RESCINDED
    directive = terms.directive(version, digest)
    sunset = schedule.ends_at(directive) if state == State.ISSUED else None
    standing = Standing(State(state), halted_at is not None, ended, not_before, last_halt or 0, sunset)
    return Source(version, lineage, standing, ground, opening, rank_of(len(directive.rollout.rings) - 1))


class Overtaken(Exception):
    """People decided otherwise about a lineage while its notices were being claimed; nothing was."""


def confirm(act: Acting, rows: Sequence[Row]) -> None:
    """Each of these claimed notices may still leave; the last thing in the unit of a claim. From here to its end nobody
    decides about their lineages, so that a rescission is either seen by the claim or follows it. Raises Overtaken."""
    lineages = sorted({row.lineage for row in rows})
    if not lineages:
        return
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM store_lineage WHERE id = ANY(%s) ORDER BY id FOR SHARE", [lineages])
    standings_ = standings({row.version for row in rows})
    if any(standings_[row.version].standing.fate(row.kind, row.promised_at, act.now) is not Fate.LEAVE for row in rows):
        raise Overtaken


@dataclass(frozen=True, slots=True)
class Claimed:
    """``rows`` may leave. ``words``: (lineage, kind) → how many people were promised a word because an earlier claim, which
    ran out unsettled, may have reached them."""

    rows: list[Row]
    words: Counter[tuple[str, Kind]]


def claim(act: Acting, real: Instant, lease: int, worker: str, limit: int) -> Claimed:
    """Up to ``limit`` notices that may leave now, this worker's until ``real + lease``; those that go first, first, then
    turn and turn about between versions. Inside a unit that ``confirm`` ends; what another worker is claiming is passed over.

    What may never leave is voided on the way. A notice whose earlier claim ran out unsettled may have reached its person:
    that is written too, and if the lineage has ended meanwhile the person is promised the correction.
    """
    sources = waiting()
    rows: list[Row] = []
    words: Counter[tuple[str, Kind]] = Counter()
    for rank in range(max((source.last for source in sources), default=0) + 1):
        for left, source in zip(range(len(sources), 0, -1), sources, strict=True):
            share = limit - len(rows) if rank == AHEAD else -(-(limit - len(rows)) // left)
            if share and _may_leave(source, rank):
                rows += _take(source, rank, act, real, share, words)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE store_notice SET reached = reached OR state = 'claimed', state = 'claimed', claimed_by = %s, "
            "lease_until = %s, attempts = attempts + 1 WHERE id = %s",
            [(worker, real + lease, row.id) for row in rows],
        )
    return Claimed(rows, words)


def _may_leave(source: Source, rank: int) -> bool:
    """What goes ahead always; the rest not while the order is on hold, and not before its turn. Of an order that is over, all
    are looked at: they are void."""
    if rank == AHEAD or source.standing.ended:
        return rank <= source.last
    if source.standing.halted:
        return False
    return rank <= (min(source.opening, source.last) if source.forward else source.last)


def _take(source: Source, rank: int, act: Acting, real: Instant, share: int, words: Counter[tuple[str, Kind]]) -> list[Row]:
    """The next notices of a version and rank that may leave; those met on the way that never may are voided."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, person_id, kind, occurrence, attempts, promised_at, state FROM store_notice "
            f"WHERE version_id = %s AND rank = %s AND {OPEN} AND not_before <= %s AND lease_until <= %s "
            f"ORDER BY not_before, id LIMIT %s{_passing_over()}",
            [source.version, rank, act.now, real, _VOIDED if source.standing.ended and rank else share],
        )
        found = cursor.fetchall()
    rows: list[Row] = []
    void: list[tuple[int, int, Kind, str]] = []
    for pk, person, word, occurrence, attempts, promised_at, state in found:
        kind = Kind(word)
        fate = source.standing.fate(kind, promised_at, act.now)
        if fate is Fate.LEAVE:
            rows.append(Row(pk, source.version, source.lineage, person, kind, occurrence, attempts + 1, promised_at))
        elif fate is Fate.VOID:
            void.append((pk, person, kind, state))
    words.update(_discard(source, void, act))
    return rows[:share]


def _to_be_written() -> str:
    return " ORDER BY id FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""


def _passing_over() -> str:
    return " FOR NO KEY UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""


def _discard(source: Source, notices: Sequence[tuple[int, int, Kind, str]], act: Acting) -> dict[tuple[str, Kind], int]:
    """Void them; unknown where an attempt may have reached the person, who then gets the correction, or hears that the order
    goes on."""
    void([pk for pk, _, _, _ in notices], act)
    doubtful = [(person, kind) for _, person, kind, state in notices if state == Mark.CLAIMED]
    if source.standing.ended:
        return {(source.lineage, Kind.RESCINDED): correct(source.lineage, [person for person, _ in doubtful], act)}
    if source.standing.state is State.ISSUED and not source.standing.halted:
        held = [person for person, kind in doubtful if kind is Kind.HALTED]
        promised = promise(source.version, held, Kind.RESUMED, act, occurrence=str(source.standing.last_halt))
        return {(source.lineage, Kind.RESUMED): promised}
    return {}


def void(ids: Collection[int], act: Acting) -> None:
    """These notices will not leave any more. One whose claim ran out unsettled, or that had a doubtful attempt, is unknown."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE store_notice SET reached = reached OR state = 'claimed', "
            "state = CASE WHEN reached OR state = 'claimed' THEN 'unknown' ELSE 'void' END, claimed_by = '', settled_at = %s "
            "WHERE id = %s",
            [(act.now, pk) for pk in ids],
        )


@dataclass(frozen=True, slots=True)
class FrozenRow:
    """A version as its approvers signed it: its number within its directive, the bundle's text and the plain document."""

    number: int
    bundle: str
    document: dict[str, Any]
    issued_at: Instant


def frozen(version: int) -> FrozenRow:
    """The part of an issued version that never changes."""
    row = models.Version.objects.values_list("number", "bundle", "document", "issued_at").get(pk=version)
    return FrozenRow(row[0], row[1], row[2], row[3] or 0)


# -- settling --


def held(ids: Collection[int], worker: str) -> set[int]:
    """Which of these notices are still this worker's: the others were claimed anew after their lease ran out."""
    found: set[int] = set()
    wanted = list(ids)
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join(["%s"] * len(part))
            cursor.execute(
                f"SELECT id FROM store_notice WHERE state = 'claimed' AND claimed_by = %s AND id IN ({marks}){_to_be_written()}",
                [worker, *part],
            )
            found.update(row[0] for row in cursor.fetchall())
    return found


def settle(act: Acting, settlements: Sequence[Settlement]) -> None:
    """Write the outcomes, in the caller's unit. ``reached`` is never taken back."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE store_notice SET state = %s, claimed_by = '', lease_until = %s, answer = %s, reached = reached OR %s, "
            "stated_due = %s, message_id = %s, settled_at = %s WHERE id = %s",
            [(s.mark.value, s.retry_at, s.answer, s.reached, s.stated_due, s.message_id, act.now, s.id) for s in settlements],
        )


def mark_reached(ids: Collection[int]) -> None:
    """These notices reached their people although the claim was lost meanwhile; their rows stay with the new claim."""
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE store_notice SET reached = %s WHERE id = %s", [(True, pk) for pk in ids])


def release(ids: Collection[int], worker: str, retry_at: Instant = 0) -> None:
    """Give back claims of notices that were not sent at all; the attempt does not count."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE store_notice SET state = 'promised', claimed_by = '', lease_until = %s, attempts = attempts - 1 "
            "WHERE id = %s AND state = 'claimed' AND claimed_by = %s",
            [(retry_at, pk, worker) for pk in ids],
        )
