"""The only transaction: a flow's changes, its ledger entries and its promises commit together or not at all.

SQLite has one writer at a time. On PostgreSQL a unit says how much of the fleet it is about, and takes its locks before it
reads anything (docs/decisions/0013-units-and-locks.md): ``unit()`` is alone, ``unit(blocks=…)`` works beside units of other
blocks, and ``aside()`` waits for neither and keeps neither waiting: it locks the few rows that it decides about.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

from countermand.store import straight, turns
from countermand.store.faults import told_apart

#: Names of advisory locks: (fleet, 0), (block, its number), (numbering, 0).
_FLEET, _BLOCK, _NUMBERING = 0x434D00, 0x434D01, 0x434D02
#: Milliseconds that one statement of a unit may take: longer, and something is wrong with the server.
_STATEMENT = 60_000
#: Milliseconds that those wait who would rather go without.
_HURRIED = 500

#: None: units commit. A list: units are rehearsed, and the list holds one entry per unit that was.
_rehearsed: ContextVar[list[None] | None] = ContextVar("rehearsed", default=None)
#: What the next unit writes before anything else.
_first: ContextVar[list[Callable[[], None]] | None] = ContextVar("first", default=None)


@contextmanager
def unit(blocks: Collection[int] | None = None) -> Iterator[None]:
    """One write transaction. ``blocks``: the blocks of devices whose rows and sets it writes, and nothing else of the fleet;
    None: whatever it likes. On SQLite it takes its turn at once (IMMEDIATE).

    Units do not nest: a flow is one transaction. Refused ``database-busy`` if its turn does not come, ``disk-full`` or
    ``database-read-only`` if it cannot be written; nothing of it is, then.
    """
    with _transaction():
        if connection.vendor == "postgresql":
            _lock(blocks)
        yield


@contextmanager
def aside() -> Iterator[None]:
    """A write transaction about no device's or person's rows or sets: halting, publishing, sealing, claiming. It waits for
    nobody's work. What it decides about it locks itself (directives.decide, leases, a compare-and-swap)."""
    with _transaction():
        yield


@contextmanager
def promptly() -> Iterator[None]:
    """As ``aside``, for what is better left undone than waited for: Refused ``database-busy`` after half a second."""
    with turns.hurried(_HURRIED), _transaction():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(_HURRIED)])
        yield


def numbering() -> None:
    """From here to the end of the unit nobody else gives numbers (to apps, to coverages): two units that each need what the
    other has just numbered would wait for each other."""
    if connection.vendor == "postgresql":
        straight.write("SELECT pg_advisory_xact_lock(%s::int, 0)", [[_NUMBERING]])


@contextmanager
def _transaction() -> Iterator[None]:
    if connection.in_atomic_block:
        raise RuntimeError("a flow is one transaction; units do not nest")
    rehearsed = _rehearsed.get()
    if rehearsed:
        raise RuntimeError("only a flow of one unit can be rehearsed: a second one would not see what the first did")
    with told_apart(), ExitStack() as open_:
        with turns.in_line():
            open_.enter_context(transaction.atomic())
        if rehearsed is None and (waiting := _first.get()):
            waiting.pop()()
        yield
        if rehearsed is not None:
            rehearsed.append(None)
            transaction.set_rollback(True)


def _lock(blocks: Collection[int] | None) -> None:
    """The fleet alone, or the fleet with others and then the blocks, ascending, so that nobody waits in a circle."""
    taken = ["set_config('statement_timeout', %s, true)"]
    values: list[str | int] = [str(_STATEMENT)]
    if blocks is None:
        taken.append("pg_advisory_xact_lock(%s::int, 0)")
        values.append(_FLEET)
    else:
        taken.append("pg_advisory_xact_lock_shared(%s::int, 0)")
        values.append(_FLEET)
        for block in sorted(set(blocks)):
            taken.append("pg_advisory_xact_lock(%s::int, %s::int)")
            values += [_BLOCK, block]
    straight.count(f"SELECT {', '.join(taken)}", values)


@contextmanager
def writing_first(write: Callable[[], None]) -> Iterator[None]:
    """Inside, the first unit also does ``write``, before anything else; nothing is written if there is no unit."""
    token = _first.set([write])
    try:
        yield
    finally:
        _first.reset(token)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Inside, the one unit of a flow does all that it does, refusals too, and is rolled back at its end."""
    token = _rehearsed.set([])
    try:
        yield
    finally:
        _rehearsed.reset(token)


def rehearsing() -> bool:
    """Whether what is done now will be rolled back: then only one unit can be."""
    return _rehearsed.get() is not None


@contextmanager
def reading() -> Iterator[None]:
    """A consistent view for reads that span several queries. Inside a unit, or another such view, it is that one's."""
    if connection.in_atomic_block or _begun():
        yield
        return
    if connection.vendor != "sqlite":
        with told_apart(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    connection.ensure_connection()
    # A deferred BEGIN: a reader must not take the writer's turn, which transaction_mode=IMMEDIATE would.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("COMMIT")


def _begun() -> bool:
    """Whether SQLite is in a transaction that was begun by hand, which Django does not know of."""
    return connection.vendor == "sqlite" and connection.connection is not None and connection.connection.in_transaction
