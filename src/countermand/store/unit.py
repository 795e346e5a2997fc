"""The only transaction: a flow's changes, its ledger entries and its promises commit together or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def unit() -> Iterator[None]:
    """One write transaction. On SQLite it takes its turn at once (IMMEDIATE). Units do not nest: a flow is one transaction."""
    if connection.in_atomic_block:
        raise RuntimeError("a flow is one transaction; units do not nest")
    with transaction.atomic():
        yield


@contextmanager
def reading() -> Iterator[None]:
    """A consistent view for reads that span several queries. Inside a unit it is that unit's view."""
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    if connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    # A deferred BEGIN: a reader must not take the writer's turn, which transaction_mode=IMMEDIATE would.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("COMMIT")
