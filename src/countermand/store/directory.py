"""People and groups as rows: who is there by login, what is stored of them, and groups within groups."""

from collections.abc import Collection, Iterable, Mapping

from countermand.core.people import Person
from countermand.store import bulk
from countermand.store.nesting import EVERYBODY


def find(logins: Collection[str]) -> dict[str, int]:
    """Login → ordinal, of those logins that are somebody's."""
    return dict(bulk.by_texts("SELECT login, ordinal FROM store_person WHERE login IN ({})", logins))


def find_active(logins: Collection[str]) -> dict[str, int]:
    """Login → ordinal, of those who work here and have a mail address."""
    query = "SELECT login, ordinal FROM store_person WHERE login IN ({}) AND active AND email <> ''"
    return dict(bulk.by_texts(query, logins))


def find_by_email(emails: Collection[str]) -> dict[str, int]:
    """Mail address → ordinal, of those addresses that are exactly one person's."""
    found: dict[str, list[int]] = {}
    for email, ordinal in bulk.by_texts("SELECT email, ordinal FROM store_person WHERE email IN ({})", emails):
        found.setdefault(email, []).append(ordinal)
    return {email: ordinals[0] for email, ordinals in found.items() if len(ordinals) == 1}


def logins(ordinals: Collection[int]) -> dict[int, str]:
    """Ordinal → login."""
    return dict(bulk.by_numbers("SELECT ordinal, login FROM store_person WHERE ordinal IN ({})", ordinals))


def load(ordinals: Collection[int]) -> dict[int, Person]:
    """The people as stored, with the groups that they are in directly."""
    groups: dict[int, list[str]] = {}
    for ordinal, group in bulk.by_numbers("SELECT person_id, group_id FROM store_membership WHERE person_id IN ({})", ordinals):
        groups.setdefault(ordinal, []).append(group)
    columns = "ordinal, login, email, name, zone, locale, country, employment, manager"
    rows = bulk.by_numbers(f"SELECT {columns} FROM store_person WHERE ordinal IN ({{}})", ordinals)
    return {
        ordinal: Person(login, email, name, zone, locale, country, employment, frozenset(groups.get(ordinal, ())), manager)
        for ordinal, login, email, name, zone, locale, country, employment, manager in rows
    }


def left(ordinals: Collection[int]) -> frozenset[int]:
    """Those of these people who have left the directory."""
    query = "SELECT ordinal FROM store_person WHERE NOT active AND ordinal IN ({})"
    return frozenset(row[0] for row in bulk.by_numbers(query, ordinals))


def devices_of(people: Collection[int]) -> list[int]:
    """The devices that these people own, ascending."""
    return sorted(row[0] for row in bulk.by_numbers("SELECT ordinal FROM store_device WHERE owner_id IN ({})", people))


_PERSON = ("ordinal", "login", "email", "name", "zone", "locale", "country", "employment", "manager", "active")


def add(people: Mapping[int, Person]) -> None:
    """Store new people under the ordinals given to them."""
    rows = [
        (ordinal, one.login, one.email, one.name, one.zone, one.locale, one.country, one.employment, one.manager, True)
        for ordinal, one in people.items()
    ]
    bulk.insert("store_person", _PERSON, rows)
    _join(sorted((ordinal, group) for ordinal, one in people.items() for group in one.groups))


def change(people: Mapping[int, tuple[Person, Person]]) -> None:
    """Store what changed between (before, after) of each person, who is there again if they had left. The login is never
    changed here (``rename``)."""
    bulk.write(
        "UPDATE store_person SET email = %s, name = %s, zone = %s, locale = %s, country = %s, employment = %s, manager = %s,"
        " active = %s WHERE ordinal = %s",
        [
            (new.email, new.name, new.zone, new.locale, new.country, new.employment, new.manager, True, ordinal)
            for ordinal, (_, new) in people.items()
        ],
    )
    leave([(ordinal, group) for ordinal, (before, after) in people.items() for group in before.groups - after.groups])
    _join(sorted((ordinal, group) for ordinal, (before, after) in people.items() for group in after.groups - before.groups))


def depart(ordinals: Collection[int]) -> None:
    """These people have left: they are in no set any more, and everything about them stays."""
    bulk.write("UPDATE store_person SET active = %s WHERE ordinal = %s", [(False, ordinal) for ordinal in sorted(ordinals)])


def rename(ordinal: int, before: str, after: str) -> None:
    """The login of a person is another one. What people decided for the old one, releases and a protection, holds for the new."""
    bulk.write("UPDATE store_person SET login = %s WHERE ordinal = %s", [(after, ordinal)])
    bulk.write("UPDATE store_person SET manager = %s WHERE manager = %s", [(after, before)])
    bulk.write("UPDATE store_exemption SET target = %s WHERE kind = 'person' AND target = %s", [(after, before)])
    standing = "UPDATE store_protectedlogin SET login = %s WHERE login = %s AND ended_at IS NULL"
    bulk.write(standing, [(after, before)])


