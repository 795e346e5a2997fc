"""A small house for the flows' tests: real operators with real SSH keys, people with phones as rows and sets, an order."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from countermand.access import Act, Actor, Role
from countermand.catalog import load
from countermand.core import facts
from countermand.core.apps import App
from countermand.core.bundle import Bundle, Purpose
from countermand.core.catalogue import Catalogue
from countermand.core.coverage import Grade, Look
from countermand.core.devices import Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.facts import Known
from countermand.core.guardrails import Rails
from countermand.core.instants import DAY, HOUR, Instant, from_iso
from countermand.core.people import Person
from countermand.flows.approve import Approved, approve
from countermand.flows.issue import Issued, issue
from countermand.flows.propose import Proposed, propose
from countermand.flows.write import write
from countermand.lib import sshsig
from countermand.reads.bundles import to_sign
from countermand.store import directives, directory, evidence, models, operators, sets
from countermand.store.unit import unit

Verb = Callable[[Act], object]

NOW: Instant = from_iso("2020-07-10T12:00:00Z")
NAME = "no-tiktok"
RAILS = Rails()
TIKTOK = App(Platform.IOS, "com.zhiliaoapp.musically")

DOCUMENT = """\
schema: countermand/v1
id: {name}
title: Remove TikTok
issuer: Security
reason: Security risks.
prohibits: [{{product: TikTok}}]
applies_to:
  people: {{groups: [staff], except_groups: [responders]}}
  devices: {{platforms: [ios, android], reads_mail: true}}
