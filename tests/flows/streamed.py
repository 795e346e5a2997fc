"""A house with an order, and one receiver of Shared Signals to which tokens are pushed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import house

from countermand.access import Role
from countermand.config import Config, Database, Signals
from countermand.core.caep import Wording
from countermand.core.facts import names
from countermand.core.instants import DAY, from_iso
from countermand.flows import receivers, set_keys
from countermand.flows.believe import Brought, Memory, believe
from countermand.flows.transmit import Transmitted, due, transmit
from countermand.reads import streams as reads
from countermand.store import known, log, models, sets
from countermand.store.unit import unit
from lent_key import lend
from shared_signals import Believer, Door, pushed

DUE = from_iso("2020-07-18T00:00:00Z")
BEFORE, LATER = DUE - DAY, DUE + DAY
ISSUER, AUDIENCE = "https://countermand.example.org/ssf", "https://receiver.example.com"
ADA = house.act("ada", Role.ADMINISTRATOR)


@dataclass
class Told:
    """A house with an order, and one receiver to which tokens are pushed."""

    config: Config
    fleet: house.Fleet
    version: int
    door: Door
    memory: Memory = field(default_factory=Memory)

    @property
    def believer(self) -> Believer:
        return self.door.believer

    def let_in(self, wording: Wording | None = None, name: str = "idp", authorization: str = "") -> None:
        receivers.receiver_add(
            ADA, self.config, name, wording or Wording(AUDIENCE), push=self.door.url, authorization=authorization
        )

    def bring(self, now: int = LATER) -> Brought:
        return believe(house.worker(now), ISSUER, self.memory)

    def push(self, now: int = LATER) -> list[Transmitted]:
        models.SignalStream.objects.update(next_try=0)
        models.Signal.objects.update(next_try=0)
        return [done for pk in due() if (done := transmit(house.worker(now), self.config, pk, "me")) is not None]

    def tell(self, now: int = LATER) -> Brought:
        done = self.bring(now)
        self.push(now)
        assert self.believer.wrong == []
        return done

    @property
    def view(self) -> reads.StreamView:
        (found,) = reads.all_streams(ADA)
        return found


def change(ordinal: int, **values: object) -> None:
    """Rows and sets together, as an import leaves them."""
    with unit():
        before = names(known.load([ordinal])[ordinal])
        models.Device.objects.filter(pk=ordinal).update(**values)
        sets.flip(sets.DEVICES, {ordinal: (before, names(known.load([ordinal])[ordinal]))})
        log.append("tried", house.worker(), {"device": ordinal})


@contextmanager
def told_by(store: Database, tmp_path: Path) -> Iterator[Told]:
    house.open_house()
    fleet = house.move_in(house.staff(20, with_app=5))
    found = house.issued(20, house.document())
    house.told(found.version, fleet, ["p00000", "p00001", "p00002", "p00010"], DUE)
    config = Config(tmp_path, store, signals=Signals(private_hosts=("127.0.0.1",), issuer=ISSUER))
    lend(tmp_path)
    believer = Believer(ISSUER, AUDIENCE, lambda: set_keys.jwks(tmp_path))
    with pushed(Door(believer)) as door:
        yield Told(config, fleet, found.version, door)


def people(*numbers: int) -> set[str]:
    return {f"p{number:05d}@example.org" for number in numbers}
