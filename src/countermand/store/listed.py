"""Whom a directory lists that is read, by what stays when a login changes."""

from collections.abc import Collection, Mapping

from countermand.store import bulk


def keys() -> dict[str, int]:
    """Key → person."""
    return dict(bulk.all_rows("SELECT key, person_id FROM store_listed"))


def save(people: Mapping[int, str]) -> None:
    """These people are listed under these keys now, and under no other."""
    bulk.write("DELETE FROM store_listed WHERE person_id = %s OR key = %s", sorted(people.items()))
    bulk.put("INSERT INTO store_listed (person_id, key) VALUES {}", sorted(people.items()))


def drop(people: Collection[int]) -> None:
    """They are listed no more."""
    bulk.write("DELETE FROM store_listed WHERE person_id = %s", [(person,) for person in sorted(people)])
