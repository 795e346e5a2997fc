"""The installation that bench/gate.py measures: 1.1 million devices, 300,000 of them denied, made once from a seed and kept.

Rows go in through the store's own functions in bulk, and every set follows from ``core.facts.names`` as it would after an
import, class of devices by class; the order itself is written, proposed, signed and issued by the flows. Told rows and
accepted notices of everybody follow, so that a rescission owes 840,000 corrections.
"""

import hashlib
import random
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pyroaring import BitMap

import countermand
from countermand import config as configuration
from countermand.access import Act, Actor, Role
from countermand.core import facts
from countermand.core.apps import App
from countermand.core.devices import Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.facts import BLOCK_SIZE, Known
from countermand.core.instants import DAY, Instant, to_datetime
from countermand.core.people import Person
from countermand.lib import clock

ORDER = "no-tiktok-on-mail"
APP = {platform: App(platform, "com.zhiliaoapp.musically") for platform in (Platform.IOS, Platform.ANDROID)}
PLACES = (("America/New_York", "US"), ("Europe/Berlin", "DE"), ("Asia/Kolkata", "IN"), ("Asia/Tokyo", "JP"))
AUTHOR, FIRST, SECOND, OPERATOR = "amara", "ben", "chen", "dana"
ROLES = {
    AUTHOR: frozenset({Role.AUTHOR, Role.ADMINISTRATOR}),
    FIRST: frozenset({Role.APPROVER}),
    SECOND: frozenset({Role.APPROVER}),
    OPERATOR: frozenset({Role.OPERATOR}),
}
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Fleet:
    """How much of everything. A person has a phone; some have a second one."""

    people: int = 840_000
    devices: int = 1_100_000
    denied: int = 300_000
    seed: int = 2020

    def owner(self, device: int) -> int:
        return device if device < self.people else device - self.people

    def denied_ordinals(self) -> list[int]:
        """Scattered over every block, the same for the same seed."""
        return sorted(random.Random(self.seed).sample(range(self.devices), self.denied))

    @property
    def name(self) -> str:
        return f"gate-{self.people}-{self.devices}-{self.denied}-{self.seed}"


def login(person: int) -> str:
    return f"p{person}"


def eas_id(device: int) -> str:
    return f"ApplF{device:012d}"


def made(fleet: Fleet, cache: Path) -> Path:
    """The folder with the installation, made now if it is not there."""
    folder = cache / f"{fleet.name}-{_tables()}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _make(fleet, folder)
        (folder / "complete").touch()
    return folder


