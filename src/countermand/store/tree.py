"""The tree over the log: which row has which leaf, the stored hashes, and the signed checkpoints. Only the sealer writes here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, connection

from countermand.ledger.merkle import Node

#: Most (level, index) pairs that one statement carries.
_CHUNK = 400
#: Rows that a scan holds at a time.
_PAGE = 1_000


class Overtaken(Exception):
    """Another sealer was first; nothing was written."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as stored. ``leaf`` is None until it is sealed; ``id`` grows in the order of writing."""

    id: int
    leaf: int | None
    entry: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A stored checkpoint: the size it says to be of, and the signed note."""

    size: int
    note: str
    at: int


def last() -> Signed | None:
    """The latest checkpoint."""
    return next(checkpoints(newest_first=True), None)


def checkpoints(*, newest_first: bool = False) -> Iterator[Signed]:
    order = "DESC" if newest_first else "ASC"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT size, note, at FROM store_ledgercheckpoint ORDER BY size {order}")
        while rows := cursor.fetchmany(_PAGE):
            yield from (Signed(size, _raw(note).decode(errors="replace"), at) for size, note, at in rows)


def unsealed(limit: int) -> list[Row]:
    """Committed rows without a leaf, oldest first."""
    return _rows("leaf IS NULL ORDER BY id", [], limit)


def unsealed_count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM store_ledgerrow WHERE leaf IS NULL")
        return int(cursor.fetchone()[0])


def sealed(start: int = 0, end: int | None = None) -> Iterator[Row]:
    """Rows by leaf from ``start`` up to, not including, ``end``, a page at a time; a missing leaf is simply not there."""
    at = start
    while page := _rows("leaf >= %s AND leaf < %s ORDER BY leaf", [at, 2**62 if end is None else end], _PAGE):
        yield from page
        at = (page[-1].leaf or 0) + 1


def newest(before: int | None, limit: int) -> list[Row]:
    """Rows with an id below ``before`` (None: all), newest first."""
    return _rows("id < %s ORDER BY id DESC", [2**62 if before is None else before], limit)


def of_instant(at: int) -> list[Row]:
    """Rows written at exactly this instant. Reads the whole table: to be asked seldom."""
    return _rows("at = %s ORDER BY id", [at], _PAGE)


def hashes(nodes: Sequence[Node]) -> dict[Node, bytes]:
    """The stored hashes of these nodes; one that is not stored is not there."""
    found: dict[Node, bytes] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(nodes), _CHUNK):
            part = nodes[start : start + _CHUNK]
            match = " OR ".join(['(level = %s AND "index" = %s)'] * len(part))
            cursor.execute(
                f'SELECT level, "index", hash FROM store_ledgerhash WHERE {match}', [value for node in part for value in node]
            )
            found.update(((level, index), _raw(value)) for level, index, value in cursor.fetchall())
    return found


def hash_row(level: int, start: int, end: int) -> dict[Node, bytes]:
    """The stored hashes of one level from index ``start`` up to, not including, ``end``."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "index", hash FROM store_ledgerhash WHERE level = %s AND "index" >= %s AND "index" < %s', [level, start, end]
        )
        return {(level, index): _raw(value) for index, value in cursor.fetchall()}


def hash_count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM store_ledgerhash")
        return int(cursor.fetchone()[0])


def extend(size: int, ids: Sequence[int], added: Mapping[Node, bytes], signed: Signed) -> None:
    """Give rows the leaves from ``size`` on, and store the hashes and the checkpoint that follow. Inside a unit.

    Compare and swap: raises Overtaken if the last checkpoint is no longer of ``size``, or loses to a writer that commits
    first (leaves and sizes are unique). The unit must then be left by the exception.
    """
    before = last()
    if (before.size if before else 0) != size:
        raise Overtaken
    try:
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE store_ledgerrow SET leaf = %s WHERE id = %s AND leaf IS NULL",
                [(size + offset, row) for offset, row in enumerate(ids)],
            )
            if cursor.rowcount != len(ids):
                raise Overtaken
            cursor.executemany(
                'INSERT INTO store_ledgerhash (level, "index", hash) VALUES (%s, %s, %s)',
                [(level, index, value) for (level, index), value in added.items()],
            )
            cursor.execute(
                "INSERT INTO store_ledgercheckpoint (size, note, at) VALUES (%s, %s, %s)", [signed.size, signed.note, signed.at]
            )
    except IntegrityError as error:
        raise Overtaken from error


def _rows(where: str, values: list[int], limit: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, leaf, entry FROM store_ledgerrow WHERE {where} LIMIT %s", [*values, limit])
        return [Row(row, leaf, _raw(entry)) for row, leaf, entry in cursor.fetchall()]


def _raw(value: bytes | memoryview | str) -> bytes:
    """The bytes of a column. SQLite keeps whatever type a stranger wrote; that is for verification to judge, not to fall over."""
    return value.encode() if isinstance(value, str) else bytes(value)


def written_at(pk: int) -> int:
    """When an entry was written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT at FROM store_ledgerrow WHERE id = %s", [pk])
        return int(cursor.fetchone()[0])
