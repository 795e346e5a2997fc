"""Everybody in the story: a made-up company, or your own people and phones read from the files you would import."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import Protocol

from countermand.cli.drill import company
from countermand.cli.drill.company import TIKTOK, Employee, Phone, Will
from countermand.core.devices import Enrollment, IdentityKind, Ownership
from countermand.core.mentions import Mention
from countermand.core.table import Problems
from countermand.lib import clock
from countermand.people import csv
from countermand.sources import devices_csv

#: Of your own phones with the app, the first and then one in so many keeps it.
_KEEPER = 3
_JOINER = Employee("joiner", f"joiner@{company.DOMAIN}", "Robin Late", "UTC", "US", (company.STAFF,))


class Cast(Protocol):
    """Who is in the story. Generated or read anew each time, so that 840,000 people need no memory."""

    def size(self) -> int:
        """How many people there are, about."""

    def employees(self) -> Iterator[Employee]:
        """Those who are there when the order is issued."""

    def phones(self) -> Iterator[Phone]:
        """Their phones."""

    def joiner(self) -> Employee:
        """The one who joins on Thursday."""


@dataclass(frozen=True)
class MadeUp:
    """A company of ``people`` (the joiner among them), the same for the same seed."""

    people: int
    seed: int

    def size(self) -> int:
        return self.people

    def employees(self) -> Iterator[Employee]:
        return islice(company.employees(self.people, self.seed), self.people - 1)

    def phones(self) -> Iterator[Phone]:
        return company.phones(self.employees(), self.seed)

    def joiner(self) -> Employee:
        return self._last

    @cached_property
    def _last(self) -> Employee:
        drawn = next(islice(company.employees(self.people, self.seed), self.people - 1, None))
        return replace(drawn, groups=(company.STAFF, "engineering"))


@dataclass(frozen=True)
class Own:
    """Your people and phones, as ``countermand import people`` and ``import devices`` read them. Who does as asked is
    made up: one in three keeps the app; nothing else is. RefusedMany with every bad row."""

    people_file: Path
    devices_file: Path

    def size(self) -> int:
        return len(self._zones)

    def check(self) -> None:
        """Read both files once, so that a bad row is reported before anything starts."""
        for _ in self.employees():
            pass
        for _ in self.phones():
            pass

    def employees(self) -> Iterator[Employee]:
        problems = Problems(self.people_file.name)
        with self.people_file.open("rb") as lines:
            for _, person in csv.parse(lines, problems):
                email = person.email or f"{person.login}@{company.DOMAIN}"
                yield Employee(person.login, email, person.name, person.zone, person.country, tuple(sorted(person.groups)))
        problems.refuse_if_any()

    def phones(self) -> Iterator[Phone]:
        problems, found = Problems(self.devices_file.name), count()
        with self.devices_file.open("rb") as lines:
            for _, mention in devices_csv.parse(lines, "devices-csv", clock.now(), problems):
                phone = self._phone(mention)
                keeps = phone.will is Will.REMOVES and next(found) % _KEEPER == 0
                yield replace(phone, will=Will.KEEPS) if keeps else phone
        problems.refuse_if_any()

    def joiner(self) -> Employee:
        return _JOINER

    @cached_property
    def _zones(self) -> dict[str, str]:
        return {person.login: person.zone for person in self.employees()}

    def _phone(self, mention: Mention) -> Phone:
        names = {identity.kind: identity.value for identity in mention.identities}
        apps = tuple(sorted(app.id for report in mention.reports for app in report.present))
        platform = str(mention.platform or "ios")
        seen = any(report.coverage.apps is None or report.coverage.apps for report in mention.reports)
        will = Will.UNSEEN if not seen else Will.NEVER_HAD if TIKTOK[platform] not in apps else Will.REMOVES
        return Phone(
            serial=names.get(IdentityKind.SERIAL, ""),
            eas_id=names.get(IdentityKind.EAS, ""),
            login=mention.login or "",
            zone=self._zones.get(mention.login or "", ""),
            platform=platform,
            model=mention.model or "",
            ownership=str(mention.ownership or Ownership.PERSONAL),
            enrollment=str(mention.enrollment or Enrollment.NONE),
            apps=apps,
            will=will,
        )


def joiners_phone(cast: Cast, seed: int) -> Phone:
    """The joiner's phone, which has the app and keeps it."""
    first = next(company.phones(iter([cast.joiner()]), seed + 1))
    apps = (*first.after(), TIKTOK[first.platform])
    own = replace(first, serial="FJOINER0001", eas_id="ApplJOINER0001", ownership="corporate", enrollment="supervised")
    return replace(own, apps=apps, will=Will.KEEPS)
