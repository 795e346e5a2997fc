"""Drawing new devices of a load: their rows, and the sets that they are in but for those of apps and looks.

Which sets follow from what is asked of ``core.facts.names``, once for every distinct kind of device and once for every
person, so that this path cannot disagree with the others.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np

from countermand.core import facts
from countermand.core.devices import MAIL_KINDS, Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.facts import BLOCK_SIZE, Known
from countermand.core.instants import Instant
from countermand.core.people import Person
from countermand.flows.look_sets import Looks
from countermand.flows.placing import Ready
from countermand.lib.parquet import NO_TIME
from countermand.sources.devices_parquet import KINDS
from countermand.store import directory, known, sets
from countermand.store.arriving import Arrivals

_SOMEBODY = Person("somebody", "", "")
_A_MAIL_NAME = Identity(IdentityKind.EAS, "any")
#: What a row of devices says of a device's traits, and what its own row holds of that in words.
_TRAITS, _WORDS = ("platform", "ownership", "enrollment", "reads_mail"), ("platform", "model", "ownership", "enrollment")

#: Sets that devices are in together, by their names; Python remembers its hash.
Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Traits:
    """Of a device, what decides about its sets and is not its owner's; few of them are distinct."""

    platform: Platform
    ownership: Ownership
    enrollment: Enrollment
    reads_mail: bool
    owned: bool
    recognisable: bool


@lru_cache(maxsize=4096)
def names_of(traits: Traits) -> Names:
    """The sets of a device like this whose owner has nothing but a login."""
    device = Device(
        identities=frozenset({_A_MAIL_NAME}) if traits.recognisable else frozenset(),
        login=_SOMEBODY.login if traits.owned else "",
        platform=traits.platform,
        ownership=traits.ownership,
        enrollment=traits.enrollment,
        reads_mail=traits.reads_mail,
    )
    found = Known(device)
    return facts.names(replace(found, person=_SOMEBODY) if traits.owned else found)


_NOBODY: tuple[None, tuple[Names, ...]] = (None, ())


class Drawing:
    """Draws the devices of one load. What it remembers of the few distinct kinds of devices holds for the whole load."""

    def __init__(self, first: int, looks: Looks) -> None:
        self._first, self._looks = first, looks
        self._kinds: dict[tuple[Any, ...], Names] = {}

    def draw(self, now: Instant, ready: Ready, low: int, high: int) -> tuple[Arrivals, dict[str, list[int]]]:
        """Rows, and sets by offsets, of the new devices ``low`` to ``high``. Inside the unit that writes them."""
        rows = ready.rows(low, high)
        ordinals = range(self._first + low, self._first + high)
        owners = _owners({login for login in rows["login"] if login})
        whose, of_owners = zip(*(owners.get(login, _NOBODY) for login in rows["login"]), strict=True)
        recognisable = map(any, zip(*(rows[kind.value] for kind in KINDS if kind in MAIL_KINDS), strict=True))
        keys = zip(*(rows[column] for column in _TRAITS), map(bool, of_owners), recognisable, strict=True)
        found, together = Arrivals(), defaultdict[Names, list[int]](list)
        for word in map(str, KINDS):
            found.names += [(word, name, ordinal) for ordinal, name in zip(ordinals, rows[word], strict=True) if name]
        seen = [None if at == NO_TIME else at for at in rows["observed_at"]]
        words = (rows[column] for column in _WORDS)
        mail = map(bool, rows["reads_mail"])
        bound = [None if owner is None else now for owner in whose]
        found.devices = list(zip(ordinals, whose, *words, mail, repeat(False), repeat(False), seen, bound, strict=False))
        since = (now if at is None else at for at in seen)
        found.enrolled = list(zip(ordinals, rows["source"], since, strict=True))
        for offset, key, of_owner in zip(range(ordinals[0] % BLOCK_SIZE, BLOCK_SIZE), keys, of_owners, strict=False):
            together[self._kinds.get(key) or self._kind(key)].append(offset)
            for names in of_owner:
                together[names].append(offset)
        found.looks = list(self._looks.rows(ordinals, rows))
        apps = ready.app_lists(low, high, np.array(rows["observed_at"], np.int64))
        found.lists = [one for one in zip(ordinals, apps, strict=True) if one[1]]
        self._exempt(found, together)
        return found, sets.by_name(together)

    def _kind(self, key: tuple[Any, ...]) -> Names:
        platform, ownership, enrollment, mail, owned, recognisable = key
        traits = Traits(Platform(platform), Ownership(ownership), Enrollment(enrollment), bool(mail), owned, recognisable)
        made = self._kinds[key] = names_of(traits)
        return made

    def _exempt(self, found: Arrivals, together: dict[Names, list[int]]) -> None:
        """Devices that were exempt before they came."""
        exempt = known.exempt_devices()
        for kind, name, ordinal in found.names if exempt else ():
            for lineage, until in exempt.get(f"{kind}:{name}", ()):
                together[frozenset({facts.exempt(lineage, until)})].append(ordinal % BLOCK_SIZE)


def _owners(logins: set[str]) -> dict[str, tuple[int, list[Names]]]:
    """Login → person, and the sets that person is in, in parts."""
    found = known.kinds_by_login(logins)
    if unknown := {login for login in logins - found.keys() if "@" in login}:
        addressed = directory.find_by_email(unknown)
        people = known.kinds_of_people(set(addressed.values()))
        found |= {email: (ordinal, people.get(ordinal, [])) for email, ordinal in addressed.items()}
    return found
