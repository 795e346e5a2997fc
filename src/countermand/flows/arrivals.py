"""Drawing new devices of a load: their rows, and the sets that they are in but for those of apps.

Which sets follow from what is asked of ``core.facts.names``, once for every distinct kind of device and once for every
person, so that this path cannot disagree with the others.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

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
from countermand.store import evidence, known
from countermand.store.arriving import Arrivals
from countermand.store.health import health

_SOMEBODY = Person("somebody", "", "")
_A_MAIL_NAME = Identity(IdentityKind.EAS, "any")
_COLUMNS = ("login", "platform", "model", "ownership", "enrollment", "reads_mail", "source", "observed_at")

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


class Drawing:
    """Draws the devices of one load. What it remembers, distinct kinds of devices and looks, holds for the whole load."""

    def __init__(self, placing: Placing, staged: Staged, watched: frozenset[App]) -> None:
        self._placing, self._staged, self._watched = placing, staged, watched
        self._kinds: dict[tuple[Any, ...], _Kind] = {}
        self._looks: dict[tuple[str, int], tuple[int, Look]] = {}
        self._numbers: dict[Look, int] = {}
        self._looked: dict[tuple[int, int], Names] = {}

    def draw(self, now: Instant, ready: Ready, low: int, high: int) -> tuple[Arrivals, dict[str, list[int]]]:
        """Rows, and sets by offsets, of the new devices ``low`` to ``high``. Inside the unit that writes them."""
        rows = self._placing.rows(low, high)
        ordinals = range(self._placing.first + low, self._placing.first + high)
        owners = taking.owners_of({login for login in rows["login"] if login})
        people = known.kinds_of_people(set(owners.values()))
        healthy = health(now).contacts.healthy
        found, together = Arrivals(), defaultdict[Names, list[int]](list)
        for word in map(str, KINDS):
            found.names += [(word, name, ordinal) for ordinal, name in zip(ordinals, rows[word], strict=True) if name]
        recognisable = [any(names) for names in zip(*(rows[kind.value] for kind in KINDS if kind in MAIL_KINDS), strict=True)]
        cells = zip(ordinals, recognisable, *(rows[column] for column in _COLUMNS), strict=True)
        for rank, (ordinal, can, login, platform, model, ownership, enrollment, mail, source, seen) in enumerate(cells, low):
            owner = owners.get(login)
            of_owner = people.get(owner, ())  # type: ignore[arg-type]
            key = (platform, ownership, enrollment, mail, bool(of_owner), can)
            kind_of = self._kinds.get(key) or self._kind(key)
            sets = [kind_of[2], *of_owner]
            last = None
            if seen != NO_TIME:
                last = seen
                look_number, look = self._looks.get((source, kind_of[0])) or self._look(source, kind_of)
                hour = (look_number, seen // HOUR)
                looked_in = self._looked.get(hour) or self._seen_in(hour, look, seen, now, healthy)
                sets.append(looked_in)
                found.looks.append((ordinal, look.source, int(look.grade), look.coverage, seen))
                if apps := ready.apps(rank, seen):
                    found.lists.append((ordinal, apps))
            found.devices.append(
                (ordinal, owner, platform, model, ownership, enrollment, kind_of[1].reads_mail, False, False, last)
            )
            found.enrolled.append((ordinal, source, now if last is None else last))
            for names in sets:
                together[names].append(ordinal % BLOCK_SIZE)
        self._exempt(found, together)
        return found, _by_name(together)

    def _kind(self, key: tuple[Any, ...]) -> _Kind:
        platform, ownership, enrollment, mail, owned, recognisable = key
        traits = Traits(Platform(platform), Ownership(ownership), Enrollment(enrollment), bool(mail), owned, recognisable)
        made = self._kinds[key] = (len(self._kinds), traits, names_of(traits))
        return made

    def _look(self, source: str, kind: _Kind) -> tuple[int, Look]:
        """PRIVACY: of a device that is not the company's, the coverage is narrowed to what was kept."""
        number, traits, _ = kind
        coverage = visible(traits.enrollment)
        if traits.ownership is not taking.WHOLE:
            coverage = coverage.narrowed(self._watched)
        look = Look(source, Grade.INVENTORY, evidence.coverage_number(coverage))
        made = self._looks[source, number] = (self._numbers.setdefault(look, len(self._numbers)), look)
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


def _by_name(together: Mapping[Names, list[int]]) -> dict[str, list[int]]:
    members = defaultdict[str, list[int]](list)
    for names, offsets in together.items():
        for name in names:
            members[name] += offsets
    return members
