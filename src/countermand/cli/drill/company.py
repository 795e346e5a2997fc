"""A plausible company, the same for the same seed: people in several zones, their phones, and what each will do.

The files it writes are the ones an operator would import: a people list, an MDM's device list and an Exchange export.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from countermand.core.instants import DAY, Instant, iso

#: (zone, country, share of people, given names, family names)
_PLACES = (
    ("America/Los_Angeles", "US", 34, "Amara Ben Carla Dwayne Elena Frank Grace Hector", "Okafor Reyes Nguyen Miller Shah"),
    ("America/New_York", "US", 26, "Ines Jamal Kate Luis Maya Noah Olivia Pedro", "Brooks Cohen Diaz Foster Grant"),
    ("Europe/Berlin", "DE", 12, "Anke Bernd Clara Dieter Eva Fritz", "Albrecht Brandt Keller Vogel Weiss"),
    ("Europe/London", "GB", 9, "Alice Colin Fiona George Harriet Ian", "Ashby Clarke Hughes Patel Walsh"),
    ("Asia/Kolkata", "IN", 13, "Anil Deepa Farhan Gita Kiran Meera", "Banerjee Iyer Khan Mehta Rao"),
    ("Asia/Tokyo", "JP", 6, "Aiko Daiki Emi Haruto Kenta Yui", "Abe Fujita Ito Mori Sato"),
)
_GROUPS = (("engineering", 35), ("operations", 40), ("sales", 15), ("finance", 7), ("incident-response", 3))
_APPS = {
    "ios": ("com.burbn.instagram", "net.whatsapp.WhatsApp", "com.spotify.client", "com.google.Maps", "com.ubercab.UberClient"),
    "android": ("com.instagram.android", "com.whatsapp", "com.spotify.music", "com.google.android.apps.maps", "com.ubercab"),
}
TIKTOK = {"ios": "com.zhiliaoapp.musically", "android": "com.zhiliaoapp.musically"}
DOMAIN = "example.com"
STAFF = "all-staff"


class Will(StrEnum):
    """What the owner of a phone does between the notice and the due."""

    NEVER_HAD = "never had the app"
    REMOVES = "removes it after the notice"
    KEEPS = "keeps it"
    UNSEEN = "cannot be seen"


@dataclass(frozen=True, slots=True)
class Phone:
    serial: str
    eas_id: str
    login: str
    zone: str
    platform: str
    model: str
    ownership: str
    enrollment: str
    apps: tuple[str, ...]
    will: Will

    @property
    def has_app(self) -> bool:
        return TIKTOK[self.platform] in self.apps

    def after(self) -> tuple[str, ...]:
        """The apps once the owner has done as asked."""
        return tuple(app for app in self.apps if app != TIKTOK[self.platform])


@dataclass(frozen=True, slots=True)
class Employee:
    login: str
    email: str
    name: str
    zone: str
    country: str
    groups: tuple[str, ...]


def employees(count: int, seed: int) -> Iterator[Employee]:
    """``count`` people; the last one joins late and is written to the file of joiners by the story."""
    rng = random.Random(f"people-{seed}")  # noqa: S311  # a story, not a secret
    places = rng.choices(_PLACES, weights=[place[2] for place in _PLACES], k=count)
    teams = rng.choices([name for name, _ in _GROUPS], weights=[weight for _, weight in _GROUPS], k=count)
    for number, ((zone, country, _, given, family), team) in enumerate(zip(places, teams, strict=True)):
        name = f"{rng.choice(given.split())} {rng.choice(family.split())}"
        login = f"{name.split()[0][0]}{name.split()[1]}{number}".lower()
        yield Employee(login, f"{login}@{DOMAIN}", name, zone, country, (STAFF, team))


def phones(people: Iterator[Employee], seed: int) -> Iterator[Phone]:
    """One phone each, a second one for every eighth; about one in seven has the app."""
    rng = random.Random(f"phones-{seed}")  # noqa: S311
    number = 0
    for person in people:
        for _ in range(2 if rng.random() < 0.125 else 1):
            yield _phone(rng, number, person)
            number += 1


def _phone(rng: random.Random, number: int, person: Employee) -> Phone:
    platform = "ios" if rng.random() < 0.6 else "android"
    ownership = rng.choices(("corporate", "personal", "contractor"), weights=(45, 50, 5))[0]
    seen = ownership == "corporate" or rng.random() < 0.7
    enrollment = ("supervised" if ownership == "corporate" else "device") if seen else "user"
    has_app = rng.random() < 0.14
    apps = tuple(rng.sample(_APPS[platform], k=rng.randint(1, 4))) + ((TIKTOK[platform],) if has_app else ())
    will = Will.UNSEEN if not seen else (Will.NEVER_HAD if not has_app else (Will.REMOVES if rng.random() < 0.7 else Will.KEEPS))
    return Phone(
        serial=f"F{seed_text(number)}",
        eas_id=f"Appl{seed_text(number)}" if platform == "ios" else f"android{number:012d}",
        login=person.login,
        zone=person.zone,
        platform=platform,
        model="iPhone 11" if platform == "ios" else "Pixel 4",
        ownership=ownership,
        enrollment=enrollment,
        apps=apps,
        will=will,
    )


def seed_text(number: int) -> str:
    """Ten characters that look like a serial number and never repeat."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    mixed = (number * 2654435761 + 40503) % 2**32  # odd multiplier: a permutation, so numbers stay distinct
    return "".join(letters[(mixed >> shift) & 31] for shift in range(0, 30, 5)) + f"{number:07d}"


def write_people(path: Path, people: Iterator[Employee]) -> int:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("login", "email", "name", "zone", "locale", "country", "groups", "employment"))
        count = 0
        for person in people:
            groups = ";".join(person.groups)
            rows.writerow((person.login, person.email, person.name, person.zone, "en", person.country, groups, "employee"))
            count += 1
    return count


def write_devices(path: Path, fleet: Iterator[Phone], seen_at: Instant, *, removed: bool) -> int:
    """The MDM's list: phones it can see, with their apps, as of ``seen_at``; ``removed``: owners who comply have complied."""
    columns = ("serial", "login", "platform", "model", "ownership", "enrollment", "eas_id", "apps", "observed_at")
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        count = 0
        for phone in fleet:
            apps = phone.after() if removed and phone.will is Will.REMOVES else phone.apps
            row = (phone.serial, phone.login, phone.platform, phone.model, phone.ownership, phone.enrollment, phone.eas_id)
            rows.writerow((*row, *((";".join(apps), iso(seen_at)) if phone.will is not Will.UNSEEN else ("", ""))))
            count += 1
    return count


def opening(start: Instant) -> Instant:
    """When the MDM last looked before the story opens."""
    return start - DAY // 4
