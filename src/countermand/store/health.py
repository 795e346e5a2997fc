"""What the sources are worth now: when each was last in complete contact, and which of them are healthy."""

from countermand.core.instants import Instant
from countermand.core.lapse import Health, is_healthy
from countermand.core.terms import Contacts
from countermand.store import bulk

CONTACTS = "SELECT name, last_contact, interval FROM store_source"


def health(now: Instant) -> Health:
    """The sources' last contacts and health as of ``now``."""
    rows = bulk.all_rows(CONTACTS)
    contacts = Contacts({name: last for name, last, _ in rows if last is not None})
    return Health(contacts, {name: is_healthy(last, interval, now) for name, last, interval in rows})
