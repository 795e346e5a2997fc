"""An older database is restored, in which nobody is denied: whoever was told otherwise by the one after it hears so."""

from pathlib import Path

import house

from countermand.access import Role
from countermand.config import Config, Database, Signals
from countermand.core.caep import Wording
from countermand.core.instants import DAY, from_iso
from countermand.flows import receivers, set_keys
from countermand.flows.backup import backup
from countermand.flows.believe import Memory, believe
from countermand.flows.restore import restore
from countermand.flows.speaker import speaker
from countermand.flows.transmit import due, transmit
from countermand.lib import clock, keys
from countermand.store import models
from countermand.store.setup import close_store, open_store
from shared_signals import Believer, Door, pushed

DUE = from_iso("2020-07-18T00:00:00Z")
LATER = DUE + DAY
ISSUER, AUDIENCE = "https://countermand.example.org/ssf", "https://receiver.example.com"


def test_a_receiver_hears_that_nobody_is_denied_any_more(store: Database, tmp_path: Path) -> None:
    config = Config(tmp_path / "state", store, signals=Signals(private_hosts=("127.0.0.1",), issuer=ISSUER))
    for name in ("root", "feed", "ledger"):
        keys.create(config.state_dir / "keys" / f"{name}.key")
    keys.load_or_create_secret(config.state_dir / "keys" / "notices.secret")
    speaker(config.state_dir, clock.now())
    house.open_house()
    fleet = house.move_in(house.staff(20, with_app=5))
    found = house.issued(20)
    house.told(found.version, fleet, list(fleet.people)[:3], DUE)
    with pushed(Door(Believer(ISSUER, AUDIENCE, lambda: set_keys.jwks(config.state_dir)))) as door:
        ada = house.act("ada", Role.ADMINISTRATOR)
        receivers.receiver_add(ada, config, "idp", Wording(AUDIENCE), push=door.url)
        file = backup(house.operator(), config, tmp_path / "a.backup").file  # in which nothing was told to anybody

        def tell() -> None:
            believe(house.worker(LATER), ISSUER, Memory())
            models.SignalStream.objects.update(next_try=0)
            for pk in due():
                transmit(house.worker(LATER), config, pk, "me")

        tell()
        assert len(door.believer.holds) == 3
        close_store()
        done = restore(config, file, "token of otto", replace=True)
        open_store(config.database)
        assert done.halted == (house.NAME,)
        tell()
        assert door.believer.holds == set()
        assert door.believer.wrong == []
        before = len(door.believer.log)
        tell()
        assert len(door.believer.log) == before  # once
