"""The only transaction: a flow's changes, its ledger entries and its promises commit together or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

#: None: units commit. A list: units are rehearsed, and the list holds one entry per unit that was.
_rehearsed: ContextVar[list[None] | None] = ContextVar("rehearsed", default=None)
#: What the next unit writes before anything else.
_first: ContextVar[list[Callable[[], None]] | None] = ContextVar("first", default=None)


@contextmanager
def unit() -> Iterator[None]:
    """One write transaction. On SQLite it takes its turn at once (IMMEDIATE). Units do not nest: a flow is one transaction."""
    if connection.in_atomic_block:
        raise RuntimeError("a flow is one transaction; units do not nest")
    rehearsed = _rehearsed.get()
    if rehearsed:
        raise RuntimeError("only a flow of one unit can be rehearsed: a second one would not see what the first did")
    with transaction.atomic():
        if rehearsed is None and (waiting := _first.get()):
            waiting.pop()()
        yield
        if rehearsed is not None:
            rehearsed.append(None)
            transaction.set_rollback(True)


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


@contextmanager
def reading() -> Iterator[None]:
    """A consistent view for reads that span several queries. Inside a unit it is that unit's view."""
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    if connection.vendor != "sqlite":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    # A deferred BEGIN: a reader must not take the writer's turn, which transaction_mode=IMMEDIATE would.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("COMMIT")
