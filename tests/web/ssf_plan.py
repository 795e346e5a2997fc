"""A transmitter under test: a house with an order, its door over TLS, and a receiver with a secret."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ssf_house import POLL, PUSH, Behind, Client, Said, listening

from countermand.access import Role
from countermand.config import Config, Database, Signals
from countermand.core.caep import Wording
from countermand.core.instants import DAY, from_iso
from countermand.flows import receivers
from countermand.flows.believe import Memory, believe
from countermand.flows.transmit import due, transmit
from countermand.store import models
from lent_key import lend
from shared_signals import COMPLIANCE, REVOKED, Believer, Door, pushed

sys.path.append(str(Path(__file__).parent.parent / "flows"))
import house

DUE = from_iso("2020-07-18T00:00:00Z")
LATER = DUE + DAY
AUDIENCE = "https://receiver.example.com"
ADA = house.act("ada", Role.ADMINISTRATOR)
WANTED = [COMPLIANCE, REVOKED, "https://example.org/made-up-event"]


@dataclass
class Plan:
    """A transmitter under test, and a receiver with a secret."""

    config: Config
    client: Client
    door: Door
    memory: Memory = field(default_factory=Memory)

    @property
    def believer(self) -> Believer:
        return self.door.believer

    def delivery(self, method: str) -> dict[str, Any]:
        return {"method": method} | ({"endpoint_url": self.door.url} if method == PUSH else {})

    def create(self, method: str = POLL, **delivery: str) -> Said:
        return self.client.create(
            {"events_requested": WANTED, "delivery": self.delivery(method) | delivery, "description": "A stream under test"}
        )

    def work(self, now: int = LATER) -> None:
        """What the worker does meanwhile."""
        believe(house.worker(now), self.client.issuer, self.memory)
        models.SignalStream.objects.update(next_try=0)
        for pk in due():
            transmit(house.worker(now), self.config, pk, "me")
        assert self.believer.wrong == []

    def may_verify_again(self) -> None:
        models.SignalStream.objects.update(verified_at=0)


def planned(store: Database, tmp_path: Path) -> Iterator[Plan]:
    house.open_house()
    fleet = house.move_in(house.staff(20, with_app=5))
    found = house.issued(20)
    house.told(found.version, fleet, ["p00000", "p00001", "p00002", "p00010"], DUE)
    with listening(tmp_path) as (address, crt, behind):
        yield from _planned(store, tmp_path, address, crt, behind)


def _planned(store: Database, folder: Path, address: str, crt: Path, behind: Behind) -> Iterator[Plan]:
    issuer = f"{address}/ssf"
    config = Config(folder / "state", store, signals=Signals(("127.0.0.1",), crt, issuer))
    lend(config.state_dir)
    behind.open(config)
    made = receivers.receiver_add(ADA, config, "idp", Wording(AUDIENCE, revokes=True))
    client = Client(issuer, crt, "idp", made.secret)
    assert client.sign_in().status == 200
    with pushed(Door(Believer(issuer, AUDIENCE, client.jwks))) as door:
        yield Plan(config, client, door)
