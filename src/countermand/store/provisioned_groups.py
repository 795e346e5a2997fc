"""Groups as a directory provisions them: their numbers, their members as it counts them."""

from collections.abc import Collection
from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import bulk, provisioned


@dataclass(frozen=True, slots=True)
class Group:
    """A group as SCIM shows it, without its members."""

    number: int
    name: str
    external: str
    created: Instant
    modified: Instant

    @property
    def id(self) -> str:
        return f"g{self.number}"


_GROUP = "SELECT id, group_id, external, created, modified FROM store_provisionedgroup"


def _group_number(text: str) -> int:
    digits = text[1:] if text[:1] == "g" else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 and not digits.startswith("0") else -1


def group(text: str) -> Group | None:
    """The group with this id."""
    rows = bulk.all_rows(f"{_GROUP} WHERE id = %s", [_group_number(text)])
    return Group(*rows[0]) if rows else None


def group_named(name: str) -> Group | None:
    rows = bulk.all_rows(f"{_GROUP} WHERE group_id = %s", [name])
    return Group(*rows[0]) if rows else None


def groups_by(column: str, value: str) -> list[Group]:
    """Groups by ``external``, or by ``name`` whatever its case."""
    where = {"external": "external = %s", "name": "LOWER(group_id) = LOWER(%s)"}[column]
    return [Group(*row) for row in bulk.all_rows(f"{_GROUP} WHERE {where} ORDER BY id", [value])]


def groups(start: int, limit: int) -> list[Group]:
    return [Group(*row) for row in bulk.all_rows(f"{_GROUP} ORDER BY id LIMIT %s OFFSET %s", [limit, start])]


def count_groups() -> int:
    return int(bulk.all_rows("SELECT COUNT(*) FROM store_provisionedgroup")[0][0])


def groups_with(names: Collection[str]) -> dict[str, Group]:
    """Name → group."""
    found = (Group(*row) for row in bulk.by_texts(f"{_GROUP} WHERE group_id IN ({{}})", sorted(names)))
    return {one.name: one for one in found}


def save_group(one: Group) -> None:
    row = (one.external, one.created, one.modified, one.number)
    bulk.write("UPDATE store_provisionedgroup SET external = %s, created = %s, modified = %s WHERE id = %s", [row])


def move_group(before: Group, name: str) -> None:
    """The number of a group goes with its new name, instead of the one that the name got when its members came."""
    bulk.write("INSERT INTO store_group (name) VALUES (%s) ON CONFLICT (name) DO NOTHING", [(name,)])
    bulk.write("DELETE FROM store_provisionedgroup WHERE group_id = %s", [(name,)])
    bulk.write("UPDATE store_provisionedgroup SET group_id = %s WHERE id = %s", [(name, before.number)])


def drop_group(number: int) -> None:
    """Its id is nobody's any more, and never another's."""
    bulk.write("DELETE FROM store_provisionedgroup WHERE id = %s", [(number,)])


def empty_group(name: str) -> bool:
    """Forget a group in which nobody is any more and that nothing is nested in; False if something still is."""
    query = (
        "SELECT 1 FROM store_membership WHERE group_id = %s UNION ALL"
        " SELECT 1 FROM store_groupnesting WHERE child_id = %s OR parent_id = %s"
    )
    if bulk.all_rows(query, [name, name, name]):
        return False
    bulk.write("DELETE FROM store_group WHERE name = %s", [(name,)])
    return True


def resolve(ids: Collection[str]) -> tuple[dict[str, int], dict[str, str]]:
    """(id → ordinal of the person, id → name of the group) of those of these ids that are somebody's."""
    wanted = {text: found for text in ids if (found := provisioned.ordinal_of(text)) is not None}
    there = {one.id: one.ordinal for one in provisioned.entries({ordinal for ordinal, _ in wanted.values()}).values()}
    numbers = {text: _group_number(text) for text in ids if text not in wanted and _group_number(text) > 0}
    rows = dict(bulk.by_numbers("SELECT id, group_id FROM store_provisionedgroup WHERE id IN ({})", numbers.values()))
    people = {text: there[text] for text in wanted if text in there}
    return people, {text: rows[number] for text, number in numbers.items() if number in rows}


def members(name: str) -> list[int]:
    """The people that the directory counts as direct members, ascending; who waits to leave is none to it."""
    query = (
        "SELECT m.person_id FROM store_membership m LEFT JOIN store_provisioned s ON s.person_id = m.person_id"
        f" WHERE m.group_id = %s AND m.held IS NULL AND {provisioned.SHOWN} ORDER BY m.person_id"
    )
    return [row[0] for row in bulk.all_rows(query, [name])]


def nested(name: str) -> list[str]:
    """The groups that the directory counts as direct members."""
    query = "SELECT child_id FROM store_groupnesting WHERE parent_id = %s AND held IS NULL ORDER BY child_id"
    return [row[0] for row in bulk.all_rows(query, [name])]


def groups_of(ordinals: Collection[int]) -> dict[int, list[Group]]:
    """The groups that the directory counts each of these people into, directly."""
    rows = list(
        bulk.by_numbers("SELECT person_id, group_id FROM store_membership WHERE held IS NULL AND person_id IN ({})", ordinals)
    )
    known = groups_with({name for _, name in rows})
    found: dict[int, list[Group]] = {}
    for ordinal, name in sorted(rows):
        if name in known:
            found.setdefault(ordinal, []).append(known[name])
    return found


def ids_of(people: Collection[int]) -> list[str]:
    """The ids of people, in their order."""
    made = provisioned.made_of(people)
    return [f"{one}-{made[one]}" if one in made else str(one) for one in people]


def among(name: str, people: Collection[int]) -> frozenset[int]:
    """Those of these people whom the directory counts as direct members."""
    query = "SELECT person_id FROM store_membership WHERE group_id = %s AND held IS NULL AND person_id IN ({})"
    return frozenset(row[0] for row in bulk.by_numbers(query, people, [name]))


def names_of(people: Collection[int]) -> dict[int, str]:
    """Ordinal → what the person is called."""
    return dict(bulk.by_numbers("SELECT ordinal, name FROM store_person WHERE ordinal IN ({})", people))


def groups_of_member(number: str) -> list[Group]:
    """The groups that a person or a group of this id is in directly."""
    people, groups = resolve([number])
    if number in people:
        return groups_of([people[number]]).get(people[number], [])
    query = "SELECT parent_id FROM store_groupnesting WHERE held IS NULL AND child_id = %s"
    above = [row[0] for row in bulk.all_rows(query, [groups.get(number, "")])]
    return sorted(groups_with(above).values(), key=lambda one: one.number)