consequence: deny_mail
due: {{at: {due}, zone: recipient, fallback_zone: UTC}}
minimum_notice: {notice}
evidence: {{max_age: 7d, minimum_grade: {{corporate: inventory, personal: attested, contractor: attested}}}}
exemptions: {{grounds: [security-research], max_duration: 30d}}
{more}
"""


def document(name: str = NAME, due: str = "2020-07-17T17:00", notice: str = "72h", more: str = "") -> str:
    return DOCUMENT.format(name=name, due=due, notice=notice, more=more)


def act(name: str, *roles: Role, now: Instant = NOW) -> Act:
    return Act(Actor(name, frozenset(roles)), now)


def author(now: Instant = NOW) -> Act:
    return act("anna", Role.AUTHOR, now=now)


def operator(now: Instant = NOW) -> Act:
    return act("otto", Role.OPERATOR, now=now)


def worker(now: Instant = NOW) -> Act:
    return act("system", Role.SYSTEM, now=now)


def approver(name: str, now: Instant = NOW) -> Act:
    return act(name, Role.APPROVER, now=now)


@cache
def ssh_key(name: str) -> Path:
    """A real key, made once per test process."""
    file = Path(mkdtemp(prefix="countermand-test-")) / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
    subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
    return file


@cache
def public_key(name: str) -> str:
    return sshsig.public_key(ssh_key(name).with_suffix(".pub").read_text())


def open_house(now: Instant = NOW) -> None:
    """Accounts as ``init`` and ``operator_add`` leave them, long enough ago."""
    roles = {"anna": "author", "otto": "operator", "petra": "approver", "paul": "approver", "ada": "administrator"}
    with unit():
        models.Installation.objects.create(drill=False, origin="example.org", epoch=1, created=now - 90 * DAY)
        for name, role in roles.items():
            made = operators.Operator(name, frozenset({role}), public_key(name), now - 90 * DAY, now - 90 * DAY, active=True)
            operators.add(made, f"token of {name}")


@dataclass(frozen=True)
class Phone:
    """One phone: its owner, and what is on it."""

    login: str
    has_app: bool = False
    ownership: Ownership = Ownership.CORPORATE
    platform: Platform = Platform.IOS


@dataclass
class Fleet:
    """What ``move_in`` made: login → ordinal, and device ordinals per login."""

    people: dict[str, int] = field(default_factory=dict)
    devices: dict[str, list[int]] = field(default_factory=dict)


def move_in(phones: list[Phone], groups: dict[str, frozenset[str]] | None = None) -> Fleet:
    """Store people with their phones, rows and sets together, as imports do."""
    fleet = Fleet()
    with unit():
        number = evidence.numbers([TIKTOK])[TIKTOK]
        every = models.Coverage.objects.create(everything=True, apps=b"", digest="everything")
        look = Look("mdm", Grade.INVENTORY, every.pk)
        people: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        devices: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        directory.add_groups({"staff", "responders"}.union(*(groups or {}).values()))
        for ordinal, phone in enumerate(phones):
            mine = (groups or {}).get(phone.login, frozenset({"staff"}))
            person = Person(
                phone.login, f"{phone.login}@example.org", phone.login, "America/Los_Angeles", "en", "US", groups=mine
            )
            if phone.login not in fleet.people:
                fleet.people[phone.login] = len(fleet.people)
                _person(fleet.people[phone.login], person, mine)
                people[fleet.people[phone.login]] = (frozenset(), facts.person_names(person, mine, *[frozenset()] * 3, False))
            known = _device(ordinal, phone, person, fleet, number if phone.has_app else None, look)
            devices[ordinal] = (frozenset(), facts.names(known))
        sets.flip(sets.PEOPLE, people)
        sets.flip(sets.DEVICES, devices)
    return fleet


def _person(ordinal: int, person: Person, groups: frozenset[str]) -> None:
    models.Person.objects.create(
        ordinal=ordinal, login=person.login, email=person.email, name=person.name, zone=person.zone, country=person.country
    )
    for name in groups:
        models.Membership.objects.create(group_id=name, person_id=ordinal)


def _device(ordinal: int, phone: Phone, person: Person, fleet: Fleet, app: int | None, look: Look) -> Known:
    identity = Identity(IdentityKind.EAS, f"Appl{ordinal:04d}")
    models.Device.objects.create(
        ordinal=ordinal,
        owner_id=fleet.people[phone.login],
        platform=phone.platform.value,
        ownership=phone.ownership.value,
        enrollment="supervised",
        reads_mail=True,
    )
    models.Identity.objects.create(kind="eas", value=identity.value, device_id=ordinal)
    fleet.devices.setdefault(phone.login, []).append(ordinal)
    device = Device(
        frozenset({identity}), phone.login, phone.platform, "", phone.ownership, Enrollment.SUPERVISED, reads_mail=True
    )
    present = frozenset() if app is None else frozenset({app})
    return Known(device, person, person.groups, present, {look: NOW - HOUR})


def staff(count: int, with_app: int = 0) -> list[Phone]:
    """One phone each for ``count`` people, the first ``with_app`` of them with the app."""
    return [Phone(f"p{number:05d}", has_app=number < with_app) for number in range(count)]


# -- the way of an order --


def proposed(text: str | None = None, now: Instant = NOW, expected: int | None = None) -> Proposed:
    found = write(author(now), text or document())
    return propose(author(now), found.lineage, rails=RAILS, expected=expected)


def signature(name: str, lineage: str = NAME, now: Instant = NOW, purpose: Purpose = Purpose.ISSUE) -> str:
    return _signed(name, to_sign(lineage, now, purpose).digest)


@cache
def _signed(name: str, digest: str) -> str:
    """Ed25519: the same key says the same of the same digest."""
    return sshsig.sign(ssh_key(name), digest)


def approved(name: str, lineage: str = NAME, now: Instant = NOW, purpose: Purpose = Purpose.ISSUE) -> Approved:
    return approve(approver(name, now), lineage, signature(name, lineage, now, purpose), purpose=purpose)


def issued(people: int, text: str | None = None, now: Instant = NOW) -> Issued:
    """The whole way to an issued directive, by the people whose part it is."""
    found = proposed(text, now)
    approved("petra", found.lineage, now)
    approved("paul", found.lineage, now)
    return issue(operator(now), found.lineage, expected=people)


def told(version: int, fleet: Fleet, logins: list[str], due: Instant, now: Instant = NOW) -> None:
    """As a hand-over leaves it: rows and sets of having been told."""
    name = facts.told(version, due)
    with unit():
        for login in logins:
            models.Told.objects.create(version_id=version, person_id=fleet.people[login], due=due, at=now)
            models.Notice.objects.filter(version=version, person=fleet.people[login]).update(state="accepted", reached=True)
        sets.flip(sets.PEOPLE, {fleet.people[login]: (frozenset(), frozenset({name})) for login in logins})
        owned = [device for login in logins for device in fleet.devices[login]]
        sets.flip(sets.DEVICES, {device: (frozenset(), frozenset({name})) for device in owned})


ANOTHER_APP = App(Platform.IOS, "com.example.added")


def moved_catalogue() -> Catalogue:
    """The shipped one with another id of TikTok's, as after an update."""
    shipped = load()
    known = shipped.product("TikTok")
    assert known is not None
    fact = next(fact for fact in known.ids if fact.app == TIKTOK)
    longer = replace(known, ids=(*known.ids, replace(fact, id=ANOTHER_APP.id)))
    return replace(shipped, products=tuple(longer if one is known else one for one in shipped.products))


def ledger_kinds() -> list[str]:
    """The kinds of all ledger entries, in order."""
    return [json.loads(bytes(row.entry))["kind"] for row in models.LedgerRow.objects.order_by("pk")]


def bundle_of(version: int) -> Bundle:
    """What its approvers signed."""
    return Bundle.opened(directives.version(version).bundle)