def _tables() -> str:
    """Names the tables as this version of the program has them: a fleet made with others cannot be opened any more."""
    migrations = sorted((Path(countermand.__file__).parent / "store" / "migrations").glob("0*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in migrations)).hexdigest()[:8]


def write_config(folder: Path, port: int) -> Path:
    path = folder / "countermand.toml"
    path.write_text(
        'origin = "bench.example.org"\ndatabase = "countermand.sqlite3"\nstate_dir = "state"\n'
        f'[control]\nlisten = "127.0.0.1:{port}"\nurl = "http://127.0.0.1:{port}"\n'
        '[smtp]\nhost = "127.0.0.1"\nport = 9\nsender = "security@example.org"\n'
    )
    return path


def _make(fleet: Fleet, folder: Path) -> None:
    from countermand.flows.accounts import First, init
    from countermand.flows.move_clock import move_clock
    from countermand.flows.publish import publish
    from countermand.flows.publish_snapshot import publish_snapshot
    from countermand.flows.speaker import speaker
    from countermand.reads import installation
    from countermand.snapshot.files import directory_of

    config = configuration.load(write_config(folder, 9))
    keys = {name: _ssh_key(folder, name) for name in ROLES}
    firsts = [First(name, roles, keys[name].with_suffix(".pub").read_text().strip()) for name, roles in ROLES.items()]
    # Ten days ago: the order was issued then, its due was yesterday. At the end the clock is put right for good.
    then = clock.now() - 10 * DAY
    tokens = init(config, firsts, drill=True, starts_at=then).tokens
    (folder / "operator.token").write_text(tokens[OPERATOR])
    _people(fleet)
    _devices(fleet)
    due = then + 9 * DAY
    version = _order(config, keys, then, due, fleet)
    _tell(version, due, then, range(fleet.people))
    move_clock(installation.act(Actor(OPERATOR, ROLES[OPERATOR])), clock.now())
    voice = speaker(config.state_dir, clock.now())
    publish(voice, "bench", clock.now(), beat=True)
    publish_snapshot(voice, directory_of(config.state_dir), clock.now())
    installation.close()


def _ssh_key(folder: Path, name: str) -> Path:
    path = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return path


def _person(number: int) -> Person:
    zone, country = PLACES[number % len(PLACES)]
    return Person(login(number), f"{login(number)}@example.org", f"Person {number}", zone, "en", country, "employee", frozenset())


def device_of(fleet: Fleet, number: int) -> Device:
    """Phones differ in platform and ownership; each reads mail under an ActiveSync id."""
    return Device(
        identities=frozenset({Identity(IdentityKind.EAS, eas_id(number))}),
        login=login(fleet.owner(number)),
        platform=Platform.IOS if number % 5 < 3 else Platform.ANDROID,
        model="Phone",
        ownership=Ownership.CORPORATE if number % 2 else Ownership.PERSONAL,
        enrollment=Enrollment.DEVICE,
        reads_mail=True,
        retired=False,
    )


def _chunks(numbers: Iterable[int]) -> Iterator[list[int]]:
    left = iter(numbers)
    while part := list(islice(left, _AT_ONCE)):
        yield part


def _people(fleet: Fleet) -> None:
    from countermand.store import directory, sets
    from countermand.store.unit import unit

    for part in _chunks(range(fleet.people)):
        with unit():
            directory.add(dict(zip(directory.give_ordinals(len(part)), map(_person, part), strict=True)))
    classes: dict[frozenset[str], list[int]] = defaultdict(list)
    for number in range(fleet.people):
        person = _person(number % len(PLACES))
        classes[facts.person_names(person, frozenset(), frozenset(), frozenset(), frozenset(), False)].append(number)
    _save_sets(sets.PEOPLE, classes)


def _devices(fleet: Fleet) -> None:
    from countermand.store import evidence, sets
    from countermand.store import fleet as rows
    from countermand.store.unit import unit

    denied = BitMap(fleet.denied_ordinals())
    with unit():
        numbers = evidence.numbers(APP.values())
    for part in _chunks(range(fleet.devices)):
        with unit():
            ordinals = rows.give_ordinals(len(part))
            devices = {ordinal: device_of(fleet, ordinal) for ordinal in ordinals}
            rows.save({ordinal: _row(fleet, ordinal, device) for ordinal, device in devices.items()}, clock.now())
            rows.name([(ordinal, one) for ordinal, device in devices.items() for one in device.identities])
            _show(numbers, devices, denied)
    classes: dict[frozenset[str], list[int]] = defaultdict(list)
    known: dict[tuple[object, ...], frozenset[str]] = {}
    for number in range(fleet.devices):
        device, place = device_of(fleet, number), fleet.owner(number) % len(PLACES)
        kind = (device.platform, device.ownership, place, number in denied)
        if kind not in known:
            present = frozenset({numbers[APP[device.platform]]}) if number in denied else frozenset()
            known[kind] = facts.names(Known(device, _person(place), present=present))
        classes[known[kind]].append(number)
    _save_sets(sets.DEVICES, classes)


def _row(fleet: Fleet, ordinal: int, device: Device) -> object:
    from countermand.store.fleet import DeviceRow

    return DeviceRow(fleet.owner(ordinal), device.platform, device.model, device.ownership, device.enrollment, reads_mail=True)


def _show(numbers: dict[App, int], devices: dict[int, Device], denied: BitMap) -> None:
    """The app was seen on the denied ones an hour ago."""
    from countermand.store import bulk
    from countermand.store.packing import pack

    at = clock.now()
    packed = {platform: pack({numbers[app]: at}) for platform, app in APP.items()}
    rows = [(ordinal, packed[device.platform]) for ordinal, device in devices.items() if ordinal in denied]
    bulk.write("INSERT INTO store_applist (device_id, shown) VALUES (%s, %s)", rows)


def _save_sets(space: str, classes: dict[frozenset[str], list[int]]) -> None:
    from countermand.store import sets
    from countermand.store.unit import unit

    blocks: dict[int, dict[str, BitMap]] = defaultdict(lambda: defaultdict(BitMap))
    for names, ordinals in classes.items():
        whole = BitMap(ordinals)
        for block in range(ordinals[-1] // BLOCK_SIZE + 1):
            start = block * BLOCK_SIZE
            offsets = BitMap(ordinal - start for ordinal in whole & BitMap(range(start, start + BLOCK_SIZE)))
            for name in names:
                blocks[block][name] |= offsets
    with unit():
        for block, found in blocks.items():
            sets.save(space, block, found)


def _order(config: configuration.Config, keys: dict[str, Path], now: Instant, due: Instant, fleet: Fleet) -> int:
    from countermand.flows.approve import approve
    from countermand.flows.issue import issue
    from countermand.flows.propose import propose
    from countermand.flows.write import write
    from countermand.lib import sshsig
    from countermand.store import directives

    acts = {name: Act(Actor(name, roles), now, True) for name, roles in ROLES.items()}
    text = (
        f"schema: countermand/v1\nid: {ORDER}\ntitle: Remove TikTok from mobile devices that read company mail\n"
        "issuer: Information Security\nreason: Security risks.\nprohibits: [{product: TikTok}]\n"
        "applies_to: {force: {corporate: mandatory, personal: mandatory, contractor: mandatory}}\nconsequence: deny_mail\n"
        f"due: {{at: {to_datetime(due):%Y-%m-%dT%H:%M}, zone: UTC, fallback_zone: UTC}}\n"
    )
    write(acts[AUTHOR], text, "order.yaml")
    made = propose(acts[AUTHOR], ORDER, rails=config.guard, expected=fleet.people)
    for name in (FIRST, SECOND):
        approve(acts[name], ORDER, sshsig.sign(keys[name], made.digest))
    issue(acts[OPERATOR], ORDER, acknowledged=made.peak)
    found = directives.issued(ORDER)
    assert found is not None
    return found.pk


def _tell(version: int, due: Instant, at: Instant, everybody: range) -> None:
    """Everybody was promised a notice, got it, and was told of the due."""
    from countermand.store import bulk, directives, sets
    from countermand.store.unit import unit

    for part in _chunks(everybody):
        with unit():
            bulk.write(
                "INSERT INTO store_notice (version_id, person_id, kind, occurrence, rank, state, not_before, lease_until,"
                " claimed_by, stated_due, message_id, attempts, answer, reached, promised_at, settled_at)"
                " VALUES (%s, %s, 'issued', '', 1, 'accepted', 0, 0, '', %s, '', 1, '250', %s, %s, %s)",
                [(version, person, due, True, at, at) for person in part],
            )
            told = [(version, person, due, at) for person in part]
            bulk.write("INSERT INTO store_told (version_id, person_id, due, at) VALUES (%s, %s, %s, %s)", told)
    with unit():
        for space in (sets.DEVICES, sets.PEOPLE):
            for block in sets.blocks(space):
                sets.save(space, block, {facts.told(version, due): sets.load(space, block, [facts.EVERY])[facts.EVERY]})
        directives.save_promised(version, BitMap(everybody))
        directives.finish_issue(version)
