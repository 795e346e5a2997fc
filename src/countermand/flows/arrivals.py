"""Drawing new devices of a load: their rows, and the sets that they are in but for those of apps.

Which sets follow from what is asked of ``core.facts.names``, once for every distinct kind of device and once for every
person, so that this path cannot disagree with the others.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from countermand.core import facts
from countermand.core.apps import App
from countermand.core.coverage import Grade, Look
from countermand.core.devices import MAIL_KINDS, Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.facts import BLOCK_SIZE, Known
from countermand.core.instants import HOUR, Instant
from countermand.core.mentions import visible
from countermand.core.people import Person
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
def names_of(traits: Traits) -> tuple[str, ...]:
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
    return tuple(sorted(facts.names(replace(found, person=_SOMEBODY) if traits.owned else found)))


class Drawing:
    """Draws the devices of one load. What it remembers, distinct kinds of devices and looks, holds for the whole load."""

    def __init__(self, placing: Placing, staged: Staged, watched: frozenset[App]) -> None:
        self._placing, self._staged, self._watched = placing, staged, watched
        self._traits: dict[tuple[Any, ...], Traits] = {}
        self._looks: dict[tuple[str, Traits], Look] = {}
        self._look_names: dict[tuple[Look, int], tuple[str, ...]] = {}

    def draw(self, now: Instant, ready: Ready, low: int, high: int) -> tuple[Arrivals, dict[str, list[int]]]:
        """Rows, and sets by offsets, of the new devices ``low`` to ``high``. Inside the unit that writes them."""
        rows = self._placing.rows(low, high)
        owners = taking.owners_of({login for login in rows["login"] if login})
        people = known.names_of_people(set(owners.values()))
        exempt = known.exempt_devices()
        healthy = health(now).contacts.healthy
        found, members = Arrivals(), dict[str, list[int]]()
        columns = [(kind, kind.value, rows[kind.value]) for kind in KINDS if any(rows[kind.value])]
        for at, ordinal in enumerate(range(self._placing.first + low, self._placing.first + high)):
            owner = owners.get(rows["login"][at])
            names = [(kind, word, column[at]) for kind, word, column in columns if column[at]]
            traits = self._traits_of(rows, at, owner in people, any(kind in MAIL_KINDS for kind, _, _ in names))
            seen = rows["observed_at"][at]
            sets = [*names_of(traits), *people.get(owner, ())]  # type: ignore[arg-type]
            if exempt:
                pairs = {pair for _, word, name in names for pair in exempt.get(f"{word}:{name}", ())}
                sets += [facts.exempt(lineage, until) for lineage, until in pairs]
            if seen != NO_TIME:
                look = self._look(rows["source"][at], traits)
                sets += self._seen_in(look, seen, now, healthy)
                found.looks.append((ordinal, look, seen))
                if apps := ready.apps(low + at, seen):
                    found.lists.append((ordinal, apps))
            self._add(found, ordinal, owner, traits, rows, at, now)
            found.names += [(word, name, ordinal) for _, word, name in names]
            offset = ordinal % BLOCK_SIZE
            for name in sets:
                if name in members:
                    members[name].append(offset)
                else:
                    members[name] = [offset]
        return found, members

    def _add(self, found: Arrivals, ordinal: int, owner: int | None, traits: Traits, rows: Any, at: int, now: Instant) -> None:
        seen = rows["observed_at"][at]
        last = None if seen == NO_TIME else seen
        words = (rows["platform"][at], rows["model"][at], rows["ownership"][at], rows["enrollment"][at])
        found.devices.append((ordinal, owner, *words, traits.reads_mail, False, False, last))
        found.enrolled.append((ordinal, rows["source"][at], now if last is None else last))

    def _traits_of(self, rows: dict[str, list[Any]], at: int, owned: bool, recognisable: bool) -> Traits:
        key = (rows["platform"][at], rows["ownership"][at], rows["enrollment"][at], rows["reads_mail"][at], owned, recognisable)
        if key not in self._traits:
            self._traits[key] = Traits(Platform(key[0]), Ownership(key[1]), Enrollment(key[2]), bool(key[3]), owned, recognisable)
        return self._traits[key]

    def _look(self, source: str, traits: Traits) -> Look:
        """PRIVACY: of a device that is not the company's, the coverage is narrowed to what was kept."""
        key = (source, traits)
        if key not in self._looks:
            coverage = visible(traits.enrollment)
            if traits.ownership is not taking.WHOLE:
                coverage = coverage.narrowed(self._watched)
            self._looks[key] = Look(source, Grade.INVENTORY, evidence.coverage_number(coverage))
        return self._looks[key]

    def _seen_in(self, look: Look, seen: Instant, now: Instant, healthy: Any) -> tuple[str, ...]:
        """The day and hour sets of a look; without an hour that nothing can read any more, which the sweep would delete."""
        key = (look, seen // HOUR)
        if key not in self._look_names:
            named = facts.looked(look, seen)
            self._look_names[key] = tuple(name for name in named if not facts.hour_is_over(name, now, healthy))
        return self._look_names[key]
