"""People as a directory provisions them: by ids that are never given twice, and what it said of each."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from countermand.core.instants import Instant
from countermand.core.people import Person
from countermand.store import bulk, directory


@dataclass(frozen=True, slots=True)
class Entry:
    """A person as SCIM shows them. ``said``: the resource as JSON, '' for whom only a file named; ``held``: the held batch in
    which their leaving waits; ``gone``: deleted."""

    ordinal: int
    person: Person
    active: bool
    made: int = 0
    external: str = ""
    said: str = ""
    gone: bool = False
    held: int | None = None
    former: tuple[str, ...] = ()
    created: Instant = 0
    modified: Instant = 0

    @property
    def id(self) -> str:
        return f"{self.ordinal}-{self.made}" if self.made else str(self.ordinal)


JOINED = "store_person p LEFT JOIN store_provisioned s ON s.person_id = p.ordinal"
SHOWN = "(s.gone IS NULL OR NOT s.gone)"


def ordinal_of(text: str) -> tuple[int, int] | None:
    """(ordinal, how often made) that an id of a person says; None if it is none."""
    number, _, made = text.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 10) or not (made or "0").isdigit() or len(made) > 6:
        return None
    found = (int(number), int(made or 0))
    return found if Entry(found[0], _NOBODY, True, found[1]).id == text else None


_NOBODY = Person("", "", "")


def entries(ordinals: Collection[int], *, gone: bool = False) -> dict[int, Entry]:
    """Ordinal → person, in ascending order; those deleted only if asked for."""
    people = directory.load(ordinals)
    query = (
        "SELECT p.ordinal, p.active, COALESCE(s.made, 0), COALESCE(s.external, ''), COALESCE(s.said, ''), COALESCE(s.gone,"
        " FALSE), s.held, COALESCE(s.former, ''), COALESCE(s.created, 0), COALESCE(s.modified, 0)"
        f" FROM {JOINED} WHERE p.ordinal IN ({{}})"
    )
    found = {}
    for ordinal, active, made, external, said, is_gone, held, former, created, modified in bulk.by_numbers(
        query, sorted(ordinals)
    ):
        if gone or not is_gone:
            before = tuple(former.split("\n")) if former else ()
            found[ordinal] = Entry(
                ordinal, people[ordinal], bool(active), made, external, said, bool(is_gone), held, before, created, modified
            )
    return dict(sorted(found.items()))


def entry(text: str) -> Entry | None:
    """The person with this id, unless they were deleted, or made anew since."""
    wanted = ordinal_of(text)
    found = entries([wanted[0]]).get(wanted[0]) if wanted else None
    return found if found is not None and found.id == text else None


def named(login: str) -> Entry | None:
    """The person with this login, deleted ones too."""
    ordinal = directory.find([login]).get(login)
    return None if ordinal is None else entries([ordinal], gone=True)[ordinal]


# Directories ask this before everything else: each part is one look into an index. With OR over both tables it would be a scan.
_BY_LOGIN = "SELECT ordinal FROM store_person WHERE login = %s UNION SELECT person_id FROM store_provisioned WHERE user_name = %s"
_BY_EXTERNAL = "SELECT person_id FROM store_provisioned WHERE external = %s"
BY = {
    column: f"SELECT p.ordinal FROM {JOINED} WHERE p.ordinal IN ({found}) AND {SHOWN} ORDER BY 1"
    for column, found in (("login", _BY_LOGIN), ("external", _BY_EXTERNAL))
}


def ordinals_by(column: str, value: str) -> list[int]:
    """People, not deleted, by what identifies one: ``login`` (as said or as stored) or ``external``."""
    return [row[0] for row in bulk.all_rows(BY[column], [value] * BY[column].count("%s"))]


def count() -> int:
    """How many people are shown: all but those that are gone, so that nobody's row has to be joined to be counted."""
    gone = "SELECT COUNT(*) FROM store_provisioned WHERE gone"
    return int(bulk.all_rows(f"SELECT (SELECT COUNT(*) FROM store_person) - ({gone})")[0][0])


def page(start: int, limit: int) -> list[int]:
    """The ordinals of people from the ``start``-th on (counted from 0)."""
    query = f"SELECT p.ordinal FROM {JOINED} WHERE {SHOWN} ORDER BY p.ordinal LIMIT %s OFFSET %s"
    return [row[0] for row in bulk.all_rows(query, [limit, start])]


def save(one: Entry, user_name: str) -> None:
    """Store what was said of a person; the person's own row is the directory's."""
    columns = ("made", "external", "user_name", "said", "gone", "held", "former", "created", "modified")
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns)
    bulk.write(
        f"INSERT INTO store_provisioned (person_id, {', '.join(columns)}) VALUES ({bulk.marks(columns)}, %s)"
        f" ON CONFLICT (person_id) DO UPDATE SET {updates}",
        [
            (
                one.ordinal, one.made, one.external, user_name, one.said, one.gone, one.held, "\n".join(one.former), one.created,
                one.modified,
            )
        ],
    )  # fmt: skip


def remember_login(one: Entry, now: Instant) -> None:
    """The login that a person had until now."""
    save(replace(one, former=(*one.former, one.person.login), created=one.created or now, modified=now), one.person.login)


def former_logins(ordinal: int) -> tuple[str, ...]:
    """The logins that a person had before."""
    rows = bulk.all_rows("SELECT former FROM store_provisioned WHERE person_id = %s", [ordinal])
    return tuple(rows[0][0].split("\n")) if rows and rows[0][0] else ()


def said_of(ordinal: int) -> str:
    """What a directory said of a person, as JSON; '' for nothing."""
    rows = bulk.all_rows("SELECT said FROM store_provisioned WHERE person_id = %s", [ordinal])
    return str(rows[0][0]) if rows else ""


def made_of(ordinals: Collection[int]) -> dict[int, int]:
    """How often each of these people was made, where it is more than once."""
    query = "SELECT person_id, made FROM store_provisioned WHERE made > 0 AND person_id IN ({})"
    return dict(bulk.by_numbers(query, ordinals))
