"""What a restored database may not simply go on with: orders in force, approvals that wait, notices that were to leave.

Between the backup and now the world went on and this database does not know how. So every order waits for people, and a
notice that had not left may have left since: it counts as one that may have reached its person, and leaves again only
when people say so (``revive``).
"""

from django.db import connection

from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.store import models

#: How a set-aside notice is known: its row says what became of it.
_SET_ASIDE = "set aside by a restore"
#: Notices that go back into the outbox at a time, so that the stop button waits for none of it.
CHUNK = 2_000


def halt_all(at: Instant) -> list[str]:
    """Halt every issued lineage at ``at``, one that was halted before too: it is another halt, for which no approval of a
    resumption was given yet. Nobody is told of it: a restore sends nothing. Returns their ids."""
    issued = models.Version.objects.filter(state=State.ISSUED, lineage__ended_at=None)
    names = sorted(set(issued.values_list("lineage_id", flat=True)))
    models.Lineage.objects.filter(pk__in=names).update(halted_at=at, last_halt=at, hold_told=True, hold_told_to=-1)
    return names


def quiet() -> list[str]:
    """Rescinded lineages whose corrections were not all promised: none is promised until somebody lets them go."""
    unfinished = models.Lineage.objects.filter(corrected=False).exclude(ended_at=None)
    names = sorted(unfinished.values_list("pk", flat=True))
    models.Lineage.objects.filter(pk__in=names).update(corrected=True)
    return names


def void_approvals() -> int:
    """Approvals of what was not issued yet are void; returns how many. What has been signed since is not known."""
    waiting = models.Approval.objects.filter(void=False, version__state__in=[State.DRAFT, State.PROPOSED])
    return waiting.update(void=True)


def void_tokens(at: Instant) -> int:
    """Narrower tokens open nothing any more: which of them were revoked since the backup is not known. Returns how many."""
    return models.ApiToken.objects.filter(revoked_at=None).update(revoked_at=at)


def mend_pairs(at: Instant) -> int:
    """No device is cut off because its person once disowned it: they may have taken it back since. Returns how many were."""
    return models.Objection.objects.filter(cut_at__isnull=False, mended_at=None).update(mended_at=at)


def set_aside(at: Instant) -> dict[str, int]:
    """No notice or echo leaves by itself. Lineage → how many were set aside. What a rescission had made void stays so."""
    rescinded = "SELECT v.id FROM store_version v JOIN store_lineage l ON l.id = v.lineage_id WHERE l.ended_at IS NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_notice SET state = 'void', settled_at = %s "
            f"WHERE state = 'promised' AND NOT reached AND kind <> 'rescinded' AND version_id IN ({rescinded})",
            [at],
        )
        cursor.execute(
            "SELECT v.lineage_id, COUNT(*) FROM store_notice n JOIN store_version v ON v.id = n.version_id "
            "WHERE n.state IN ('promised', 'claimed') GROUP BY v.lineage_id ORDER BY v.lineage_id"
        )
        counts = {str(name): int(count) for name, count in cursor.fetchall()}
        cursor.execute(
            "UPDATE store_notice SET state = 'unknown', reached = %s, answer = %s, claimed_by = '', lease_until = 0, "
            "settled_at = %s WHERE state IN ('promised', 'claimed')",
            [True, _SET_ASIDE, at],
        )
        cursor.execute(
            "UPDATE store_echo SET state = 'unknown', reached = %s, answer = %s, claimed_by = '', lease_until = 0, "
            "settled_at = %s WHERE state IN ('promised', 'claimed')",
            [True, _SET_ASIDE, at],
        )
    return counts


def revive(lineage: str) -> int:
    """Put the next set-aside notices of a lineage back into the outbox, in a unit; returns how many. They leave under the
    Message-IDs they had, and whether they may is decided when they are claimed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_notice SET state = 'promised', answer = '', attempts = 0, settled_at = NULL WHERE id IN "
            "(SELECT n.id FROM store_notice n JOIN store_version v ON v.id = n.version_id "
            "WHERE v.lineage_id = %s AND n.state = 'unknown' AND n.answer = %s ORDER BY n.id LIMIT %s)",
            [lineage, _SET_ASIDE, CHUNK],
        )
        return max(int(cursor.rowcount), 0)


# -- that they wait, for whoever decides (store.held lists them beside everything else that waits) --

KIND = "notices"


def let_go(lineage: str, by: str, at: Instant) -> bool:
    """People resumed the lineage, or said that its corrections may leave: ``revive`` may. False if none waited."""
    waiting = models.Held.objects.filter(kind=KIND, source=lineage, released_at=None, dropped_at=None)
    return bool(waiting.update(released_at=at, released_by=by))


def to_revive() -> list[str]:
    """Lineages whose notices may leave again and are not all back in the outbox."""
    rows = models.Held.objects.filter(kind=KIND, dropped_at=None).exclude(released_at=None).exclude(payload=b"")
    return sorted(set(rows.values_list("source", flat=True)))


def revived(lineage: str) -> None:
    """All of them are."""
    models.Held.objects.filter(kind=KIND, source=lineage).exclude(released_at=None).update(payload=b"")
