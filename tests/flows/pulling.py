"""A house with a lever in it: an order, people told, phones that Entra knows, and a directory of our own to write to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import house

import fake_entra
from countermand.access import Act, Role
from countermand.config import Config, Database, Levers
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, Instant, from_iso
from countermand.flows import lever_switch, lever_work, levers
from countermand.flows.lever_work import Hand, Worked
from countermand.levers.lever import Switched
from countermand.store import entries, known, models, sets
from countermand.store import levers as rows
from countermand.store.levers import LeverRow
from countermand.store.unit import unit

DUE = from_iso("2020-07-18T00:00:00Z")
LATER = DUE + DAY
NAME = "entra"


@dataclass
class Pull:
    """One lever over one house. ``waited``: seconds that it was told to wait, none of which passed."""

    config: Config
    fleet: house.Fleet
    name: str
    directory: fake_entra.Directory = field(default_factory=fake_entra.Directory)
    now: Instant = LATER
    waited: list[float] = field(default_factory=list)
    using: Hand | None = None

    def act(self) -> Act:
        return house.worker(self.now)

    @property
    def row(self) -> LeverRow:
        return levers.known(self.name)

    @property
    def hand(self) -> Hand:
        if self.using is None:
            self.using = lever_work.hand(self.act(), self.config, self.name, self.waited.append)
        return self.using

    def way(self, found: LeverRow) -> Switched:
        return levers.opened(self.act(), self.config, found, self.waited.append)  # type: ignore[return-value]

    def narrow(self) -> list[lever_switch.Turned]:
        return lever_switch.narrow(self.act(), self.way, "me")

    def work(self, holder: str = "me") -> Worked:
        """What the worker does, whatever it was told to wait for; a switch that cannot be reached is tried again."""
        rows.update(self.row.pk, next_try=0)
        for _ in range(20):
            with suppress(Refused):
                self.narrow()
                break
        return lever_work.work(self.act, self.name, self.hand, self.way, holder=holder)

    def settle(self) -> None:
        """So much time passes that everything written is seen, by us too; and every device is named anew."""
        self.directory.settle()
        self.settle_receipts()

    def settle_receipts(self) -> None:
        models.LeverEntry.objects.update(wrote_at=0, not_before=0)
        rows.update(self.row.pk, named_at=None)

    def enable(self) -> None:
        levers.lever_enable(house.act("ada", Role.ADMINISTRATOR), self.name)
        levers.lever_enable(house.approver("petra"), self.name)

    def struck(self) -> set[int]:
        """The devices that Entra would block."""
        return {number for number in range(len(self.directory.devices)) if self.directory.denies(number)}

    def count(self) -> entries.Count:
        return entries.count(self.row.pk)


def change(ordinal: int, **values: object) -> None:
    """Rows and sets together, as an import leaves them."""
    from countermand.core.facts import names

    with unit():
        before = names(known.load([ordinal])[ordinal])
        models.Device.objects.filter(pk=ordinal).update(**values)
        sets.flip(sets.DEVICES, {ordinal: (before, names(known.load([ordinal])[ordinal]))})


def told(fleet: house.Fleet, version: int, numbers: Sequence[int]) -> None:
    house.told(version, fleet, [f"p{number:05d}" for number in numbers], DUE)


@contextmanager
def pulled(store: Database, folder: Path, *, phones: int = 20, with_app: int = 5, **how: object) -> Iterator[Pull]:
    """``phones`` people with a phone each, the first of them with the app, all of them known to Entra; an order is issued that
    nobody was told of yet, and the lever is added."""
    directory = fake_entra.Directory(**how)  # type: ignore[arg-type]
    with fake_entra.served(directory):
        settings = {"tenant": fake_entra.TENANT, "client": fake_entra.CLIENT, "url": directory.url, "login": directory.url}
        made = moved_in(store, folder, "entra", settings, fake_entra.SECRET, phones=phones, with_app=with_app)
        for ordinal in range(phones):
            models.Identity.objects.create(kind="entra", value=fake_entra.device_id(ordinal).upper(), device_id=ordinal)
        directory.register(phones)
        made.directory = directory
        yield made


def moved_in(
    store: Database,
    folder: Path,
    kind: str,
    settings: dict[str, str],
    secret: str = "",
    *,
    phones: int = 20,
    with_app: int = 5,
) -> Pull:
    """A house with a lever of this kind, called like it."""
    house.open_house()
    fleet = house.move_in(house.staff(phones, with_app=with_app))
    levers.lever_add(house.act("ada", Role.ADMINISTRATOR), folder, kind, kind, settings, secret)
    return Pull(Config(folder, store, levers=Levers(private_hosts=("127.0.0.1",))), fleet, kind)


def ordered(pull: Pull, numbers: Sequence[int] = (0, 1, 2, 10), people: int = 20) -> None:
    """An order, of which these were told; the lever is kept up."""
    told(pull.fleet, house.issued(people).version, numbers)
    levers.lever_begin(house.operator(LATER), pull.name)


__all__ = ["DUE", "HOUR", "LATER", "NAME", "Pull", "change", "moved_in", "ordered", "pulled", "told"]
