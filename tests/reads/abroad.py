"""A fleet in several countries, moved row by row with its sets, and the same said as plain values to count naively."""

from dataclasses import dataclass

import house

from countermand.core.facts import names
from countermand.core.instants import DAY, Instant, from_iso
from countermand.store import known, models, sets
from countermand.store.unit import unit

DUE: Instant = from_iso("2020-07-18T00:00:00Z")
NOW = DUE + DAY


@dataclass(frozen=True)
class Phone:
    """What matters of a phone, as the test decided it; ``country`` '' is not known."""

    country: str
    ownership: str
    has_app: bool
    told: bool
    named: bool


def phones() -> list[Phone]:
    """Forty: large and small countries, both ownerships, some told, some without a mail identity."""
    return [
        Phone(
            country="DE" if number < 18 else "FR" if number < 33 else "LU" if number < 36 else "",
            ownership="corporate" if number % 3 else "personal",
            has_app=number % 2 == 0,
            told=number % 4 != 2,
            named=number % 10 != 0,
        )
        for number in range(40)
    ]


def settle(more: str = "", consequence: str = "deny_mail") -> tuple[list[Phone], house.Fleet, int]:
    """The fleet, and an order issued to it and told to some; (phones, fleet, version)."""
    house.open_house()
    models.Source.objects.create(name="mdm", kind="file", interval=DAY, last_contact=house.NOW)  # its answers age from here
    spec = phones()
    fleet = house.move_in([house.Phone(f"p{number:05d}", phone.has_app) for number, phone in enumerate(spec)])
    with unit():
        before = {ordinal: names(found) for ordinal, found in known.load(range(len(spec))).items()}
        for ordinal, phone in enumerate(spec):
            models.Device.objects.filter(pk=ordinal).update(ownership=phone.ownership)
            models.Person.objects.filter(pk=ordinal).update(country=phone.country)
            if not phone.named:
                models.Identity.objects.filter(device=ordinal).update(kind="serial")
        after = {ordinal: names(found) for ordinal, found in known.load(range(len(spec))).items()}
        sets.flip(sets.DEVICES, {ordinal: (before[ordinal], after[ordinal]) for ordinal in before})
    text = house.document(more=more).replace("deny_mail", consequence)
    version = house.issued(len(spec), text).version
    house.told(version, fleet, [f"p{number:05d}" for number, phone in enumerate(spec) if phone.told], DUE)
    return spec, fleet, version
