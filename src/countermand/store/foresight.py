"""What a report asks in any case, asked at once: of all that it takes to take one, most is known to be asked before it begins."""

from collections.abc import Collection
from contextlib import AbstractContextManager

from countermand.core.devices import Identity
from countermand.core.instants import Instant
from countermand.store import bulk, claims, evidence, fleet, health, known, salts, straight, terms, watching


def whose(identities: Collection[Identity]) -> AbstractContextManager[None]:
    """Inside it is asked whose these names are: that goes with whatever is asked first."""
    return straight.foreseen(fleet.naming(identities))


def about(device: int, *, now: Instant) -> AbstractContextManager[None]:
    """Inside, a report about this device is taken, at ``now``: these questions go to the database with the first one, and with
    the locks of the unit. Who asks them differently asks for himself, and nothing but time is lost."""
    return straight.foreseen([
        terms.question(),
        watching.question(now),
        (known.STANDING, ()),
        (health.CONTACTS, ()),
        *(bulk.about(query, [device]) for query in (fleet.NAMES, claims.SAID, evidence.KEPT)),
        bulk.about_texts(salts.SALTS, [f"device:{device}"]),
    ])  # fmt: skip
