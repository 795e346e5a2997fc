"""A small world around one database: its files, its mail server, a gate that listens, and a clock that stands still.

Ten people with a phone each. Four phones have the app; one of their owners is carved out, one is a protected account.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import house
from django.db import connection

from countermand import worker
from countermand.access import Act, Role
from countermand.config import Config, load
from countermand.core.caep import Wording
from countermand.core.coverage import Grade
from countermand.core.devices import Ownership
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, Instant
from countermand.flows import desk as desks
from countermand.flows import receivers, set_keys, telling
from countermand.flows import restore as restoring
from countermand.flows.accounts import key_file
from countermand.flows.believe import Memory, believe
from countermand.flows.keep import Pace, keep_publishing, keep_snapshots
from countermand.flows.protect import agree_protection, protect
from countermand.flows.publish import publish
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.speaker import Speaker, keys_dir, speaker
from countermand.flows.transmit import due, transmit
from countermand.gates.held import Held
from countermand.gates.kept import Kept
from countermand.lib import clock, keys
from countermand.notices.mail import Courier, Server
from countermand.reads import feed as heard
from countermand.reads import installation
from countermand.snapshot.files import directory_of, snapshots
from countermand.store import models
from countermand.store.packing import pack
from killing.mailbox import Mailbox
from killing.receiver import AUDIENCE as HEARER
from killing.receiver import ISSUER, Receiver
from lent_key import lend
from shared_signals import Believer

ORDER, SECOND_ORDER = house.NAME, "no-tiktok-at-all"
#: People promised in one unit: few, so that there are several chunks.
CHUNK = 4
#: How many people each order is for: the one in ``responders`` is carved out.
AUDIENCE = 9
CARVED_OUT, PROTECTED = "p00002", "p00003"
PHONES = [
    *(house.Phone(f"p{number:05d}", has_app=number < 4) for number in range(8)),
    house.Phone("p00008", ownership=Ownership.CONTRACTOR),
    house.Phone("p00009", has_app=True, ownership=Ownership.PERSONAL),
]


def order(name: str = ORDER, due: str = "2020-07-17T17:00", more: str = "") -> str:
    """An order that also denies what nobody registered."""
    text = house.document(name, due, more=more)
    return text.replace("reads_mail: true", "reads_mail: true, unregistered: deny")


@dataclass
class World:
    """``now`` is what every clock shows. ``state`` is the state directory, ``kept`` the gate's."""

    folder: Path
    database: str
    mailbox: Mailbox
    receiver: Receiver
    now: Instant = house.NOW
    signatures: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def config(self) -> Config:
        file = self.folder / "countermand.toml"
        if not file.exists():
            smtp = f'[smtp]\nport = {self.mailbox.port}\nsender = "security@example.org"\n'
            rings = '[notices]\nring_wait = "1m"\n'  # less than a round of the worker takes
            signals = f'[signals]\nissuer = "{ISSUER}"\nprivate_hosts = ["127.0.0.1"]\n'
            house_ = f'state_dir = "state"\ndatabase = "{self.database}"\norigin = "example.org"\n'
            file.write_text(f"{house_}{smtp}{rings}{signals}")
        return load(file)

    def opened(self) -> None:
        """This process works in this world from now on."""
        self._stand_still()
        installation.open_installation(self.config.database)

    def found(self) -> None:
        """People move in, keys are made, a gate starts."""
        self._stand_still()
        from countermand.store.setup import open_store

        if isinstance(place := self.config.database, Path):
            shutil.copyfile(place, self._bare)
        open_store(place)
        house.open_house()
        fleet = house.move_in(PHONES, {CARVED_OUT: frozenset({"staff", "responders"})})
        assert len(fleet.people) == len(PHONES)
        _remember_reports(house.NOW - HOUR)
        protect(house.operator(), PROTECTED, "on call")
        agree_protection(house.approver("petra"), PROTECTED)
        keys.load_or_create(key_file(self.state, "ledger"))
        keys.load_or_create_secret(self.state / "keys" / "notices.secret")
        self.publish(snapshot=True)
        Gate(self).listen()

    def make_tables_at_once(self) -> None:
        """From now on a new SQLite file gets its tables as one piece, and a server's are not looked through again. Either takes
        most of a second; nobody looks at a draft before its rename, however far it came, and what a killed upgrade leaves has
        tests of its own."""
        restoring.create_tables = self._copy_tables

    def _copy_tables(self) -> None:
        if not isinstance(self.config.database, Path):
            return
        connection.ensure_connection()
        with contextlib.closing(sqlite3.connect(self._bare)) as bare:
            bare.backup(connection.connection)

    @property
    def _bare(self) -> Path:
        """A database with tables and without rows."""
        return self.folder.with_name("bare.sqlite3")

    def _stand_still(self) -> None:
        clock.now = lambda: self.now
        telling.CHUNK = CHUNK

    def number(self, *logins: str) -> int:
        """The person who has, or had, one of these logins."""
        return int(models.Person.objects.get(login__in=logins).ordinal)

    def courier(self) -> Courier:
        smtp = self.config.smtp
        return Courier(Server(smtp.host, smtp.port, smtp.sender, loopback_only=True), clock.now)

    def speaker(self) -> Speaker:
        return speaker(self.state, self.now)

    def act(self) -> Act:
        return house.worker(self.now)

    # -- what goes on by itself --

    def work(self, rounds: int = 2, names: Sequence[str] = ("seal", "tell", "sweep", "deliver")) -> None:
        """The worker's own steps and the control plane's, each until it has nothing more to do, when every lease of whoever
        was before has run out: on a server they run on its clock, which does not stand still with ours."""
        models.Lease.objects.update(until=0)
        courier = self.courier()
        sending = worker.delivering(self.config, courier, desks.desk(self.config, installation.real()))
        steps = {step.name: step for step in [sending, *worker.tidying(self.config, Event())]}
        for _ in range(rounds):
            for name in names:
                _until_done(steps[name].run)
            self.now += 2 * MINUTE
        courier.close()
        self.signal()
        self._serve()
        _until_done(steps["seal"].run)

    def let_in(self) -> None:
        """From now on a receiver of Shared Signals is told who is denied."""
        lend(self.state)
        receivers.receiver_add(
            house.act("ada", Role.ADMINISTRATOR, self.now), self.config, "idp", Wording(HEARER), push=self.receiver.url
        )

    def signal(self) -> None:
        """Say who is denied, and push it."""
        believe(self.act(), ISSUER, Memory())
        for pk in due():
            transmit(self.act(), self.config, pk, "the one that dies")

    def heard(self) -> Believer:
        """What the receiver makes of what it took. Wrong, if it need not have taken something."""
        believer = Believer(ISSUER, HEARER, lambda: set_keys.jwks(self.state))
        for token in self.receiver.taken():
            believer.take(token)
        return believer

    def _serve(self) -> None:
        """What the control plane's threads do when they begin, and one look of each."""
        voice, pace = self.speaker(), Pace(20, 10_000)
        keep_publishing(voice, "publisher", pace, _OneLook(), _raise, self.state)
        keep_snapshots(voice, directory_of(self.state), _OneLook(), self.state)

    def publish(self, snapshot: bool = False) -> None:
        voice = self.speaker()
        self.now += 6_000  # whoever published before has let go of the lease by now
        publish(voice, "publisher", self.now, beat=True)
        if snapshot:
            publish_snapshot(voice, directory_of(self.state), self.now)


