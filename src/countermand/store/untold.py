"""Who was to be told of a version and was not, person by person."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.core.notices import TELLING
from countermand.store import bulk

_KINDS = ", ".join(f"'{kind.value}'" for kind in sorted(TELLING))


@dataclass(frozen=True, slots=True)
class Untold:
    """``state`` of the last notice: refused, bounced or unknown; ``answer``: the mail server's last words."""

    login: str
    name: str
    state: str
    answer: str
    at: Instant | None


def of(version: int, after: str, limit: int) -> list[Untold]:
    """Those whose notice came back, was refused, or may not have arrived, by login, after this one."""
    rows = bulk.all_rows(
        "SELECT p.login, p.name, n.state, n.answer, n.settled_at FROM store_notice n "
        "JOIN store_person p ON p.ordinal = n.person_id "
        f"WHERE n.version_id = %s AND n.kind IN ({_KINDS}) AND n.state IN ('refused', 'bounced', 'unknown') AND p.login > %s "
        "AND NOT EXISTS (SELECT 1 FROM store_told t WHERE t.version_id = n.version_id AND t.person_id = n.person_id) "
        "ORDER BY p.login LIMIT %s",
        [version, after, limit],
    )
    return [Untold(*row) for row in rows]
