"""Who waits to leave a carve-out, or the directory, until a person releases them; and how many left lately without waiting."""

from collections.abc import Collection

from countermand.store import bulk, models


def waiting_to_leave(held: int) -> list[int]:
    """The people whose leaving waits in this held batch, ascending."""
    return [row[0] for row in bulk.all_rows("SELECT person_id FROM store_provisioned WHERE held = %s ORDER BY 1", [held])]


def unhold(ordinals: Collection[int]) -> None:
    """Nobody's leaving waits any more."""
    bulk.write("UPDATE store_provisioned SET held = NULL WHERE person_id = %s", [(ordinal,) for ordinal in sorted(ordinals)])


def hold_members(pairs: Collection[tuple[int, str]], held: int) -> None:
    """These people (person, group) wait to leave."""
    update = "UPDATE store_membership SET held = %s WHERE person_id = %s AND group_id = %s"
    bulk.write(update, [(held, *pair) for pair in sorted(pairs)])


def hold_nesting(edges: Collection[tuple[str, str]], held: int | None) -> None:
    """These groups (child, parent) wait to leave; None: they do no more."""
    update = "UPDATE store_groupnesting SET held = %s WHERE child_id = %s AND parent_id = %s"
    bulk.write(update, [(held, *edge) for edge in sorted(edges)])


def held_members(held: int) -> list[tuple[int, str]]:
    """(person, group) that wait in this batch, in order."""
    rows = bulk.all_rows("SELECT person_id, group_id FROM store_membership WHERE held = %s ORDER BY person_id, group_id", [held])
    return [(row[0], row[1]) for row in rows]


def held_edges(held: int) -> list[tuple[str, str]]:
    """(child, parent) that wait in this batch."""
    rows = bulk.all_rows("SELECT child_id, parent_id FROM store_groupnesting WHERE held = %s ORDER BY 1, 2", [held])
    return [(row[0], row[1]) for row in rows]


def held_pairs(people: Collection[int]) -> frozenset[tuple[int, str]]:
    """(person, group) of these people that wait to leave."""
    query = "SELECT person_id, group_id FROM store_membership WHERE held IS NOT NULL AND person_id IN ({})"
    return frozenset((row[0], row[1]) for row in bulk.by_numbers(query, people))


def free_members(pairs: Collection[tuple[int, str]]) -> None:
    """These people wait no more: they stay."""
    bulk.write("UPDATE store_membership SET held = NULL WHERE person_id = %s AND group_id = %s", sorted(pairs))


def departed(group: str, since: int) -> int:
    """How many left a carve-out, one request at a time, from this hour on."""
    query = 'SELECT COALESCE(SUM(people), 0) FROM store_departure WHERE "group" = %s AND hour >= %s'
    return int(bulk.all_rows(query, [group, since])[0][0])


def count_departed(group: str, hour: int, people: int, keep: int) -> None:
    """So many more left within this hour; hours before ``keep`` are forgotten."""
    bulk.write('DELETE FROM store_departure WHERE "group" = %s AND hour < %s', [(group, keep)])
    bulk.write(
        'INSERT INTO store_departure ("group", hour, people) VALUES (%s, %s, %s)'
        ' ON CONFLICT ("group", hour) DO UPDATE SET people = store_departure.people + excluded.people',
        [(group, hour, people)],
    )


def carved_by_exemption() -> frozenset[str]:
    """Groups whose members an exemption in force releases."""
    rows = models.Exemption.objects.filter(kind="group", ended_at=None).exclude(agreed_at=None)
    return frozenset(rows.values_list("target", flat=True))
