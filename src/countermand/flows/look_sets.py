"""Looks at the new devices of a load: what their rows say of each, and the sets that hold for a whole piece of devices at once.

An hour of looks is a small set of its own. Written with each few thousand devices, thousands of them would be written anew
each time.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from countermand.core import facts
from countermand.core.apps import App
from countermand.core.coverage import Grade, Look
from countermand.core.devices import Enrollment, Ownership
from countermand.core.instants import HOUR, Instant
from countermand.core.visibility import visible
from countermand.flows import taking
from countermand.flows.many_sets import ManySets, Serialized, united
from countermand.flows.placing import Ready
from countermand.lib.parquet import NO_TIME
from countermand.sources.devices_parquet import Longs, plain
from countermand.store import evidence
from countermand.store.health import health
from countermand.store.unit import unit

#: What decides about how a device is looked at: its source, its ownership, its enrolment.
_KIND = ("source", "ownership", "enrollment")


@dataclass(slots=True)
class Looks:
    """How devices are looked at in one load under this watch list. What is remembered of the few kinds of looks holds for all
    of it."""

    watched: frozenset[App]
    _known: dict[tuple[str, ...], Look] = field(default_factory=dict)

    def of(self, source: str, ownership: str, enrollment: str) -> Look:
        """The look of this source at such a device. Inside a unit: its coverage gets a number if it has none.

        PRIVACY: of a device that is not the company's, the coverage is narrowed to what was kept."""
        kind = (source, ownership, enrollment)
        if kind not in self._known:
            coverage = visible(Enrollment(enrollment))
            if Ownership(ownership) is not taking.WHOLE:
                coverage = coverage.narrowed(self.watched)
            self._known[kind] = Look(source, Grade.INVENTORY, evidence.coverage_number(coverage))
        return self._known[kind]

    def rows(self, ordinals: range, columns: dict[str, list[Any]]) -> Iterator[tuple[int, str, int, int, Instant]]:
        """(ordinal, source, grade, coverage, time) of each of these devices that was looked at."""
        kinds = zip(*(columns[column] for column in _KIND), strict=True)
        for ordinal, kind, at in zip(ordinals, kinds, columns["observed_at"], strict=True):
            if at != NO_TIME:
                look = self._known.get(kind) or self.of(*kind)
                yield ordinal, look.source, int(look.grade), look.coverage, at

    def sets(self, ready: Ready) -> ManySets:
        """The day and hour sets of all looks at a piece's devices. Has a unit of its own for kinds of looks not met before."""
        columns = [ready.devices.column(column).combine_chunks().dictionary_encode() for column in _KIND]
        words = list(product(*(one.dictionary.to_pylist() for one in columns)))
        kind = np.ravel_multi_index([plain(one.indices) for one in columns], [len(one.dictionary) for one in columns])
        with unit():
            looks = {number: self.of(*words[number]) for number in np.unique(kind).tolist()}
        seen = plain(ready.devices.column("observed_at"))
        looked = np.flatnonzero(seen != NO_TIME)
        keys = kind[looked].astype(np.int64) << 32 | seen[looked] // HOUR
        order = np.argsort(keys, kind="stable")
        begins = np.flatnonzero(np.append(True, np.diff(keys[order]) != 0)) if len(keys) else looked
        members = defaultdict[str, list[Longs]](list)
        for key, ranks in zip(keys[order[begins]].tolist(), np.split(looked[order], begins[1:]), strict=False):
            number, hour = divmod(key, 1 << 32)
            for name in facts.looked(looks[number], hour * HOUR):
                members[name].append(ranks + ready.offset)
        return united(members)


def lasting(now: Instant, found: Serialized) -> Serialized:
    """These without the sets of hours that nothing can read any more: the sweep would delete them."""
    healthy = health(now).contacts.healthy
    return [one for one in found if not facts.hour_is_over(one[0], now, healthy)]
