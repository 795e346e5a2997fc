"""The fleet in numbers equals a count by hand over its devices."""

from collections import Counter

import abroad
import house

from countermand.access import Role
from countermand.config import Database
from countermand.core.instants import DAY
from countermand.reads.fleet_shape import shape
from countermand.store import models


def test_its_figures_are_those_of_a_count_by_hand(store: Database) -> None:
    phones, _, _ = abroad.settle()
    found = shape(house.act("aud", Role.AUDITOR, now=abroad.NOW))
    assert found.devices == len(phones)
    assert found.by["ownership"] == dict(Counter(phone.ownership for phone in phones))
    assert found.deniable == sum(phone.named for phone in phones)
    (row,) = found.looks
    assert (row.source, row.grade, row.whole) == ("mdm", "inventory", True)
    assert sum(row.devices) == len(phones)
    assert found.unseen == 0


def test_somebody_with_several_phones_counts_once(store: Database) -> None:
    phones, _, _ = abroad.settle()
    first = models.Device.objects.order_by("ordinal").first()
    assert first is not None
    models.Device.objects.filter(ordinal__lt=first.ordinal + 5).update(owner=first.owner_id)
    models.FactSet.objects.filter(space="o").delete()  # the packed copy of the rows
    found = shape(house.act("aud", Role.AUDITOR, now=abroad.NOW))
    assert found.people == len(phones) - 4
    assert max(found.looks[0].people) <= found.people <= sum(found.looks[0].people)


def test_ages_are_counted_back_from_the_sources_last_contact(store: Database) -> None:
    abroad.settle()
    early = shape(house.act("aud", Role.AUDITOR, now=house.NOW)).looks[0].devices
    late = shape(house.act("aud", Role.AUDITOR, now=house.NOW + 90 * DAY)).looks[0].devices
    assert early == late, "a source that is silent ages nobody"
    models.Source.objects.update(last_contact=house.NOW + 89 * DAY)
    aged = shape(house.act("aud", Role.AUDITOR, now=house.NOW + 90 * DAY)).looks[0].devices
    assert aged == (0, 0, 0, sum(early))
