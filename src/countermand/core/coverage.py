"""Coverage: which app ids an answer could have shown, and how strong an answer is.

An answer proves the presence of what it shows; it proves the absence only of what it could have shown.
"""

from dataclasses import dataclass
from enum import IntEnum

from msgspec import Struct

from countermand.core.apps import App
from countermand.core.instants import Instant


class Grade(IntEnum):
    """Strength of evidence, ordered: ``prevented > inventory > attested > none``."""

    NONE = 0
    ATTESTED = 1
    INVENTORY = 2
    PREVENTED = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Coverage(Struct, frozen=True):
    """``apps`` = the ids that the answer could have shown; None = every app of the device."""

    apps: frozenset[App] | None

    def includes(self, apps: frozenset[App]) -> bool:
        """True if an answer with this coverage would have shown each of these apps, had it been there."""
        return self.apps is None or apps <= self.apps

    def narrowed(self, kept: frozenset[App]) -> "Coverage":
        """The coverage that is left when only rows of ``kept`` apps are stored (privacy)."""
        return Coverage(kept if self.apps is None else self.apps & kept)


EVERYTHING = Coverage(None)
NOTHING = Coverage(frozenset())


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """Who looked, how strongly, and at what: the key under which the latest observation of a device is kept.

    ``coverage`` is the store's number for a Coverage, so that sets and rows can name it.
    """

    source: str
    grade: Grade
    coverage: int


class Report(Struct, frozen=True, gc=False):
    """What a source said about one device at one time. ``present`` may show apps outside the coverage: still proof.

    ``query`` is what an answer belongs to, for sources whose answers do not say (NanoMDM's command_uuid), else ''.
    """

    source: str
    observed_at: Instant
    grade: Grade
    coverage: Coverage
    present: frozenset[App]
    query: str = ""