class _OneLook(Event):
    """A stop flag that ends a loop where it would wait for its next look."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def _raise(refused: Refused) -> None:
    raise refused


def _remember_reports(at: Instant) -> None:
    """The rows behind the sets that moving in made: what each phone's only report showed, and that it looked."""
    number, everything = models.App.objects.get().pk, models.Coverage.objects.get()
    for ordinal, phone in enumerate(PHONES):
        shown = pack({number: at} if phone.has_app else {})
        models.AppList.objects.create(device_id=ordinal, shown=shown)
        models.Looked.objects.create(device_id=ordinal, source="mdm", grade=Grade.INVENTORY, coverage=everything, observed_at=at)
        models.Enrolled.objects.create(device_id=ordinal, source="mdm", since=at)
    models.Source.objects.create(
        name="mdm", kind="mdm", interval=HOUR, last_contact=at, released_once=True, last_count=len(PHONES)
    )


def _until_done(run: Callable[[], bool]) -> None:
    for _ in range(100):
        if not run():
            return
    raise AssertionError("a step of the worker has always more to do")


class Gate:
    """A gate with its directory: it starts as a restarted one does, and hears the feed from the rows."""

    def __init__(self, world: World) -> None:
        self._world = world
        root = keys.load_public(keys_dir(world.state) / "root.key.pub")
        self.kept = Kept(world.folder / "gate", root, keys.load_secret(keys_dir(world.state) / "gates.secret"))
        self.held: Held | None = self.kept.load(world.now, 0)

    def listen(self) -> Held:
        """Everything that is new, kept as it comes."""
        held, now = self.held, self._world.now
        if held is None or heard.needs_snapshot(held.epoch, held.n):
            newest = snapshots(directory_of(self._world.state))[-1]
            self.kept.incoming.write_bytes(newest.path.read_bytes())
            held = self.kept.adopt(held, now, 0)
        for line in heard.after(held.epoch, held.n, held.heard).lines:
            before = held.heard
            lines = held.take(line, now, 0)
            if held.heard != before:
                self.kept.hear(line, now)
            elif lines:
                self.kept.append(lines)
        self.kept.close()
        self.held = held
        return held
