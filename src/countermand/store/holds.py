"""How far the word of a halt, or of its end, has come; and who has heard that an order is on hold."""

from collections.abc import Collection

from countermand.core.instants import Instant
from countermand.core.notices import Kind
from countermand.store import bulk, models


def untold() -> list[str]:
    """Lineages that still stand and of whose last halt, or its end, not everyone has been promised the word."""
    return list(models.Lineage.objects.filter(hold_told=False, ended_at=None).order_by("pk").values_list("pk", flat=True))


def told_to(lineage: str) -> tuple[Instant, int] | None:
    """(the last halt, the last person promised the word of it or of its end); None once everyone has been."""
    row = models.Lineage.objects.filter(pk=lineage, hold_told=False, ended_at=None)
    found = row.values_list("last_halt", "hold_told_to").first()
    return None if found is None else (found[0] or 0, found[1])


def tell(lineage: str, halt: Instant, to: int, *, done: bool) -> None:
    """Everyone up to this person's ordinal is promised it; unless it was halted anew meanwhile."""
    models.Lineage.objects.filter(pk=lineage, last_halt=halt or None).update(hold_told_to=to, hold_told=done)


def tell_anew(lineage: str) -> None:
    """A version took the place of another during a halt: notices under the old one do not leave any more."""
    models.Lineage.objects.filter(pk=lineage).exclude(halted_at=None).update(hold_told_to=-1, hold_told=False)


def waiting(lineage: str, people: Collection[int]) -> set[int]:
    """Those of these people who take the order to be on hold: the last word of a halt that reached them, or may have, is not
    followed by one that it goes on. Both name the halt, so their order does not depend on when they were sent."""
    query = (
        "SELECT n.person_id, n.kind, n.occurrence FROM store_notice n JOIN store_version v ON v.id = n.version_id"
        " WHERE v.lineage_id = %s AND n.reached AND n.kind IN ('halted', 'resumed') AND n.person_id IN ({})"
    )
    last: dict[tuple[int, str], int] = {}
    for person, kind, occurrence in bulk.by_numbers(query, people, [lineage]):
        last[person, kind] = max(int(occurrence), last.get((person, kind), -1))
    return {person for person in people if last.get((person, Kind.HALTED), -1) > last.get((person, Kind.RESUMED), -1)}
