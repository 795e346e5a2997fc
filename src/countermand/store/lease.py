"""Leases: one holder at a time for publisher, sealer and the like. They run on real time, also in a drill, and on the
database's: machines that share it need not agree on what time it is."""

from django.db import connection

from countermand.core.instants import MINUTE, Instant
from countermand.lib import clock
from countermand.store.faults import told_apart

#: How far the database's clock is ahead of this process's, and when (steady time) that was last asked.
_ahead: tuple[int, int] | None = None


def real() -> Instant:
    """The database's real time; asked for once in a minute, counted on from there."""
    global _ahead
    if connection.vendor != "postgresql":
        return clock.now()
    if _ahead is None or clock.steady() - _ahead[1] > MINUTE:
        with told_apart(), connection.cursor() as cursor:
            before = clock.now()
            cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
            _ahead = int(cursor.fetchone()[0]) - (before + clock.now()) // 2, clock.steady()
    return clock.now() + _ahead[0]


def hold(name: str, holder: str, now: Instant, length: int) -> bool:
    """Take the lease, or keep it, until ``now + length``; False if somebody else holds it. Inside a unit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO store_lease (name, holder, until) VALUES (%s, %s, %s) "
            "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
            "WHERE store_lease.holder = excluded.holder OR store_lease.until <= %s",
            [name, holder, now + length, now],
        )
        return bool(cursor.rowcount)


def release(name: str, holder: str) -> None:
    """Give the lease up, if it is still held by this holder."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE store_lease SET until = 0 WHERE name = %s AND holder = %s", [name, holder])


def pause(name: str) -> None:
    """Until the caller's unit ends, nobody takes or keeps this lease: whoever tries waits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO store_lease (name, holder, until) VALUES (%s, '', 0) "
            "ON CONFLICT (name) DO UPDATE SET holder = store_lease.holder",
            [name],
        )


def held_by_anybody(name: str, now: Instant) -> bool:
    """Whether somebody holds the lease at ``now``: a process that is at work on this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM store_lease WHERE name = %s AND until > %s", [name, now])
        return bool(cursor.fetchone()[0])
