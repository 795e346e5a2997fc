"""Drawing new devices of a load: their rows, and the sets that they are in but for those of apps.

Which sets follow from what is asked of ``core.facts.names``, once for every distinct kind of device and once for every
person, so that this path cannot disagree with the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np

from countermand.core import facts
from countermand.core.apps import App
from countermand.core.coverage import Grade, Look
from countermand.core.devices import MAIL_KINDS, Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.facts import BLOCK_SIZE, Known
from countermand.core.instants import HOUR, Instant
from countermand.core.people import Person
from countermand.core.visibility import visible
from countermand.flows import taking
from countermand.flows.placing import Placing, Ready
from countermand.flows.staging import Staged
from countermand.lib.parquet import NO_TIME
from countermand.sources.devices_parquet import KINDS
from countermand.store import directory, evidence, known
from countermand.store.arriving import Arrivals
from countermand.store.health import health

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


#: What is remembered of a kind of device: its number among them, its traits, its sets.
_Kind = tuple[int, Traits, Names]
#: And of a look: its number among them, its grade and coverage as rows have them, itself.
_Looked = tuple[int, int, int, Look]
_NOBODY: tuple[None, tuple[Names, ...]] = (None, ())


class Drawing:
    """Draws the devices of one load. What it remembers, distinct kinds of devices and looks, holds for the whole load."""

    def __init__(self, placing: Placing, staged: Staged, watched: frozenset[App]) -> None:
        self._placing, self._staged, self._watched = placing, staged, watched
        self._kinds: dict[tuple[Any, ...], _Kind] = {}
        self._looks: dict[tuple[str, int], _Looked] = {}
        self._numbers: dict[Look, int] = {}
        self._looked: dict[tuple[int, int], Names] = {}

    def draw(self, now: Instant, ready: Ready, low: int, high: int) -> tuple[Arrivals, dict[str, list[int]]]:
        """Rows, and sets by offsets, of the new devices ``low`` to ``high``. Inside the unit that writes them."""
        rows = self._placing.rows(low, high)
        ordinals = range(self._placing.first + low, self._placing.first + high)
        owners = _owners({login for login in rows["login"] if login})
        whose, of_owners = zip(*(owners.get(login, _NOBODY) for login in rows["login"]), strict=True)
        recognisable = map(any, zip(*(rows[kind.value] for kind in KINDS if kind in MAIL_KINDS), strict=True))
        keys = zip(*(rows[column] for column in _TRAITS), map(bool, of_owners), recognisable, strict=True)
        kinds = [self._kinds.get(key) or self._kind(key) for key in keys]
        found, together = Arrivals(), defaultdict[Names, list[int]](list)
        for word in map(str, KINDS):
            found.names += [(word, name, ordinal) for ordinal, name in zip(ordinals, rows[word], strict=True) if name]
        seen = [None if at == NO_TIME else at for at in rows["observed_at"]]
        mail = [kind[1].reads_mail for kind in kinds]
        words = (rows[column] for column in _WORDS)
        bound = [None if owner is None else now for owner in whose]
        found.devices = list(zip(ordinals, whose, *words, mail, repeat(False), repeat(False), seen, bound, strict=False))
        since = (now if at is None else at for at in seen)
        found.enrolled = list(zip(ordinals, rows["source"], since, strict=True))
        for offset, kind, of_owner in zip(range(ordinals[0] % BLOCK_SIZE, BLOCK_SIZE), kinds, of_owners, strict=False):
            together[kind[2]].append(offset)
            for names in of_owner:
                together[names].append(offset)
        self._look_at(found, together, now, zip(ordinals, rows["source"], seen, kinds, strict=True))
        lists = ready.app_lists(low, high, np.array(rows["observed_at"], np.int64))
        found.lists = [one for one in zip(ordinals, lists, strict=True) if one[1]]
        self._exempt(found, together)
        return found, _by_name(together)

    def _look_at(
        self,
        found: Arrivals,
        together: dict[Names, list[int]],
        now: Instant,
        devices: Iterable[tuple[int, str, Instant | None, _Kind]],
    ) -> None:
        """Add that each was looked at, and the sets of the looks."""
        healthy = health(now).contacts.healthy
        for ordinal, source, seen, kind in devices:
            if seen is None:
                continue
            number, grade, coverage, look = self._looks.get((source, kind[0])) or self._look(source, kind)
            hour = (number, seen // HOUR)
            together[self._looked.get(hour) or self._seen_in(hour, look, seen, now, healthy)].append(ordinal % BLOCK_SIZE)
            found.looks.append((ordinal, source, grade, coverage, seen))

    def _kind(self, key: tuple[Any, ...]) -> _Kind:
        platform, ownership, enrollment, mail, owned, recognisable = key
        traits = Traits(Platform(platform), Ownership(ownership), Enrollment(enrollment), bool(mail), owned, recognisable)
        made = self._kinds[key] = (len(self._kinds), traits, names_of(traits))
        return made

    def _look(self, source: str, kind: _Kind) -> _Looked:
        """PRIVACY: of a device that is not the company's, the coverage is narrowed to what was kept."""
        number, traits, _ = kind
        coverage = visible(traits.enrollment)
        if traits.ownership is not taking.WHOLE:
            coverage = coverage.narrowed(self._watched)
        look = Look(source, Grade.INVENTORY, evidence.coverage_number(coverage))
        numbered = self._numbers.setdefault(look, len(self._numbers))
        made = self._looks[source, number] = (numbered, int(look.grade), look.coverage, look)
        return made

    def _seen_in(self, hour: tuple[int, int], look: Look, seen: Instant, now: Instant, healthy: Mapping[str, Instant]) -> Names:
        """The day and hour sets of a look; without an hour that nothing can read any more, which the sweep would delete."""
        names = frozenset(name for name in facts.looked(look, seen) if not facts.hour_is_over(name, now, healthy))
        self._looked[hour] = names
        return names

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


def _by_name(together: Mapping[Names, list[int]]) -> dict[str, list[int]]:
    members = defaultdict[str, list[int]](list)
    for names, offsets in together.items():
        for name in names:
            members[name] += offsets
    return members