def join(joined: Collection[tuple[int, str]]) -> None:
    """These people (person, group) are members; who is one already stays one, and nobody waits to leave."""
    add_groups({group for _, group in joined})
    bulk.put(
        "INSERT INTO store_membership (person_id, group_id) VALUES {}"
        " ON CONFLICT (person_id, group_id) DO UPDATE SET held = NULL",
        sorted(joined),
    )


def leave(gone: Collection[tuple[int, str]]) -> None:
    """These people (person, group) are members no more."""
    bulk.write("DELETE FROM store_membership WHERE person_id = %s AND group_id = %s", sorted(gone))


def _join(joined: list[tuple[int, str]]) -> None:
    add_groups({group for _, group in joined})
    bulk.insert("store_membership", ("person_id", "group_id"), joined)


def add_groups(names: Iterable[str]) -> None:
    """Make groups exist, each with a number of its own. Most do already: to ask costs less than to try."""
    wanted = set(names)
    there = {row[0] for row in bulk.by_texts("SELECT group_id FROM store_provisionedgroup WHERE group_id IN ({})", wanted)}
    rows = [(name,) for name in sorted(wanted - there)]
    bulk.write("INSERT INTO store_group (name) VALUES (%s) ON CONFLICT (name) DO NOTHING", rows)
    numbered = "INSERT INTO store_provisionedgroup (group_id, external, created, modified) VALUES (%s, '', 0, 0)"
    bulk.write(f"{numbered} ON CONFLICT (group_id) DO NOTHING", rows)


Edges = frozenset[tuple[str, str]]


def nesting() -> Edges:
    """(group, the group it is a member of), those too that hold for a part of the company only."""
    return frozenset((child, parent) for child, parent in bulk.all_rows("SELECT child_id, parent_id FROM store_groupnesting"))


def unfinished_nesting() -> tuple[Edges, Edges, int]:
    """A change of nesting that is under way: edges that are coming, edges that are going, and the ordinal up to which it came.
    Two empty sets and 0 if none is."""
    rows = bulk.all_rows(
        "SELECT child_id, parent_id, since, until FROM store_groupnesting WHERE since > 0 OR until < %s", [EVERYBODY]
    )
    coming = frozenset((child, parent) for child, parent, _, until in rows if until < EVERYBODY)
    going = frozenset((child, parent) for child, parent, since, _ in rows if since > 0)
    return coming, going, max((since or until for _, _, since, until in rows), default=0)


def nest(added: Collection[tuple[str, str]], removed: Collection[tuple[str, str]], until: int = EVERYBODY) -> None:
    """Add and remove (group, the group it is a member of), for people with ordinals under ``until``."""
    add_groups(name for edge in added for name in edge)
    bulk.write(
        "INSERT INTO store_groupnesting (child_id, parent_id, since, until) VALUES (%s, %s, 0, %s)"
        " ON CONFLICT (parent_id, child_id) DO UPDATE SET until = excluded.until",
        [(*edge, until) for edge in sorted(added)],
    )
    if until == EVERYBODY:
        bulk.write("DELETE FROM store_groupnesting WHERE child_id = %s AND parent_id = %s", sorted(removed))
    else:
        update = "UPDATE store_groupnesting SET since = %s WHERE child_id = %s AND parent_id = %s"
        bulk.write(update, [(until, *edge) for edge in sorted(removed)])


def members(groups: Collection[str]) -> frozenset[int]:
    """The people who are in one of these groups directly."""
    query = "SELECT DISTINCT person_id FROM store_membership WHERE group_id IN ({})"
    return frozenset(row[0] for row in bulk.by_texts(query, groups))


def give_ordinals(count: int) -> range:
    """``count`` fresh ordinals of people, in sequence; called inside the unit that uses them."""
    return bulk.fresh("store_person", "next_person", count)


def count() -> int:
    """How many people there are."""
    return int(bulk.all_rows("SELECT COUNT(*) FROM store_person")[0][0])


def count_active() -> int:
    """How many of them have not left."""
    return int(bulk.all_rows("SELECT COUNT(*) FROM store_person WHERE active")[0][0])


def size(group: str) -> int:
    """How many people are in a group directly."""
    return int(bulk.all_rows("SELECT COUNT(*) FROM store_membership WHERE group_id = %s", [group])[0][0])


def blocks() -> list[int]:
    """The blocks in which there is anybody, ascending."""
    return bulk.blocks("store_person")


def in_block(block: int) -> list[int]:
    """Everybody in a block, ascending."""
    return bulk.in_block("store_person", block)
