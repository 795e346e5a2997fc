"""What each source says of each device, as rows: one for each (device, source), with the device's enrolment there."""

from collections.abc import Collection, Mapping

from countermand.core.claims import Claims, Voice, from_text, to_text
from countermand.core.instants import Instant
from countermand.store import bulk

_QUERY = (
    "SELECT e.device_id, e.source, e.since, e.until, e.said,"
    " d.platform, d.model, d.ownership, d.enrollment, d.reads_mail, p.login"
    " FROM store_enrolled e JOIN store_device d ON d.ordinal = e.device_id LEFT JOIN store_person p ON p.ordinal = d.owner_id"
    " WHERE e.device_id IN ({})"
)


def load(ordinals: Collection[int]) -> dict[int, dict[str, Claims]]:
    """Device → source → what it says."""
    found: dict[int, dict[str, Claims]] = {}
    for device, source, since, until, said, *row in bulk.by_numbers(_QUERY, ordinals):
        found.setdefault(device, {})[source] = _claims(since, until, said, *row)
    return found


def save(changed: Mapping[int, Mapping[str, Claims]]) -> None:
    """Store these, each in place of what its source said of the device before."""
    bulk.write(
        "INSERT INTO store_enrolled (device_id, source, since, until, said) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (device_id, source) DO UPDATE SET since = excluded.since, until = excluded.until, said = excluded.said",
        [
            (device, source, claims.since, claims.until, to_text(claims))
            for device, by_source in changed.items()
            for source, claims in by_source.items()
        ],
    )


def forget(ordinals: Collection[int]) -> None:
    """Nothing is said of these devices any more."""
    bulk.write("DELETE FROM store_enrolled WHERE device_id = %s", [(ordinal,) for ordinal in ordinals])


def _claims(
    since: Instant, until: Instant | None, said: str | None, platform: str, model: str, ownership: str, enrollment: str,
    reads_mail: bool, login: str | None,
) -> Claims:  # fmt: skip
    if said:
        return from_text(said, since, until)
    if said is None:
        return Claims(Voice.MANAGER, since, until)  # heard before claims were kept: its row says what it said
    # A load in bulk: the row is what it said, until somebody else speaks.
    words = {
        "login": login or "",
        "platform": platform,
        "model": model,
        "ownership": ownership,
        "enrollment": enrollment,
        "reads_mail": "yes" if reads_mail else "no",
    }
    return Claims(Voice.FILE, since, until, {name: (word, since) for name, word in words.items()})
